import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.evaluation import (
    answer_mistakes,
    answers,
    bundle_differences,
    bundles,
    comparison,
    findings,
    mistakes,
    redaction,
    report,
)
from adapter.evaluation.bundles import BundleCase
from adapter.evaluation.readers.summaries import SummaryCase
from adapter.evaluation.record import Annotation, Case, Coded
from adapter.evaluation.report import charts, style
from adapter.evaluation.report.html import element
from adapter.evaluation.resampling import Interval
from adapter.evaluation.scores import Score
from adapter.tasks import elmtex
from terminology.systems import ICD10CM

VOID = {"meta"}
TEXT = "Denies <b>fever</b> & chills. Has asthma."


class Checker(HTMLParser):
    """Fails where a tag is not closed, or something would be fetched or run."""

    def __init__(self):
        super().__init__()
        self.open, self.marked = [], []

    def handle_starttag(self, tag, attrs):
        assert tag not in {"script", "link", "img", "iframe", "b"}
        assert not {"src", "href"} & {name for name, _ in attrs}
        assert not any(name.startswith("on") for name, _ in attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "mark":
            self.marked.append(data)


def checked(page):
    checker = Checker()
    checker.feed(page)
    checker.close()
    assert not checker.open
    assert "url(" not in page and "@import" not in page
    return checker


def mark(words, **more):
    start = TEXT.index(words)
    return Annotation(kind=more.pop("kind", "condition"), places=((start, start + len(words)),), **more)


def run(confidence=0.75):
    code = Coded(system=ICD10CM, code="J45.909", score=0.9)
    gold = (mark("<b>fever</b>"), mark("chills"), mark("asthma", codes=(code,)))
    predicted = (mark("fever", confidence=confidence), mark("asthma", codes=(code,), kind="condition"))
    return [Case(id=f"note-{at}", text=TEXT, gold=gold, predicted=predicted) for at in range(3)]


def written(*, text=True):
    cases = run()
    found = findings.evaluate(cases, resamples=20)
    compared = comparison.compare(found, found, shuffles=20)
    return report.written(found, mistakes.listed(cases, text=text), compared, title="A & <B>")


def test_the_page_is_whole_and_escapes_what_notes_say():
    page = written()
    marked = checked(page).marked
    assert "<b>" not in page and "&lt;b&gt;" in page
    assert {"chills", "<b>", "fever"} <= set(marked)
    for title in ("Mentions", "Kinds", "Confusion", "Codes of matched mentions", "Compared", "Mistakes"):
        assert f"<h2>{title}</h2>" in page
    assert page.count("<svg") >= 4


def test_figures_stand_in_it():
    page = written()
    assert "0.667" in page  # strict recall is 1/3, overlapping 2/3
    assert "calibration error 0.750" in page


def test_without_text_nothing_of_a_note_stands_in_it():
    page = written(text=False)
    checked(page)
    assert not re.search("chills|asthma|Denies", page)
    assert "note-0" in page


def test_nothing_to_measure_is_a_page_too():
    checked(report.written(findings.evaluate([], resamples=5), [], title="Empty"))
    empty = [Case(id="a", text=TEXT, gold=(), predicted=())]
    checked(report.written(findings.evaluate(empty, resamples=5), [], title="Empty"))


@given(st.text())
def test_text_stays_text(text):
    page = element("p", text, title=text)
    assert page.count("<") == 2 and "&" not in re.sub(r"&(lt|gt|amp|quot|#x27);", "", page)


def test_a_meter_draws_its_figure_and_interval():
    drawn = charts.meter(Score(value=0.5, interval=Interval(low=0.25, high=0.75)))
    assert 'width="50.0"' in drawn and 'x1="25.0"' in drawn and 'x2="75.0"' in drawn
    assert charts.meter(Score(value=float("nan"), interval=Interval(low=0, high=0))) == ""


@pytest.mark.parametrize("places, begin", [([(0.0, 0.3)], 0), ([(0.62, 0.81)], 0.6), ([(1.0, 1.0)], 0.9)])
def test_a_diagram_begins_where_its_places_do_and_ends_at_one(places, begin):
    drawn = charts.diagram(places, title="t", across="a", up="u")
    axes = charts.Axes(across="a", up="u", across_low=begin, up_low=begin)
    for place in (*places, (begin, begin), (1, 1)):
        x, y = axes.at(place)
        assert f'"{x}"' in drawn and f'"{y}"' in drawn
        assert charts.LEFT <= x <= charts.WIDTH - charts.RIGHT
        assert charts.TOP <= y <= charts.HEIGHT - charts.BOTTOM
    assert drawn.count('class="gap"') == 1


def test_a_curve_of_many_points_has_no_dots():
    places = [(1 - at / 100, 0.9) for at in range(60)]
    drawn = charts.curve(places, title="t", across="a", up="u")
    assert "circle" not in drawn and "polyline" in drawn


def test_nothing_that_is_drawn_is_drawn_outside():
    assert charts.meter(Score(value=-0.2, interval=Interval(low=-0.3, high=0.1))).count('width="0"') == 1


@pytest.mark.parametrize("colours", [style.LIGHT, style.DARK], ids=["light", "dark"])
def test_what_is_written_can_be_read(colours):
    """WCAG 2.2 AA: 4.5 for text, 3 for what is drawn."""
    paper = rgb(colours["paper"])
    for name in ("ink", "soft", "bad"):
        assert contrast(rgb(colours[name]), paper) >= 4.5
    for back in ("goldback", "foundback", "bothback"):
        assert contrast(rgb(colours["ink"]), rgb(colours[back])) >= 4.5
    shade = [float(part) for part in colours["shade"].split(",")]
    darkest = [0.45 * one + 0.55 * other for one, other in zip(shade, paper, strict=True)]
    assert contrast(rgb(colours["ink"]), darkest) >= 4.5
    for name in ("fill", "gold", "found", "bad", "soft"):
        assert contrast(rgb(colours[name]), paper) >= 3
    assert contrast(rgb(colours["fill"]), rgb(colours["line"])) >= 3


def rgb(colour):
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour):
    parts = [one / 255 for one in colour]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def bundle(code, words):
    told = {"coding": [{"system": ICD10CM, "code": code, "display": "Shown"}], "text": words}
    status = {"coding": [{"code": "active"}]}
    return {
        "resourceType": "Bundle",
        "entry": [{"resource": {"resourceType": "Condition", "code": told, "clinicalStatus": status}}],
    }


