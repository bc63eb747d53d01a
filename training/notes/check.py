"""`python -m training.notes.check`: is the content of a language sound, and how much of it is there."""

import argparse
import random
import sys
from collections.abc import Iterator
from dataclasses import replace

from adapter.model import FLAGS
from training.gold.markup import rendered
from training.notes import generator, record, state
from training.notes.content import Content, Line, templates
from training.notes.generator import LANGUAGES, Generator
from training.notes.template import ContentError, assertions
from training.notes.terms import missing
from training.vocabulary import CORE


def main() -> None:
    """Prints what is wrong, then counts; exit status 1 where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--language", choices=LANGUAGES, required=True)
    parser.add_argument("--show", metavar="BLOCK", help="print each template of a block, filled three times")
    asked = parser.parse_args()
    made = generator.load(asked.language)
    if asked.show:
        show(made, asked.show)
        return
    wrong = [*problems(made), *(f"shared/pools.toml: {one} is no row of Core" for one in missing(CORE))]
    for one in wrong:
        print(one)
    report(made.expander.content)
    sys.exit(bool(wrong))


def problems(made: Generator, *, times: int = 6) -> Iterator[str]:
    """What goes wrong when every template is filled a few times, for men and women."""
    content = made.expander.content
    for line in templates(content):
        for index in range(times):
            try:
                filled(made, line, index)
            except (ContentError, KeyError, ValueError, IndexError) as error:
                yield f"{line.id}: {line.text}: {type(error).__name__}: {error}"
                break


def filled(made: Generator, line: Line, index: int) -> tuple[str, list[dict[str, object]]]:
    """A template filled for some patient: its text and findings."""
    patient = state.begin(made.expander.content, random.Random(f"{line.id} {index}"), (20, 90))
    sex = "mf"[index % 2]
    patient = replace(patient, sex=sex, who=sex + patient.who[1:], sticky={}, named=set())
    text, spans = record.joined(made.expander.expand(line.nodes, patient))
    row = record.row("x", made.language, text, spans, {})
    for finding in row["findings"]:
        if "[[" in text or "]]" in text or not finding["text"].strip():
            raise ContentError("a mark is left in the text")
    return text, row["findings"]


def show(made: Generator, block: str) -> None:
    """Prints a block's templates, filled, with their mentions in brackets."""
    for mode, lines in made.expander.content.blocks[block].items():
        for line in lines:
            print(f"{mode}: {line.text}")
            for index in range(3):
                text, findings = filled(made, line, index)
                print(f"    {marked(text, findings)}")


def marked(text: str, findings: list[dict[str, object]]) -> str:
    """The text with its mentions in brackets, as training/gold/markup.py writes them."""
    return rendered(text, findings).replace("\n", "\\n")


def report(content: Content) -> None:
    """Prints how much there is."""
    count = sum(1 for _ in templates(content))
    print(
        f"{content.language}: {count} templates, {len(content.blocks)} blocks, "
        f"{len(content.documents)} documents"
    )
    if content.missing:
        print(f"blocks not written: {', '.join(sorted(content.missing))}")
    if content.untitled:
        print(f"headings not written: {', '.join(sorted(content.untitled))}")
    asserted = dict.fromkeys((*FLAGS, "experiencer"), 0)
    for line in templates(content):
        for word in {word for said in assertions(line.nodes) for word in said}:
            asserted[word] = asserted.get(word, 0) + 1
    print("templates that say: " + ", ".join(f"{word} {number}" for word, number in asserted.items()))


if __name__ == "__main__":
    main()
