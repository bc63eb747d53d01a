"""The inclusion and exclusion notes of a ClaML file, by code."""

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from terminology.pymed.model import Note
from terminology.sources.claml import canonical
from terminology.sources.xml_reading import XML_LANG, elements, flat, opened

LEFT_OVER = re.compile(r"\s*(?:[(\[][\s,;]*[)\]]|[\s,;]+)$")  # commas and brackets of codes taken out
RELATIONS = ("inclusion", "exclusion")
Notes = dict[tuple[str, str], list[Note]]  # by code and relation


def read(path: Path) -> Notes:
    """Every note of the file's categories; chapters, blocks and modifiers are passed over."""
    found: Notes = {}
    with opened(path, ".xml", "claml") as stream:
        for tag, element in elements(path, stream, "ClaML", frozenset({"Class", "ModifierClass"})):
            code = canonical(element.get("code", ""))
            if tag == "Class" and element.get("kind") == "category" and code:
                for relation in RELATIONS:
                    found.setdefault((code, relation), []).extend(_notes(element, relation))
    return found


def _notes(element: Element, relation: str) -> Iterator[Note]:
    for rubric in element.findall("Rubric"):
        labels = rubric.findall("Label") if rubric.get("kind") == relation else []
        for label in labels:
            text = LEFT_OVER.sub("", flat(label))
            if text and label.get(XML_LANG) == labels[0].get(XML_LANG):
                references = (_reference(one) for one in label.iter("Reference"))
                yield Note(text=text, references=tuple(dict.fromkeys(filter(None, references))))


def _reference(element: Element) -> str:
    """The code referred to, as our stores write it where it can be one."""
    told = (element.get("code") or " ".join("".join(element.itertext()).split())).strip()
    return canonical(told) or told
