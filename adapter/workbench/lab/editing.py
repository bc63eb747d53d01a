"""A draft: begun, edited file by file, taken back, discarded, and taken away as files or as a patch."""

from typing import Any

from starlette.responses import JSONResponse, Response

from adapter import drafts, rulefiles
from adapter.drafts.packing import was
from adapter.errors import InputError
from adapter.rulefiles import Fault
from adapter.workbench.lab.listing import HERE, address, base, book, drafted, explained, named, owner
from adapter.workbench.page import Asked, render, sent_to
from mappings import Files

MOST = 100  # faults that are shown


def begin(asked: Asked) -> Response:
    """A new draft, opened at a file where one was chosen."""
    form = asked.form
    name = form.get("file", "")
    kept, who = book(asked.bench).drawer, owner(asked)
    draft = form.get("draft", "")
    if not draft:
        draft = kept.begin(who, form.get("name", "").strip().lower()).name
    elif kept.draft(who, draft) is None:
        raise InputError("You have no draft of this name.", path="draft")
    known = name in rulefiles.known(base(asked.bench))
    return sent_to(address(draft, name if known else ""))


def show(asked: Asked) -> Response:
    """A file of a draft, to be edited."""
    draft, name = drafted(asked), named(asked)
    return _drawn(asked, name, draft.texts.get(name), said="Saved." if asked.form.get("saved") else "")


def save(asked: Asked) -> Response:
    """Keeps what was typed, right or wrong; what is as it was before is no part of the draft."""
    draft, name = drafted(asked), named(asked)
    text = _typed(asked.form.get("rules", ""))
    kept = book(asked.bench).drawer
    if text == was(name, base(asked.bench)):
        kept.revert(owner(asked), draft, name)
    else:
        kept.put(owner(asked), draft, name, text)
    return sent_to(f"{address(draft.name, name)}?saved=yes")


def check(asked: Asked) -> Response:
    """What is wrong with a text that is being typed, as JSON: for the script of the page."""
    name, files = asked.form.get("name", ""), base(asked.bench)
    draft = book(asked.bench).drawer.draft(owner(asked), asked.form.get("draft", ""))
    files = draft.over(files) if draft else files
    found = _faults(name, files.draft(name, _typed(asked.form.get("rules", ""))))
    return JSONResponse({"faults": [_told(one) for one in found[:MOST]], "count": len(found)})


def revert(asked: Asked) -> Response:
    """Takes a file out of the draft."""
    draft = drafted(asked)
    book(asked.bench).drawer.revert(owner(asked), draft, named(asked))
    return sent_to(address(draft.name))


def discard(asked: Asked) -> Response:
    """Takes the draft away, when somebody says so once more."""
    if asked.form.get("sure") != "yes":
        raise InputError("Nothing was discarded: tick the box to say that you mean it.")
    draft = drafted(asked)
    book(asked.bench).drawer.discard(owner(asked), draft)
    book(asked.bench).forget(owner(asked), draft.name)
    return sent_to(f"{HERE}?said=discarded")


def packed(asked: Asked) -> Response:
    """The files of a draft."""
    draft = drafted(asked)
    headers = {"Content-Disposition": f'attachment; filename="{draft.name}.zip"'}
    return Response(drafts.packed(draft), media_type="application/zip", headers=headers)


def patched(asked: Asked) -> Response:
    """A draft as a patch."""
    draft = drafted(asked)
    headers = {"Content-Disposition": f'attachment; filename="{draft.name}.patch"'}
    text = drafts.patch(draft, base(asked.bench))
    return Response(text.encode("utf-8", "replace"), media_type="text/x-diff", headers=headers)


def _drawn(asked: Asked, name: str, text: str | None, said: str = "") -> Response:
    draft, files = drafted(asked), base(asked.bench)
    found = _faults(name, draft.over(files))
    return render(
        asked,
        "lab-edit.html",
        draft=draft,
        name=name,
        decides=rulefiles.known(files)[name].decides,
        text=files.text(name) if text is None else text,
        changed=text is not None,
        faults=found[:MOST],
        more=max(0, len(found) - MOST),
        explained=explained(name),
        said=said,
    )


def _faults(name: str, files: Files) -> list[Fault]:
    return rulefiles.faults(name, files)


def _typed(text: str) -> str:
    """A text as it is kept: lines end as they do in the files that ship."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return plain if not plain or plain.endswith("\n") else f"{plain}\n"


def _told(one: Fault) -> dict[str, Any]:
    return {"line": one.line, "key": one.key, "message": one.message}