@pytest.mark.parametrize("text", [True, False])
def test_the_report_of_bundles(text):
    cases = [
        BundleCase(name="1", expected=bundle("J45", "asthma"), emitted=bundle("J46", "asthma")),
        BundleCase(name="2", expected=bundle("J45", "<b>asthma"), emitted=None),
        BundleCase(name="3", expected=bundle("J45", "asthma"), emitted=bundle("J45", "asthma")),
    ]
    found = bundles.evaluate(cases, resamples=5)
    compared = comparison.compare(found, found, shuffles=5)
    differing = bundle_differences.cases(cases, text=text)
    page = report.bundles(found, cases, differing, compared, title="B")
    checked(page)
    assert ("asthma" in page) == text and ("Shown" in page) == text
    assert "icd10cm J46" in page and "not emitted" in page and "There is no Bundle" in page
    assert "<summary>3" not in page


@pytest.mark.parametrize("text", [True, False])
def test_the_report_of_answers(text):
    gold = dict.fromkeys(elmtex.KEYS, "N/A") | {"diagnosis": "asthma; <b>gout"}
    cases = [
        SummaryCase(id="r1", gold=gold, given=gold | {"diagnosis": "Asthma", "age": "9"}, valid=True),
        SummaryCase(id="r2", gold=gold, given=None, valid=False),
        SummaryCase(id="r3", gold=gold, given=gold, valid=True),
    ]
    found = answers.evaluate(cases, resamples=5)
    page = report.answers(found, answer_mistakes.listed(cases, text=text), title="A")
    marked = checked(page).marked
    assert ("asthma" in page) == text and ("<b>gout" in marked) == text
    assert "r1: 1 missed, 1 invented" in page and "r2: not valid; 2 missed" in page and "r3" not in page


@pytest.mark.parametrize("text", [True, False])
def test_the_report_of_redaction(text):
    case = Case(
        id="note-1", text=TEXT, gold=(mark("asthma", kind="name"),), predicted=(mark("asth", kind="name"),)
    )
    found = redaction.evaluate([case, case], resamples=5)
    left, listed = (told([case], text=text) for told in (mistakes.left, mistakes.listed))
    page = report.redaction(found, left, listed, title="R")
    checked(page)
    assert "Left to read (1)" in page and "note-1" in page
    assert ("Has" in page) == text


def test_reports_of_nothing_are_pages_too():
    checked(report.bundles(bundles.evaluate([], resamples=5), [], [], title="Empty"))
    checked(report.answers(answers.evaluate([], resamples=5), [], title="Empty"))
    checked(report.redaction(redaction.evaluate([], resamples=5), [], [], title="Empty"))
