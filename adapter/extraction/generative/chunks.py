"""A note -> the stretches a model reads one at a time: whole sentences, cut at sections where that is near.

Together they cover every sentence of the note, in order, without overlap, so that nothing is read twice.
"""

from collections.abc import Callable, Iterator, Sequence

from adapter.model import Note, Span

Count = Callable[[str], int]


def split(note: Note, most: int, count: Count) -> tuple[Span, ...]:
    """The stretches of a note, each at most `most` tokens by `count`; none for a note without words."""
    sentences = list(note.sentences) or _whole(note.text)
    if not sentences:
        return ()
    whole = Span(start=sentences[0].start, end=sentences[-1].end)
    if count(note.text[whole.start : whole.end]) <= most:
        return (whole,)
    pieces = [piece for sentence in sentences for piece in _fitting(note.text, sentence, most, count)]
    return tuple(_packed(note, pieces, most, count))


def halves(note: Note, chunk: Span) -> tuple[Span, Span] | None:
    """A chunk in two, at the sentence or else the word nearest to its middle; None when it is one word."""
    middle = (chunk.start + chunk.end) // 2
    inside = [one.start for one in note.sentences if chunk.start < one.start < chunk.end]
    at = min(inside, key=lambda start: abs(start - middle), default=None)
    if at is None:
        at = _space(note.text, chunk, middle)
    if at is None:
        return None
    return Span(start=chunk.start, end=at), Span(start=at, end=chunk.end)


def _whole(text: str) -> list[Span]:
    words = text.strip()
    start = text.find(words)
    return [Span(start=start, end=start + len(words))] if words else []


def _fitting(text: str, piece: Span, most: int, count: Count) -> Iterator[Span]:
    """A sentence, in parts where it is too long by itself."""
    words = text[piece.start : piece.end]
    if len(words) <= 1 or count(words) <= most:
        yield piece
        return
    middle = (piece.start + piece.end) // 2
    cut = _space(text, piece, middle)
    cut = middle if cut is None else cut
    yield from _fitting(text, Span(start=piece.start, end=cut), most, count)
    yield from _fitting(text, Span(start=cut, end=piece.end), most, count)


def _space(text: str, piece: Span, middle: int) -> int | None:
    """The start of the word nearest to the middle; None when there is but one word."""
    for distance in range(piece.end - piece.start):
        for at in (middle - distance, middle + distance):
            if piece.start < at < piece.end and text[at - 1].isspace() and not text[at].isspace():
                return at
    return None


def _packed(note: Note, pieces: Sequence[Span], most: int, count: Count) -> Iterator[Span]:
    sizes = [count(note.text[piece.start : piece.end]) + 1 for piece in pieces]
    headings = {section.start for section in note.sections}
    first = 0
    while first < len(pieces):
        last, total = first, sizes[first]
        while last + 1 < len(pieces) and total + sizes[last + 1] <= most:
            last += 1
            total += sizes[last]
        last = _at_section(pieces, sizes, headings, first, last)
        yield Span(start=pieces[first].start, end=pieces[last].end)
        first = last + 1


def _at_section(
    pieces: Sequence[Span], sizes: Sequence[int], headings: set[int], first: int, last: int
) -> int:
    """Where to cut: before the last section that begins in the second half, if the note goes on."""
    if last + 1 >= len(pieces):
        return last
    half, held = sum(sizes[first : last + 1]) / 2, sum(sizes[first : last + 1])
    for at in range(last + 1, first, -1):
        if pieces[at].start in headings and held >= half:
            return at - 1
        held -= sizes[at - 1]
        if held < half:
            break
    return last
