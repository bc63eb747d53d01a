"""`notewright reviews COMMAND`: what reviewers have validated, how alike they judge. They read the ledger."""

import json
from dataclasses import asdict
from typing import Any, Literal

from adapter import categories
from adapter.api import opening
from adapter.cli import streams, wire
from adapter.cli.streams import say
from adapter.ledger import opened, verdicts
from adapter.reviews import shots
from adapter.reviews.agreement import agreement
from adapter.reviews.examples import Example, examples
from adapter.settings import Settings
from adapter.tasks import library

Row = dict[str, Any]


def export(settings: Settings, *, form: Literal["findings", "answers"], partial: bool, output: str) -> int:
    """Validated examples as JSON lines: findings as `evaluate` reads them, or answers of a task."""
    written = unfit = 0
    with opened(settings.database or opening.default_database()) as database, streams.target(output) as out:
        made = _answers(settings) if form == "answers" else _findings(settings)
        for one in examples(database, partial=partial):
            row = made(one)
            written, unfit = written + bool(row), unfit + (not row)
            if row:
                out.write(wire.dump(row) + "\n")
    say(f"{written} examples" + (f"; {unfit} do not fit into the task's answer" if unfit else ""))
    return 0


def agree(settings: Settings, *, output: str) -> int:
    """How alike every two reviewers judge, one JSON line each."""
    with opened(settings.database or opening.default_database()) as database, streams.target(output) as out:
        with database.reading() as tx:
            pairs = agreement(verdicts.every(tx))
        for pair in pairs:
            out.write(json.dumps(asdict(pair), ensure_ascii=False) + "\n")
    if not pairs:
        say("no two reviewers have judged findings of the same document")
    return 0


def _findings(settings: Settings) -> Any:
    table = categories.load(settings.files)

    def row(one: Example) -> Row:
        found = [wire.finding(each, table) for each in one.findings]
        told = {"id": one.id, "text": one.note.text, "lang": one.note.language, "findings": found}
        return told | {"complete": one.whole, "reviewers": list(one.reviewers)}

    return row


def _answers(settings: Settings) -> Any:
    task = library.find(settings.task, settings.tasks)

    def row(one: Example) -> Row | None:
        told = shots.answer(one.findings, task) if one.whole else None
        return None if told is None else {"text": one.note.text, "answer": dict(told)}

    return row
