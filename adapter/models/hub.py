"""Model files from a Hugging Face hub, with resume: `hf:OWNER/REPO/FILE`, or `hf:OWNER/REPO@REVISION/FILE`.

The library huggingface_hub (the extra `hub`) knows where a file lies, its digest and who may have it;
HF_ENDPOINT names another hub, HF_TOKEN a token. The bytes are fetched here: from version 2 on the library
begins anew after an interruption, and a model is many gigabytes.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx

from adapter.errors import EgressFailed, InputError, ModelError
from adapter.models import shelf

PREFIX = "hf:"
EXTRA = "downloads need huggingface_hub: pip install 'notewright[hub]'"
_FORM = re.compile(
    r"hf:(?P<repo>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w.-]+))?/(?P<file>[^\\]+\.gguf)", re.ASCII
)
_SHA256, _BLOB = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{40}")
_PIECE = 1 << 20
_TRIES = 5  # without a byte more
_TIMEOUT = httpx.Timeout(30.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """One file of a repository."""

    repo: str
    file: str
    revision: str | None = None


def parsed(text: str) -> Remote:
    """What `hf:OWNER/REPO/FILE` names.

    Raises InputError when it is not of that form.
    """
    match = _FORM.fullmatch(text)
    if match is None or ".." in match["file"].split("/"):
        raise InputError("must be like hf:OWNER/REPO/FILE.gguf", path="PATH")
    return Remote(repo=match["repo"], file=match["file"], revision=match["revision"])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What the hub tells of a file."""

    url: str
    digest: str
    size: int | None
    headers: dict[str, str]


@contextmanager
def downloaded(remote: Remote) -> Iterator[Path]:
    """The file, here for as long as the context lasts; one that was cut off is gone on with.

    When the context fails the file stays, so that it need not be fetched again.
    Raises EgressFailed when the hub does not give it, ModelError when it is not what the hub says it is.
    """
    told = _told(remote)
    folder = shelf.folder() / ".hub" / hashlib.sha256(f"{told.url} {told.digest}".encode()).hexdigest()[:16]
    path = folder / Path(remote.file).name
    folder.mkdir(parents=True, exist_ok=True)
    if not path.is_file():
        part = path.with_suffix(".part")
        _fetch(told, part)
        if not _is(part, told.digest):
            part.unlink()
            raise ModelError(f"{path.name}: its digest is not the one the hub told")
        part.replace(path)
    yield path
    path.unlink()
    folder.rmdir()


def _told(remote: Remote) -> _Told:
    library = _library()
    url = library.hf_hub_url(remote.repo, remote.file, revision=remote.revision)
    try:
        found = library.get_hf_file_metadata(url)
    except Exception as error:  # each version of the library brings the errors of another transport
        raise EgressFailed(f"{remote.file}: the hub tells nothing of it ({type(error).__name__})") from error
    headers = {key: value for key, value in library.utils.build_hf_headers().items() if value}
    return _Told(url=url, digest=found.etag or "", size=found.size, headers=headers)


def _fetch(told: _Told, part: Path) -> None:
    """Fetches the bytes that are not there yet."""
    left = _TRIES
    with httpx.Client(timeout=_TIMEOUT, follow_redirects=True) as client:
        while left:
            before = part.stat().st_size if part.is_file() else 0
            try:
                return _go_on(client, told, part, before)
            except httpx.TransportError as error:
                left = left - 1 if part.stat().st_size == before else _TRIES
                if not left:
                    raise EgressFailed(f"the hub stopped answering ({type(error).__name__})") from error


def _go_on(client: httpx.Client, told: _Told, part: Path, start: int) -> None:
    if told.size is not None and start > told.size:
        start = 0
    part.touch()
    if start == told.size:
        return
    wanted = {"Range": f"bytes={start}-"} if start else {}
    plain = {"Accept-Encoding": "identity"}
    with client.stream("GET", told.url, headers={**told.headers, **plain, **wanted}) as answer:
        if answer.status_code not in (200, 206):
            raise EgressFailed(f"the hub answered {answer.status_code}")
        with part.open("ab" if answer.status_code == 206 else "wb") as file:
            for piece in answer.iter_bytes(_PIECE // 16):
                file.write(piece)


def _is(path: Path, etag: str) -> bool:
    """Whether a file has the digest that the hub told: of its bytes, or as git counts them."""
    with path.open("rb") as file:
        if _SHA256.fullmatch(etag):
            return hashlib.file_digest(file, "sha256").hexdigest() == etag
        if not _BLOB.fullmatch(etag):
            return False
        blob = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
        while piece := file.read(_PIECE):
            blob.update(piece)
        return blob.hexdigest() == etag


def _library() -> Any:
    try:
        return import_module("huggingface_hub")
    except ImportError:
        raise InputError(EXTRA) from None
