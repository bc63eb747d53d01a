"""The page Try: a note, and side by side what was found, decided, coded, emitted and left out."""

from dataclasses import dataclass

from starlette.responses import Response

from adapter.errors import EngineError, InputError, NotewrightError
from adapter.settings import LANGUAGE_MODELS, VERSIONS
from adapter.workbench import drawing, trying
from adapter.workbench.acts import told
from adapter.workbench.bench import Bench
from adapter.workbench.examples import examples
from adapter.workbench.maps import Maps
from adapter.workbench.page import Action, Asked, Page, render, sent_to
from adapter.workbench.trying import Trial

ENGINES = {
    "encoder": "token classifier",
    "generative": "language model, here",
    "remote": "language model, on a server",
    "replay": "recorded answers",
}
NOTHING = "There is no note yet: write or paste one, or choose a file."


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """What can be chosen beside the note, by value, with the words people see."""

    engines: dict[str, str]
    tasks: dict[str, str]
    packs: dict[str, str]


def show(asked: Asked) -> Response:
    """The page, with what became of a shipped note where one is asked for."""
    trial = trying.read(asked.form, asked.bench)
    return _tried(asked, trial) if trial.asked else _page(asked, trial)


def tried(asked: Asked) -> Response:
    """The page, with what became of the note that was sent. A shipped note is shown at its address."""
    trial = trying.read(asked.form, asked.bench, asked.files)
    if trial.example:
        return sent_to(f"{PAGE.address}?{trial.link}")
    return _tried(asked, trial) if trial.asked else _page(asked, trial, problem=NOTHING, status=400)


def offers(bench: Bench) -> Offers:
    """What this workbench has to choose from."""
    names = bench.lines.engines if bench.lines else (bench.engine,)
    tasks = bench.lines.tasks() if bench.lines and set(names) & set(LANGUAGE_MODELS) else ()
    packs = bench.packs.versions if bench.packs else {}
    return Offers(
        engines={name: ENGINES.get(name, name) for name in names},
        tasks={one.name: one.title for one in tasks},
        packs={name: ", ".join(sorted(one.upper() for one in versions)) for name, versions in packs.items()},
    )


def _tried(asked: Asked, trial: Trial) -> Response:
    try:
        found = trying.run(trial, asked.bench)
    except (InputError, EngineError) as error:
        status = 400 if isinstance(error, InputError) else 503
        told(asked, "$try", status=status, digest=trial.digest)
        return _page(asked, trial, problem=_said(error), status=status)
    told(asked, "$try", digest=trial.digest, patients=found.patients)
    return _page(asked, trial, page=drawing.page(found, _maps(asked.bench)))


def _maps(bench: Bench) -> Maps:
    """What the maps of the terminology store say; of nothing where there is none."""
    return Maps(next((one.store for one in bench.terminology.values()), None))


def _said(error: NotewrightError) -> str:
    return f"{error.path}: {error}" if error.path else str(error)


def _page(
    asked: Asked, trial: Trial, *, page: drawing.Page | None = None, problem: str = "", status: int = 200
) -> Response:
    return render(
        asked,
        "try.html",
        status=status,
        trial=trial,
        page=page,
        problem=problem,
        offers=offers(asked.bench),
        examples=examples(),
        languages=trying.LANGUAGES,
        versions=VERSIONS,
        models=LANGUAGE_MODELS,
        system=drawing.system,
    )


PAGE = Page(path="try", name="Try", actions=(Action(answer=show), Action(answer=tried, method="POST")))
