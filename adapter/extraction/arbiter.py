"""Encoder and dictionary together: the default engine.

Mentions of both become one list without overlaps; each says who found it. The rule and its thresholds are
data: `mappings/extraction/arbiter.toml`.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

import mappings
from adapter.extraction import persons, pieces, sites
from adapter.extraction.analytes import Measured, as_test
from adapter.extraction.classifier import Classifier
from adapter.extraction.dictionary import Dictionary, Gazetteer
from adapter.extraction.encoder import EncoderEngine, Reading
from adapter.extraction.fragments import Fragments, is_fragment, left_out
from adapter.extraction.sureness import Sureness
from adapter.extraction.vaccines import Vaccines, as_vaccine
from adapter.model import Issue, Mention, ModelInfo, Note, Step, primary

_BESIDE = 3  # code points between a test and its result


class Alone(mappings.Table):
    """When a dictionary match stands that the encoder did not report."""

    words: int
    characters: int
    evidence: float
    shortest: int
    capitals: int  # the same, for an abbreviation in capitals


class Over(mappings.Table):
    """When a dictionary match replaces the encoder mentions inside it."""

    words: int
    characters: int
    alike_words: int
    details: frozenset[str]
    detailed_words: int


class ArbiterRules(mappings.Table):
    """`mappings/extraction/arbiter.toml`."""

    version: int
    encoder_threshold: float
    same_word: float
    abbreviation: float
    heads: frozenset[str]
    context_words: tuple[str, ...]
    kinds: dict[str, str]
    uncoded: frozenset[str]
    claims: dict[str, float]
    sureness: dict[str, Sureness]
    alone: Alone
    over: Over
    doubted: dict[str, float]  # language -> the encoder's probability below which a name's kind holds
    measured: Measured
    vaccines: Vaccines
    fragments: Fragments
    pieces: pieces.Pieces
    sites: sites.Sites
    persons: persons.Persons


def load(files: mappings.Files = mappings.SHIPPED) -> ArbiterRules:
    """The rules.

    Raises mappings.MappingError naming file and key.
    """
    return files.read("extraction/arbiter.toml", ArbiterRules)


class Arbiter:
    """The `encoder` engine with the dictionary beside it."""

    name = "encoder"

    def __init__(self, encoder: EncoderEngine, dictionary: Dictionary, rules: ArbiterRules) -> None:
        self._encoder, self._dictionary, self._rules = encoder, dictionary, rules

    @classmethod
    def of(cls, classifier: Classifier, gazetteer: Gazetteer, rules: ArbiterRules) -> "Arbiter":
        """A model and a terminology store's names, by one set of rules."""
        encoder = EncoderEngine(
            classifier,
            threshold=rules.encoder_threshold,
            same_word=rules.same_word,
            abbreviation=rules.abbreviation,
            heads=rules.heads,
        )
        dictionary = Dictionary(gazetteer, rules.kinds, rules.context_words, rules.uncoded)
        return cls(encoder, dictionary, rules)

    def ruled(self, rules: ArbiterRules) -> "Arbiter":
        """The same model and names, by other rules; to close either closes the model."""
        return Arbiter.of(self._encoder.classifier, self._dictionary.gazetteer, rules)

    @property
    def model(self) -> ModelInfo:
        """The encoder's model."""
        return self._encoder.model

    @property
    def tells(self) -> Collection[str]:
        """What of an assertion the model has its own word on."""
        return frozenset(self._encoder.classifier.said) & self._rules.claims.keys()

    @property
    def languages(self) -> Collection[str] | None:
        """Those of the encoder's model."""
        return self._encoder.languages

    def mentions(self, note: Note) -> Step[Mention]:
        """See `Engine.mentions`."""
        reading = self._encoder.read(note)
        read = self._encoder.decide(note, reading)
        named = self._dictionary.mentions(note)
        whole, dropped = self._whole(note, read.kept, named.kept, reading)
        people = [one for one in whole if persons.is_person(one, note, self._rules.persons)]
        given = (as_vaccine(one, note, self._rules.vaccines) for one in whole if one not in people)
        tested = (as_test(one, note, self._rules.measured) for one in given)
        kept = tuple(self._told(one, note, reading) for one in tested)
        stood = {(mention.start, mention.end) for mention in (*kept, *people)}
        unheard = (_unheard(one) for one in named.kept if (one.start, one.end) not in stood)
        return Step(
            name="extraction",
            kept=kept,
            left_out=(*read.left_out, *dropped, *map(persons.left_out, people), *unheard),
        )

    def _whole(
        self, note: Note, read: Sequence[Mention], named: Sequence[Mention], reading: Reading
    ) -> tuple[list[Mention], list[Issue]]:
        """What was read and named, in whole names; what names nothing is left out."""
        rules = self._rules
        parts = pieces.divided(pieces.trimmed(read, note, rules.pieces), named, note, rules.pieces)
        siteless = sites.taken_out(parts, named, note, rules.sites)
        trimmed = pieces.ended(siteless, named, note, rules.pieces)
        before = {(one.start - 1, one.kind) for one in trimmed}  # where what describes a mention ends
        alone = [
            one for one in trimmed if is_fragment(one, rules.fragments) and (one.end, one.kind) not in before
        ]
        names = [one for one in named if not is_fragment(one, rules.fragments) and not _inside(one, alone)]
        doubt = rules.doubted.get(primary(note.language), 0.0)
        merged = merge([one for one in trimmed if one not in alone], names, reading, rules, doubt)
        whole, loose = pieces.joined(merged, note, rules.pieces)
        left = [one for one in whole if is_fragment(one, rules.fragments)]
        kept = sites.sided([one for one in whole if one not in left], note, rules.sites)
        return kept, [left_out(one) for one in (*alone, *loose, *left)]

    def _told(self, mention: Mention, note: Note, reading: Reading) -> Mention:
        """With what the encoder claims of it, and how sure we are that it is one."""
        honest = self._rules.sureness.get(primary(note.language))
        return replace(
            mention,
            claims=reading.claims(mention.start, mention.end, self._rules.claims),
            confidence=honest.of(mention.confidence, mention.sources) if honest else mention.confidence,
        )

    def close(self) -> None:
        """Frees the model."""
        self._encoder.close()


