"""The page Terminology over HTTP, on the real coder, and on a made-up release with map rules."""

import html
import json
import re
from collections.abc import Iterator

import httpx
import pytest

import terminology
from adapter.api import opening
from adapter.model import Finding
from mappings import SHIPPED
from terminology.systems import ICD10, ICD10CM
from tests.terminology.rf2_release import identifier
from tests.workbench.release_store import ROOT, RULED, made_up_release
from tests.workbench.served_pages import serving

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7777 * 7777 }}{% raw %}",
    "\u202e<b>evil</b>\u0000",
    "' OR 1=1 --",
    'asthma" NEAR("x',
    "javascript:alert(1)",
    "x" * 299,
)


def client(origin: str) -> httpx.Client:
    return httpx.Client(base_url=f"{origin}/workbench", headers={"origin": origin}, timeout=60)


@pytest.fixture(scope="module")
def core(pipeline, core_store) -> Iterator[httpx.Client]:
    with (
        terminology.open_store(core_store) as store,
        serving(pipeline, terminology=opening.terminologies(store, SHIPPED)) as origin,
        client(origin) as web,
    ):
        yield web


@pytest.fixture(scope="module")
def release(pipeline, tmp_path_factory) -> Iterator[httpx.Client]:
    """A store of 900 concepts; the first has five below it, one of them far more than a page shows."""
    folder = tmp_path_factory.mktemp("terms")
    with (
        terminology.open_store(made_up_release(folder)) as store,
        serving(pipeline, terminology=opening.terminologies(store, SHIPPED)) as origin,
        client(origin) as web,
    ):
        yield web


def words(answer: httpx.Response) -> str:
    """What a person reads on the page."""
    text = html.unescape(re.sub(r"<[^>]+>", " ", answer.text.partition("<main")[2]))
    return " ".join(text.split())


def told(answer: httpx.Response) -> dict:
    """The JSON answer that is shown."""
    return json.loads(html.unescape(re.search(r'aria-label="Answer">(.*?)</pre>', answer.text, re.S)[1]))


def search(web: httpx.Client, text: str, **more: str) -> httpx.Response:
    return web.post("/terminology", data={"text": text, "language": "en", "kind": "condition", **more})


@pytest.mark.parametrize(
    ("text", "language", "kind"),
    [
        ("asthma", "en", "condition"),
        ("Vorhofflimern", "de", "condition"),
        ("severe copd", "en", "condition"),
        ("metoprolol 50 mg", "en", "medication"),
        ("wobbly antennae", "en", "finding"),
    ],
)
def test_search_gives_what_coding_gives(core, pipeline, text, language, kind):
    shown = words(search(core, text, language=language, kind=kind))
    finding = Finding(start=0, end=len(text), text=text, kind=kind, confidence=1.0)
    coded = pipeline.coder.code(finding, languages=tuple(dict.fromkeys((language, "en"))))
    given = shown.partition("Looked for among")[0]
    assert all(one.code in given for one in coded.codings)
    assert ("No code" in given) is not coded.codings
    order = [shown.index(one.code) for one in coded.alternatives]
    assert order == sorted(order)


def test_every_hit_says_why_it_ranks_where_it_does(core):
    shown = words(search(core, "Vorhofflimern", language="de"))
    assert "vorhofflimern → vorhofflimmern 1 letter" in shown
    assert "0.97 the same words − 0.03 letters corrected = 0.94" in shown
    assert "chosen" in shown and "below 0.88: kept as an alternative" in shown


def test_what_says_less_costs_and_says_so(core):
    shown = words(search(core, "longstanding asthma"))
    assert "− 0.05 says less than the mention" in shown
    assert "“asthma”" in shown or "looked for as asthma" in shown


def test_an_abbreviation_is_shown_written_out(core):
    assert "abbreviations written out" in words(search(core, "acute COPD"))


def test_what_the_words_contradict_is_told(core):
    german, english = (words(search(core, "arthritis", language=one)) for one in ("de", "en"))
    assert "Not given, as the words say otherwise: ICD-10-CM M19.90" in german
    assert "as the words say otherwise" not in english


