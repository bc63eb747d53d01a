"""Names a server found for a text -> hits, scored as those of a store file.

A server's own order and score are not used: they mean something else on every server. Only the words of the
names it gave are known here, so a word counts as misspelt where none of them has it; `RemoteStore` asks for
each word by itself before it takes one for misspelt.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from terminology.kinds import Kinds
from terminology.likeness import Likeness
from terminology.model import Hit
from terminology.normalise import Normaliser, folded, squeeze
from terminology.ranking import best
from terminology.reader import Reader
from terminology.search import ENOUGH, LONGEST, LOWEST
from terminology.systems import SNOMED
from terminology.words import Words

ALONE = 4  # letters from which a word is asked for by itself


class Counted(Reader):
    """The words of some names, asked for as those of a store file."""

    def __init__(self, words: Counter[str]) -> None:
        self._counted = words

    def ask(self, question: str, values: Sequence[Any] = ()) -> list[Any]:
        """Every word, and in how many names it stands."""
        return list(self._counted.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Judges names by one set of rules."""

    normaliser: Normaliser
    kinds: Kinds

    def kind(self, system: str, code: str, names: Sequence[str]) -> str:
        """What a concept is for a clinician: by its semantic tag, its system, or its words."""
        if system == SNOMED:
            tags = (self.normaliser.strip_tag(name)[1] for name in names)
            known = next((self.normaliser.tags[tag] for tag in tags if tag), None)
        else:
            known = self.kinds.of_system(system, code) if code[:1].isalnum() else None
        return known or self.kinds.of_words(names, self.normaliser) or self.kinds.untagged

    def exact(self, text: str, names: Iterable[Hit]) -> list[Hit]:
        """The names that are this one, or the same but for case, plural, hyphens and accents."""
        words = self.normaliser.words(text)
        squeezed = squeeze(words)
        read = ((name, self.normaliser.words(name.term)) for name in names)
        return best(
            self._same(name, of_name, text, words) for name, of_name in read if squeeze(of_name) == squeezed
        )

    def hits(self, text: str, names: Sequence[Hit]) -> list[Hit]:
        """The names that may be meant, best first, each concept once."""
        words = self.normaliser.words(text)[:LONGEST]
        read = [self.normaliser.words(name.term) for name in names]
        listed = [(number, " ".join(of_name)) for number, of_name in enumerate(read) if of_name]
        if not words or not listed:
            return []
        counted = Counter(word for of_name in read for word in set(of_name))
        likeness = Likeness(self.normaliser, Words(Counted(counted)))
        scores = likeness.scores(likeness.query(words), listed)
        if max(scores.values()) < ENOUGH:
            scores = likeness.scores(likeness.query(words, wide=True), listed) | scores
        near = [replace(names[n], score=score) for n, score in scores.items() if score >= LOWEST]
        return best([*self.exact(text, names), *near])

    def alone(self, text: str) -> list[str]:
        """The words of a text worth asking for by themselves, the longest first, as they are written."""
        tokens = self.normaliser.tokens(text)
        written = {
            text[token.start : token.end]: None
            for token in tokens[:LONGEST]
            if token.end - token.start >= ALONE
            and token.word.isalpha()
            and token.word not in self.normaliser.stop | self.normaliser.weak
        }
        return sorted(written, key=lambda word: -len(word))

    def knows(self, word: str, names: Iterable[Hit]) -> bool:
        """Whether a word stands in one of the names."""
        wanted = self.normaliser.words(word)
        return any(set(wanted) <= set(self.normaliser.words(name.term)) for name in names)

    def _same(self, name: Hit, of_name: Sequence[str], text: str, words: Sequence[str]) -> Hit:
        bare = self.normaliser.strip_tag(name.term)[0]
        if folded(text) in {folded(name.term), folded(bare)}:
            return replace(name, score=1.0, match="exact")
        return replace(name, score=0.98 if tuple(of_name) == tuple(words) else 0.96, match="normalised")
