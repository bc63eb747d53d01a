"""Running text of a folder of HTML pages, to learn a language from: a paragraph a line, none twice.

    python -m training.prose --pages /usr/share/libreoffice/help/de --output help-de.jsonl

Few German, French or Dutch texts that anybody may use are clinical. The help pages of LibreOffice (MPL-2.0;
Debian's packages libreoffice-help-de, -fr and -nl) are at least long and correct.
"""

import argparse
import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

SHORTEST = 40  # characters of a paragraph worth reading
BLOCKS = frozenset({"p", "h1", "h2", "h3", "li", "td", "div"})
SILENT = frozenset({"script", "style", "nav", "aside"})


class Paragraphs(HTMLParser):
    """Gathers the paragraphs of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._words, self._silent = "", 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A block begins, or what is not read."""
        self._end(tag)
        self._silent += tag in SILENT

    def handle_endtag(self, tag: str) -> None:
        """A block ends, or what is not read."""
        self._end(tag)
        self._silent -= tag in SILENT

    def handle_data(self, data: str) -> None:
        """Text, read unless something silent is open."""
        if not self._silent:
            self._words += data

    def _end(self, tag: str) -> None:
        if tag not in BLOCKS:
            return
        text, self._words = " ".join(self._words.split()), ""
        if len(text) > SHORTEST:
            self.found.append(text)


def paragraphs(folder: Path) -> Iterator[str]:
    """The paragraphs of all pages in the order of their paths."""
    for path in sorted(folder.rglob("*.html")):
        page = Paragraphs()
        page.feed(path.read_text("utf-8", "ignore"))
        yield from page.found


def main() -> None:
    """Writes {"text"} a line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    texts = dict.fromkeys(paragraphs(options.pages))
    lines = (json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts)
    options.output.write_text("".join(lines), "utf-8")


if __name__ == "__main__":
    main()