def test_what_is_past_loses_the_codes_of_what_is_present(core):
    now, then = (words(search(core, "breast cancer", **more)) for more in ({}, {"past": "1"}))
    assert "Not given for what is past: ICD-10-CM C50" in then
    assert "Not given" not in now and "ICD-10-CM C50" in now.partition("Looked for")[0]


def test_words_never_stand_in_an_address(core):
    page = core.get("/terminology", params={"text": "mr smith of elm street"})
    assert "smith" not in page.text
    found = search(core, "mr smith of elm street")
    assert "smith" not in str(found.url)
    assert not re.search(r'(href|action)="[^"]*smith', found.text)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_are_words(core, text):
    for answer in (
        search(core, text),
        search(core, "pain", site=text),
        core.get("/terminology/concept", params={"system": text, "code": text}),
        core.get("/terminology/concept", params={"system": "snomed", "code": "195967001", "having": text}),
        core.get("/terminology/translate", params={"system": "snomed", "code": text, "target": text}),
        core.get("/terminology/lookup", params={"system": text, "code": text, "language": text}),
        core.get("/terminology/subsumes", params={"system": "icd10cm", "codeA": text, "codeB": text}),
        core.get("/terminology/expand", params={"ecl": text}),
    ):
        assert answer.status_code in (200, 404, 400)
        assert (
            "<script>alert" not in answer.text
            and "<img src=x" not in answer.text
            and "<b>evil" not in answer.text
        )
        assert not re.search(r'(href|action)="javascript:', answer.text)
        assert "60481729" not in answer.text


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/concept", {"system": "snomed", "code": "195967001", "age": "-3"}),
        ("/concept", {"system": "snomed", "code": "195967001", "age": "9" * 40}),
        ("/concept", {"system": "snomed", "code": "195967001", "age": "٣"}),
        ("/concept", {"system": "snomed", "code": "195967001", "unit": "moons", "age": "3"}),
        ("/concept", {"system": "snomed", "code": "195967001", "sex": "robot"}),
        ("/translate", {"system": "snomed", "code": "1", "fhir": "r3"}),
        ("/expand", {"ecl": "<" * 3000}),
        ("/nothing", {}),
    ],
)
def test_what_no_page_of_ours_sends_is_refused(core, path, form):
    assert core.get(f"/terminology{path}", params=form).status_code == 400


def test_a_mention_is_no_note(core):
    assert search(core, "asthma " * 100).status_code == 400


def test_a_concept_has_its_names_and_maps(core):
    shown = words(core.get("/terminology/concept", params={"system": "snomed", "code": "195967001"}))
    assert "bronchial asthma" in shown and "German Asthma" in shown and "French asthme" in shown
    assert "ICD-10 J45 broader than this" in shown
    assert "J45.909" in shown and "by a coding rule" in shown


def test_core_drugs_have_their_exact_maps(core):
    page = core.get("/terminology/concept", params={"system": "rxnorm", "code": "6918"})
    assert "metoprolol" in words(page) and "the same" in words(page)


@pytest.mark.parametrize("fhir", ["r4", "r5"])
def test_our_own_tables_are_translated_by_too(core, fhir):
    service = opening.terminologies(None, SHIPPED)[fhir]
    for table in service.concept_maps:
        (source, code), targets = next(iter(table.targets.items()))
        assert source in core.get("/terminology/translate").text
        page = core.get("/terminology/translate", params={"system": source, "code": code, "fhir": fhir})
        assert targets[0].code in words(page) and table.url in words(page)


def test_a_code_that_is_not_there_is_not_found(core):
    answer = core.get("/terminology/concept", params={"system": "icd10cm", "code": "nope"})
    assert answer.status_code == 404
    assert "The store holds no such code in ICD-10-CM" in words(answer)


def test_all_paths_from_the_top_are_shown(release):
    shown = words(
        release.get("/terminology/concept", params={"system": "snomed", "code": identifier(10_000 + 601)})
    )
    assert re.search(r"Above it \d+ paths", shown)
    assert "›" in shown and ROOT in shown


def test_what_stands_below_comes_in_pages(release):
    query = {"system": "snomed", "code": identifier(10_001)}
    first = release.get("/terminology/concept", params=query)
    assert "Page 1 of 6" in words(first) and "Next page" in words(first)
    assert first.text.count("<li>") < 60
    last = release.get("/terminology/concept", params={**query, "page": "6"})
    assert "Page 6 of 6" in words(last) and "Next page" not in words(last)
    for page in ("0", "7", "-1", "x", "9" * 50):
        assert release.get("/terminology/concept", params={**query, "page": page}).status_code == 400


