"""Text as readers deliver it: without signs that no note has."""

import re

PAGE_BREAK = "\n\f\n"
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f]")
SURROGATES = re.compile(r"[\ud800-\udfff]")
UNREADABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufffd\ue000-\uf8ff]|\(cid:\d+\)")
UNREADABLE_SHARE = 0.2  # more signs without meaning than this, and the text is not to be trusted
PAIRED = re.compile(r"[\ud800-\udbff][\udc00-\udfff]")


def clean(text: str) -> str:
    """Text with surrogate pairs joined, lone surrogates as U+FFFD, and control characters as spaces."""
    joined = PAIRED.sub(lambda pair: pair.group().encode("utf-16", "surrogatepass").decode("utf-16"), text)
    return CONTROLS.sub(" ", SURROGATES.sub("\ufffd", joined))


def readable(text: str) -> bool:
    """Whether there is text, and most of its signs are known."""
    signs = sum(not sign.isspace() for sign in text)
    return signs > 0 and len(UNREADABLE.findall(text)) <= signs * UNREADABLE_SHARE
