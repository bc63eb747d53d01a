"""A mention that is a compound, or its first part -> what the last part says of it.

"Thromboseprophylaxe" is no thrombosis, and "Penicillinallergie" names what the patient reacts to. The last
part may stand further on: "Thrombose-Prophylaxe", "Thrombose- und Embolieprophylaxe".
"""

import re
from collections.abc import Iterator, Sequence

from adapter.context.rules import Head
from adapter.model import Cue, Mention

REST = re.compile(r"[^\W_]*(?:-[^\W_]+)*")
SHARED = re.compile(
    r"-(?:,\s*[^\W_]+-)*\s*(?:/|,|und|oder|bzw\.|en|of|and|or)\s*([^\W_]+(?:-[^\W_]+)*)", re.IGNORECASE
)
LONGEST = 60  # characters of a word that is looked at


def cues(text: str, mention: Mention, heads: Sequence[Head]) -> Iterator[Cue]:
    """What the last part of the mention's word says."""
    if not heads:
        return
    start, end = _word(text, mention)
    word = text[start:end].lower()
    for head in heads:
        found = head.pattern.search(word) if mention.kind in head.kinds else None
        if found is not None and len(word) == end - start:
            first, last = start + found.start(1), start + found.end(1)
            yield Cue(axis=head.rule.axis, rule=head.rule.id, start=first, end=last, text=text[first:last])


def _word(text: str, mention: Mention) -> tuple[int, int]:
    """The word that holds the last part: the mention's own last one, or the one that ends what it begins."""
    following = text[mention.end : mention.end + 1]
    begin = max(mention.text.rfind(sign) for sign in " \n\t,(/") + 1
    if not (following == "-" or following.isalnum() or mention.text.endswith("-")):
        return mention.start + begin, mention.end
    hyphen = mention.end - text.endswith("-", mention.start, mention.end)
    shared = SHARED.match(text, hyphen, hyphen + 2 * LONGEST)
    if shared is not None:
        return shared.span(1)
    rest = REST.match(text, mention.end, mention.end + LONGEST)
    return mention.start + begin, rest.end() if rest else mention.end