def test_an_inactive_concept_says_what_became_of_it(release):
    shown = words(
        release.get("/terminology/concept", params={"system": "snomed", "code": identifier(10_000 + 897)})
    )
    assert "inactive" in shown and "What became of it same as" in shown


@pytest.mark.parametrize(
    ("form", "fired", "state", "code"),
    [
        ({"sex": "male"}, "if the patient is male", "decided", "N15"),
        ({"sex": "female"}, "otherwise", "decided", "A55.5"),
        ({}, None, "not decided: more must be known", None),
        ({"age": "40"}, None, "not decided: more must be known", None),
    ],
)
def test_map_rules_are_evaluated_for_a_patient(release, form, fired, state, code):
    page = release.get("/terminology/concept", params={"system": "snomed", "code": RULED, **form})
    shown = words(page)
    assert f"ICD-10, group 1: {state}" in shown
    if fired is None:
        assert "not known" in shown and "fires" not in shown
    else:
        row = words(
            httpx.Response(200, text="<main>" + re.search(r'<tr class="taken">.*?</tr>', page.text, re.S)[0])
        )
        assert fired in row and "fires" in row and code in row and f"ALWAYS {code}" in row


@pytest.mark.parametrize("fhir", ["r4", "r5"])
def test_translate_answers_as_the_service_does(release, fhir):
    query = {"system": "snomed", "code": RULED, "target": ICD10, "fhir": fhir}
    unknown = release.get("/terminology/translate", params=query)
    assert told(unknown)["parameter"][0] == {"name": "result", "valueBoolean": False}
    assert "depends on the patient" in words(unknown)
    for sex, code in (("male", "N15"), ("female", "A55.5")):
        page = release.get(
            "/terminology/translate", params={**query, "sex": sex, "age": "40", "unit": "years"}
        )
        (match,) = [one for one in told(page)["parameter"] if one["name"] == "match"]
        assert next(one for one in match["part"] if one["name"] == "concept")["valueCoding"]["code"] == code
        assert f"as ICD-10 {code}" in words(page) and "Advice of the map: ALWAYS" in words(page)


def test_the_other_operations_answer_in_json_and_words(release):
    found = release.get("/terminology/lookup", params={"system": "snomed", "code": ROOT})
    assert told(found)["resourceType"] == "Parameters" and "Child concepts:" in words(found)
    query = {"system": "snomed", "codeA": ROOT, "codeB": RULED}
    assert "The second is a kind of the first." in words(release.get("/terminology/subsumes", params=query))
    first = release.get("/terminology/expand", params={"ecl": f"< {ROOT}"})
    assert told(first)["expansion"]["total"] == 894 and "1 to 50 are here" in words(first)
    following = re.search(r'href="([^"]+)">Next page', first.text)[1]
    assert "51 to 100 are here" in words(release.get(f"/terminology/expand{html.unescape(following)}"))
    refused = release.get("/terminology/expand", params={"ecl": "< <"})
    assert told(refused)["resourceType"] == "OperationOutcome" and "Refused:" in words(refused)


def test_every_operation_says_what_it_is_for_before_it_is_asked(core):
    for name in ("translate", "lookup", "subsumes", "expand"):
        shown = words(core.get(f"/terminology/{name}"))
        assert "Nothing is asked yet" in shown and f"${name}" in shown
    assert "What the store holds" in words(core.get("/terminology"))


def test_without_a_store_there_is_no_page(pipeline):
    with serving(pipeline) as origin, httpx.Client(base_url=f"{origin}/workbench") as web:
        assert web.get("/terminology").status_code == 404
        assert "Terminology" not in web.get("/try").text


def test_without_a_model_codes_are_still_looked_up(core_store):
    with (
        terminology.open_store(core_store) as store,
        serving(None, terminology=opening.terminologies(store, SHIPPED)) as origin,
        client(origin) as web,
    ):
        assert search(web, "asthma").status_code == 503
        assert (
            web.get("/terminology/concept", params={"system": ICD10CM, "code": "J45.909"}).status_code == 200
        )
