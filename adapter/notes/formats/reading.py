"""The nouns of the readers: what bounds them, what they give back, and how they refuse."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What reading one attachment may cost; past any of them the attachment is refused as a whole."""

    pages: int = 300  # of a PDF
    characters: int = 2_000_000  # of decoded text
    stream_bytes: int = 32 * 1024 * 1024  # one decompressed stream of a PDF
    memory_bytes: int = 768 * 1024 * 1024  # address space of the reading process
    cpu_seconds: int = 20
    wall_seconds: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What is to be said of an attachment: an Issue that does not know its path yet."""

    code: str  # FHIR issue type
    reason: str
    message: str  # never quotes the attachment


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """A document inside a document: the body of a CDA that is not XML."""

    media: str  # content type
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The text of an attachment, or what is embedded in it instead, with remarks on what is incomplete."""

    text: str = ""
    remarks: tuple[Remark, ...] = ()
    embedded: Embedded | None = None


class Refused(Exception):
    """An attachment that is not read, and why."""

    def __init__(self, code: str, reason: str, message: str) -> None:
        super().__init__(message)
        self.remark = Remark(code=code, reason=reason, message=message)


def broken(format_name: str) -> Refused:
    """The refusal of an attachment that cannot be parsed."""
    return Refused("invalid", "attachment-broken", f"the {format_name} is broken and cannot be read")


def no_text(format_name: str) -> Refused:
    """The refusal of an attachment without any text, such as a scan."""
    return Refused("not-found", "attachment-no-text", f"the {format_name} has no readable text")


def too_costly(what: str) -> Refused:
    """The refusal of an attachment that takes more than it may."""
    return Refused("too-costly", "attachment-too-costly", f"reading the attachment takes too much {what}")


def too_long(limits: Limits) -> Refused:
    """The refusal of an attachment with more text than allowed."""
    message = f"the text of the attachment is over {limits.characters} characters"
    return Refused("too-long", "attachment-text-too-long", message)
