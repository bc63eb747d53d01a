"""The page Terminology as people use it, in Chromium, by keyboard and on a narrow screen."""

from collections.abc import Iterator

import pytest

import terminology
from adapter.api import opening
from mappings import SHIPPED
from tests.workbench import chromium
from tests.workbench.release_store import ROOT, RULED, WIDE, made_up_release
from tests.workbench.served_pages import serving


@pytest.fixture(scope="module")
def site(pipeline, tmp_path_factory) -> Iterator[str]:
    with (
        terminology.open_store(made_up_release(tmp_path_factory.mktemp("terms"))) as store,
        serving(pipeline, terminology=opening.terminologies(store, SHIPPED)) as origin,
    ):
        yield f"{origin}/workbench/terminology"


def test_words_are_searched_and_their_concept_opened_by_keyboard(site):
    with chromium.opened(site) as page:
        page.focus("#text")
        page.keyboard.type("Vorhofflimern")
        page.select_option("[name=language]", "de")
        page.focus("#text")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert page.url == site  # the words stand in no address
        assert "49436004" in page.text_content("#h-given + .coding")
        assert "vorhofflimern → vorhofflimmern" in page.text_content(".hits > .taken .pair.fixed")
        assert chromium.violations(page) == []


def test_rules_are_evaluated_for_another_patient(site):
    with chromium.opened(f"{site}/concept?system=snomed&code={RULED}", width=360, scheme="dark") as page:
        assert "not decided" in page.text_content(".state")
        page.select_option("#rules [name=sex]", "male")
        with page.expect_navigation():
            page.press("#rules button", "Enter")
        assert page.text_content("tr.taken td:nth-child(4)") == "fires"
        assert page.url.endswith("sex=male&having=#rules")
        assert chromium.violations(page) == []
        assert not chromium.overflows(page)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
@pytest.mark.parametrize(
    "path",
    [
        "",
        f"/concept?system=snomed&code={WIDE}&page=2",
        f"/translate?system=snomed&code={RULED}&age=40&sex=female&fhir=r5",
        f"/lookup?system=snomed&code={ROOT}",
        "/subsumes",
        f"/expand?ecl=%3C{ROOT}",
    ],
)
def test_the_pages_are_for_everybody(site, path, width, scheme):
    with chromium.opened(site + path, width=width, scheme=scheme) as page:
        assert chromium.violations(page) == []
        assert not chromium.overflows(page)
