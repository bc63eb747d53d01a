"""Forms of the page Review -> verdicts, and where the reviewer goes next."""

from typing import Final

from starlette.responses import Response

from adapter.errors import InputError
from adapter.ledger.verdicts import Reviewer
from adapter.model import FLAGS, KINDS
from adapter.reviews import Change, Desk, Opened, Words
from adapter.reviews.changing import EXPERIENCERS
from adapter.workbench import drawing
from adapter.workbench.acts import told
from adapter.workbench.page import BASE, Asked, render, sent_to
from adapter.workbench.review.showing import Offer, following, shown

ADDRESS: Final = f"{BASE}/review"
LONGEST: Final = 1_000  # characters of words that are looked for
NUMBER: Final = 9  # digits
DETAILS: Final = ("result", "body_site", "age", "gender", "dose", "route", "frequency", "duration", "form")
KINDS_ADDED: Final = tuple(kind for kind in KINDS if kind not in (*DETAILS, "date", "reason"))


def queue(asked: Asked) -> Response:
    """What waits to be judged, the most in doubt first."""
    found = _desk(asked).queue()
    _audited(asked, "$review-queue")
    return render(asked, "review.html", queue=found, address=ADDRESS, system=drawing.system)


def document(asked: Asked) -> Response:
    """A document with its findings, and a form for each."""
    opened = _desk(asked).opened(asked.path["document"])
    _audited(asked, "$review", opened)
    return _page(asked, opened, _number(asked.form.get("open", "")))


def say(asked: Asked) -> Response:
    """A verdict is kept; the next finding is open."""
    desk, who, id = _desk(asked), reviewer(asked), asked.path["document"]
    before = desk.opened(id)
    key = asked.form.get("finding", "")
    number = before.case(key).number
    action = asked.form.get("action", "")
    if action not in ("accept", "reject", "change", "withdraw"):
        raise InputError("not a verdict", path="action")
    change = _change(asked, desk, before, key) if action == "change" else None
    opened = desk.say(who, id, key, change or Change(action=action))  # type: ignore[arg-type]
    _audited(asked, "$review-verdict", opened)
    return _next(id, number if action == "withdraw" else following(opened, who, number))


def search(asked: Asked) -> Response:
    """The document with what a search found for one of its findings. The words stay in the body."""
    desk = _desk(asked)
    opened = desk.opened(asked.path["document"])
    case, words = opened.case(asked.form.get("finding", "")), asked.form.get("words", "").strip()[:LONGEST]
    found = desk.candidates(words, case.item.shown, case.item.note) if words else ()
    _audited(asked, "$review", opened)
    return _page(asked, opened, case.number, Offer(number=case.number, words=words, codings=found))


def add(asked: Asked) -> Response:
    """A finding that was missed is kept, and open, to be given a code or an assertion."""
    id, form = asked.path["document"], asked.form
    words = Words(
        text=form.get("words", "")[:LONGEST],
        start=_number(form.get("start", "")),
        occurrence=_number(form.get("occurrence", "")) or 1,
        note=_number(form.get("note", "")) or 0,
    )
    known = {one.number for one in _desk(asked).opened(id).verdicts}
    opened = _desk(asked).add(reviewer(asked), id, words, form.get("kind", ""))
    _audited(asked, "$review-verdict", opened)
    place = next(one.place for one in opened.verdicts if one.number not in known)
    return _next(id, next((one.number for one in opened.cases if one.item.place == place), None))


def rest(asked: Asked) -> Response:
    """All that this person has not judged is accepted."""
    opened = _desk(asked).accept_rest(reviewer(asked), asked.path["document"])
    _audited(asked, "$review-verdict", opened)
    return sent_to(f"{ADDRESS}/{opened.document}")


def send(asked: Asked) -> Response:
    """The verdicts take effect."""
    id = asked.path["document"]
    _desk(asked).send(id)
    _audited(asked, "$review-send", _desk(asked).opened(id))
    return sent_to(f"{ADDRESS}/{id}")


def reviewer(asked: Asked) -> Reviewer:
    """The person at the page."""
    return Reviewer(id=(asked.person.id or asked.person.name)[:64], name=asked.person.name)


def _desk(asked: Asked) -> Desk:
    assert asked.bench.reviews is not None  # else the page is not there
    return asked.bench.reviews


def _page(asked: Asked, opened: Opened, number: int | None, offer: Offer | None = None) -> Response:
    return render(
        asked,
        "review_document.html",
        page=shown(opened, reviewer(asked), open=number, offer=offer),
        address=f"{ADDRESS}/{opened.document}",
        queue=ADDRESS,
        kinds=KINDS_ADDED,
        flags=FLAGS,
        experiencers=EXPERIENCERS,
        system=drawing.system,
    )


def _next(document: str, number: int | None) -> Response:
    where = f"{ADDRESS}/{document}"
    return sent_to(where if number is None else f"{where}?open={number}#f{number}")


def _change(asked: Asked, desk: Desk, opened: Opened, key: str) -> Change:
    """What is to be changed: the code that was chosen, or the assertion."""
    form = asked.form
    if "code" in form:
        item = opened.case(key).item
        words = form.get("words", "").strip()[:LONGEST]
        found = desk.candidates(words, item.shown, item.note) if form["code"] else ()
        chosen = next((one for one in found if f"{one.system}|{one.code}" == form["code"]), None)
        if form["code"] and chosen is None:
            raise InputError("this code is not among those the search finds for the words", path="code")
        return Change(action="change", codings=desk.coded(chosen, item, opened) if chosen else ())
    axes = [value for name, value in asked.fields if name == "axis"]
    whose = next((one for one in EXPERIENCERS if one == form.get("experiencer")), None)
    if whose is None:
        raise InputError("it is not said whose the finding is", path="experiencer")
    return Change(action="change", axes=axes, experiencer=whose)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= NUMBER else None


def _audited(asked: Asked, what: str, opened: Opened | None = None) -> None:
    subject = (opened.content.get("subject") or {}).get("reference") if opened else None
    told(
        asked,
        what,
        document=opened.document if opened else None,
        patients=(subject,) if isinstance(subject, str) else (),
    )
