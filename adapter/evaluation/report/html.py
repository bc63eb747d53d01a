"""HTML as values: whatever is no HTML already is escaped."""

from collections.abc import Sequence
from html import escape

Cell = str | int  # of a table


class Html(str):
    """Text that is HTML."""

    __slots__ = ()


def element(name: str, /, *inside: str | int, **attributes: str | float | None) -> Html:
    """An element; `class_` is written class, `stroke_width` stroke-width, and None is left out."""
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{told}>{joined(*inside)}</{name}>")


def joined(*inside: str | int) -> Html:
    """Pieces one after the other."""
    return Html("".join(one if isinstance(one, Html) else escape(str(one)) for one in inside))


def table(head: list[str], rows: list[list[Cell]], *, caption: str) -> Html:
    """A table whose first column names its rows; it scrolls by itself where it is too wide."""
    top = element("tr", *(element("th", one, scope="col") for one in head))
    body = [
        element("tr", element("th", row[0], scope="row"), *(element("td", one) for one in row[1:]))
        for row in rows
    ]
    return scrolled(joined(element("thead", top), element("tbody", *body)), caption=caption)


def facts(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Html:
    """A table of texts as wide as the page, whose words break where they must."""
    top = element("tr", *(element("th", one, scope="col") for one in head))
    body = [
        element("tr", element("th", row[0], scope="row"), *(element("td", one) for one in row[1:]))
        for row in rows
    ]
    return element("table", element("thead", top), element("tbody", *body), class_="facts")


def scrolled(inside: Html, *, caption: str, class_: str | None = None) -> Html:
    """A table of its rows, which scrolls by itself where it is too wide."""
    whole = element("table", element("caption", element("span", caption)), inside, class_=class_)
    return element("div", whole, class_="wide", tabindex="0", role="region", aria_label=caption)
