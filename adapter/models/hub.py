"""Model files from a Hugging Face hub, with resume: `hf:OWNER/REPO/FILE`, or `hf:OWNER/REPO@REVISION/FILE`.

The library huggingface_hub does the transfer; it is the extra `hub`. HF_ENDPOINT names another hub, HF_TOKEN
a token; nothing is sent but the requests for the file.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from adapter.errors import EgressFailed, InputError, ModelError
from adapter.models import shelf
from adapter.models.card import digest

PREFIX = "hf:"
EXTRA = "downloads need huggingface_hub: pip install 'notewright[hub]'"
_FORM = re.compile(
    r"hf:(?P<repo>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w.-]+))?/(?P<file>[^\\]+\.gguf)", re.ASCII
)
_SHA256 = re.compile(r"[0-9a-f]{64}")


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


@contextmanager
def downloaded(remote: Remote) -> Iterator[Path]:
    """The file, here for as long as the context lasts; one that was cut off is gone on with.

    Raises EgressFailed when the hub does not give it, ModelError when it is not what the hub says it is.
    """
    library = _library()
    store = shelf.folder() / ".hub"
    try:
        wanted = library.get_hf_file_metadata(
            library.hf_hub_url(remote.repo, remote.file, revision=remote.revision)
        )
        path = Path(
            library.hf_hub_download(
                remote.repo, remote.file, revision=remote.revision, cache_dir=store, library_name="notewright"
            )
        )
    except (OSError, ValueError, library.errors.HfHubHTTPError) as error:
        raise EgressFailed(f"{remote.file}: the hub gave no file ({type(error).__name__})") from error
    if _SHA256.fullmatch(wanted.etag or "") and digest(path.resolve()) != wanted.etag:
        shutil.rmtree(store, ignore_errors=True)
        raise ModelError(f"{Path(remote.file).name}: its digest is not the one the hub told")
    yield path
    shutil.rmtree(store / f"models--{remote.repo.replace('/', '--')}", ignore_errors=True)


def _library() -> Any:
    try:
        return import_module("huggingface_hub")
    except ImportError:
        raise InputError(EXTRA) from None
