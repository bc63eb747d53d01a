"""An evaluation of Bundles -> its report: figures by type, and what differs resource by resource."""

from collections.abc import Sequence

from adapter.evaluation.bundle_differences import Difference, Fact
from adapter.evaluation.bundles import ALL, MEASURES, BundleCase, BundleEvaluation
from adapter.evaluation.comparison import Compared
from adapter.evaluation.report import frame
from adapter.evaluation.report.frame import folded, section
from adapter.evaluation.report.html import Html, element, facts, joined
from adapter.evaluation.scores import Prf

WHATS = {"differs": "differs", "missing": "not emitted", "invented": "not expected"}
SAYS = {
    "resource": "the resource is there",
    "status": "its status",
    "code": "its code",
    "date": "its date",
    "exact": "all of these",
}
Differing = Sequence[tuple[BundleCase, list[Difference]]]


def written(
    found: BundleEvaluation,
    cases: Sequence[BundleCase],
    differing: Differing,
    compared: Sequence[Compared] = (),
    *,
    title: str,
) -> str:
    """The page."""
    missing = sum(case.emitted is None for case in cases)
    told = f"{frame.counted(len(cases), 'document')}."
    if missing:
        told += f" For {missing} of them there is no Bundle: all that they should hold counts as missed."
    sections = [_types(found), frame.compared(compared), _differences(differing)]
    return frame.page(title, f"{told} {frame.BRACKETS}", sections)


def _types(found: BundleEvaluation) -> Html:
    """All types together in sight, each to be opened."""
    parts = []
    for name, measures in found.scores.items():
        rows: dict[str, Prf] = {
            SAYS[one]: measures[one] for one in MEASURES if measures[one].wanted or measures[one].given
        }
        label = "All types" if name == ALL else name
        shown = frame.prf_table("right", rows, caption=label)
        parts.append(shown if name == ALL else folded(label, shown))
    return section("Resources", *parts)


def _differences(differing: Differing) -> Html:
    shown = [folded(f"{case.name} ({len(some)})", *_of(case, some)) for case, some in differing[: frame.MOST]]
    rest = len(differing) - len(shown)
    more = [element("p", f"{rest} more documents differ.")] if rest else []
    return section("Differences", *(shown or [element("p", "None.")]), *more)


def _of(case: BundleCase, some: Sequence[Difference]) -> list[Html]:
    none = [element("p", "There is no Bundle.")] if case.emitted is None else []
    return [*none, *map(_difference, some)]


def _difference(one: Difference) -> Html:
    name = "bad" if one.what != "differs" else "soft"
    head = element("h3", f"{one.type}: {one.about} ", element("span", WHATS[one.what], class_=name))
    if not one.facts:
        return joined(head, element("p", "Its words alone differ."))
    return joined(head, facts(["element", "expected", "emitted"], [_row(fact) for fact in one.facts]))


def _row(fact: Fact) -> list[str]:
    return [fact.path, "\n".join(fact.expected), "\n".join(fact.emitted)]
