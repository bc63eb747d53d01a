import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.evaluation import comparison, findings, mistakes, report
from adapter.evaluation.record import Annotation, Case, Coded
from adapter.evaluation.report import charts
from adapter.evaluation.report.html import element
from adapter.evaluation.resampling import Interval
from adapter.evaluation.scores import Score
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


@pytest.mark.parametrize("place, drawn", [((0, 0), "44.0,224.0"), ((1, 1), "328.0,10.0")])
def test_a_curve_spans_the_unit_square(place, drawn):
    assert drawn in charts.curve([place], title="t", across="a", up="u", diagonal=True, dots=True)