def merge(
    read: Sequence[Mention],
    named: Sequence[Mention],
    reading: Reading,
    rules: ArbiterRules,
    doubt: float = 0.0,
) -> tuple[Mention, ...]:
    """One list in text order, without overlaps, of what was read (encoder) and named (dictionary).

    The encoder's kind is doubted where its probability is below `doubt`; a test with a result stays one.
    """
    standing = list(read)
    for name in named:
        touched = [mention for mention in standing if _overlap(mention, name)]
        if not touched:
            if _stands_alone(name, reading, rules.alone):
                standing.append(replace(name, confidence=_confidence(name, reading)))
        elif _same(touched, name):
            standing.remove(touched[0])
            doubted = touched[0].confidence < doubt and not _valued(touched[0], standing)
            standing.append(_agreed(touched[0], name, (name if doubted else touched[0]).kind))
        elif _stands_over(name, touched, rules.over):
            standing = [mention for mention in standing if mention not in touched]
            standing.append(name)
    return tuple(sorted(standing, key=lambda mention: mention.start))


def _valued(mention: Mention, standing: Sequence[Mention]) -> bool:
    """Whether it was read as a test, with its result right behind: "DHC 14 mm"."""
    return mention.kind == "test" and any(
        one.kind == "result" and 0 <= one.start - mention.end <= _BESIDE for one in standing
    )


def _inside(name: Mention, others: Sequence[Mention]) -> bool:
    """Whether a name is part of longer words that were left out."""
    return any(one.start <= name.start and name.end <= one.end for one in others)


def _overlap(one: Mention, other: Mention) -> bool:
    return one.start < other.end and other.start < one.end


def _same(touched: Sequence[Mention], name: Mention) -> bool:
    return len(touched) == 1 and (touched[0].start, touched[0].end) == (name.start, name.end)


def _agreed(mention: Mention, name: Mention, kind: str) -> Mention:
    """Both found the same words; that they also agree on the kind makes it surer."""
    sources = (*mention.sources, *name.sources)
    sure = max(mention.confidence, name.confidence) if mention.kind == name.kind else mention.confidence
    return replace(mention, kind=kind, sources=sources, confidence=sure)


def _stands_alone(name: Mention, reading: Reading, rules: Alone) -> bool:
    if _tagged(name):
        return True
    if len(name.text) < (rules.capitals if name.text.isupper() else rules.shortest):
        return False
    long = _words(name) >= rules.words and len(name.text) >= rules.characters
    return long or reading.evidence(name.start, name.end) >= rules.evidence


def _stands_over(name: Mention, touched: Sequence[Mention], rules: Over) -> bool:
    if not all(name.start <= mention.start and mention.end <= name.end for mention in touched):
        return False
    if _tagged(name):
        return True
    if _words(name) < rules.words or len(name.text) < rules.characters:
        return False
    if _words(name) < rules.detailed_words and any(mention.kind in rules.details for mention in touched):
        return False
    alike = len(touched) == 1 and touched[0].kind == name.kind
    return not alike or _words(name) >= rules.alike_words


def _tagged(name: Mention) -> bool:
    """Whether it is written with its semantic tag, "stress (finding)": nobody does that by chance."""
    return name.text.endswith(")")


def _words(mention: Mention) -> int:
    return len(mention.text.split())


def _confidence(name: Mention, reading: Reading) -> float:
    """Half the dictionary's word, half the encoder's."""
    return round((name.confidence + reading.evidence(name.start, name.end)) / 2, 4)


def _unheard(mention: Mention) -> Issue:
    return Issue(
        code="informational",
        reason="name-not-confirmed",
        message="A terminology name stands here, but the engine does not read it as a mention.",
        severity="information",
        start=mention.start,
        end=mention.end,
        kind=mention.kind,
    )
