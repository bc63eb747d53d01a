"""Whether the data of an Attachment is what its `size` and `hash` say it is.

https://hl7.org/fhir/R4/datatypes.html#Attachment: size counts the bytes, hash is their SHA-1 in base64.
"""

import base64
import hashlib

from adapter.model import Issue, Resource


def checked(attachment: Resource, content: bytes, path: str) -> Issue | None:
    """What is wrong with the decoded data of an attachment, or nothing; both elements are optional."""
    return _size(attachment.get("size"), content, path) or _hash(attachment.get("hash"), content, path)


def _size(size: object, content: bytes, path: str) -> Issue | None:
    if size is None:
        return None
    if isinstance(size, str) and size.isascii() and size.isdigit() and len(size) <= 19:
        size = int(size)  # an R5 integer64 is a string on the wire
    if isinstance(size, bool) or not isinstance(size, int):
        return _error("structure", "size-not-a-number", "size is not a number", f"{path}.size")
    if size != len(content):
        message = "the data has another number of bytes than size says"
        return _error("invalid", "size-mismatch", message, f"{path}.size")
    return None


def _hash(declared: object, content: bytes, path: str) -> Issue | None:
    if declared is None:
        return None
    if not isinstance(declared, str):
        return _error("structure", "hash-not-text", "hash is not a base64 string", f"{path}.hash")
    computed = base64.b64encode(hashlib.sha1(content, usedforsecurity=False).digest()).decode()
    if "".join(declared.split()) != computed:
        message = "hash is not the base64 of the SHA-1 of the data"
        return _error("invalid", "hash-mismatch", message, f"{path}.hash")
    return None


def _error(code: str, reason: str, message: str, path: str) -> Issue:
    return Issue(code=code, reason=reason, message=message, severity="error", path=path)
