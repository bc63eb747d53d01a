"""FHIR operations over a small store in memory, and over Core."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given as wild
from hypothesis import strategies as st

from terminology import Source, build, open_store
from terminology.fhir import Refusal, Service, codesystem, conceptmap, expansion, outcome, sets
from terminology.fhir.parameters import document, given
from terminology.model import Association, Concept, Hit, Manifest, Mapping, MapRule, SystemInfo, Term
from terminology.systems import ICD10, ICD10CM, SNOMED
from tests.terminology import rf2_release
from tests.terminology.rf2_release import Shape

FINDING, DISEASE, PAIN, CHEST, ANGINA, OLD = (
    "404684003",
    "64572001",
    "22253000",
    "29857009",
    "194828000",
    "155302005",
)
PARENTS = {DISEASE: [FINDING], PAIN: [FINDING], CHEST: [PAIN], ANGINA: [DISEASE, CHEST]}
NAMES = {
    FINDING: [("Clinical finding", "en")],
    DISEASE: [("Disease", "en"), ("Krankheit", "de")],
    PAIN: [("Pain", "en"), ("Schmerz", "de-DE")],
    CHEST: [("Chest pain", "en"), ("Thoracic pain", "en"), ("Brustschmerz", "de")],
    ANGINA: [("Angina", "en")],
    OLD: [("Stenocardia", "en")],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known(Concept):
    active: bool = True


class Memory:
    """A store of six concepts, one of them inactive."""

    manifest = Manifest(format_version=1, sources=(), concepts=7, terms=9, digest="d1")

    def __init__(self):
        self.concepts = {
            code: Known(
                system=SNOMED,
                code=code,
                display=named[0][0],
                kind="finding",
                version="2026-01",
                terms=tuple(
                    Term(text=text, language=tag, preferred=number == 0)
                    for number, (text, tag) in enumerate(named)
                ),
                active=code != OLD,
            )
            for code, named in NAMES.items()
        }

    def lookup(self, system, code):
        return self.concepts.get(code) if system == SNOMED else None

    def search(self, text, *, kinds=(), languages=(), systems=(), limit=10):
        found = [
            Hit(
                system=SNOMED,
                code=code,
                display=concept.display,
                kind="finding",
                term=concept.display,
                language="en",
                score=1.0,
                match="exact",
                preferred=True,
                source=0,
            )
            for code, concept in self.concepts.items()
            if concept.active and text.lower() in concept.display.lower()
        ]
        return found[:limit] if not systems or SNOMED in systems else []

    def mappings(self, system, code):
        known = {
            CHEST: [Mapping(system=ICD10CM, code="R07.9", display="Chest pain", relation="mapped")],
            PAIN: [Mapping(system=ICD10CM, code="R52", display="Pain", relation="broader")],
        }
        return known.get(code, []) if system == SNOMED else []

    def parents(self, system, code):
        return PARENTS.get(code, [])

    def children(self, system, code):
        return [child for child, parents in PARENTS.items() if code in parents]

    def ancestors(self, system, code):
        above = {ancestor for parent in self.parents(system, code) for ancestor in (parent,)}
        for parent in list(above):
            above |= set(self.ancestors(system, parent))
        return sorted(above)

    def subsumes(self, system, ancestor, descendant):
        return ancestor in self.ancestors(system, descendant)

    def replacements(self, system, code):
        return [Association(system=SNOMED, code=OLD, kind="same-as", target=ANGINA)] if code == OLD else []

    def rules(self, system, code):
        return RULES if code == ANGINA else []

    def members(self, system, set_id):
        return [CHEST, ANGINA, OLD] if set_id == "733073007" else []

    def codes(self, system, start, count):
        return list(self.concepts)[start : start + count] if system == SNOMED else []

    def systems(self):
        return [SystemInfo(system=SNOMED, versions=("2026-01",), concepts=6, active=5, hierarchy=True)]


def rule(group, priority, text, target):
    return MapRule(
        system=SNOMED,
        code=ANGINA,
        to_system=ICD10CM,
        group=group,
        priority=priority,
        rule=text,
        target=target,
    )


RULES = [
    rule(1, 1, "TRUE", "I20.9"),
    rule(2, 1, "IFA 248152002", "N00"),
    rule(2, 2, "OTHERWISE TRUE", "N01"),
]


def service(version="R4", **more):
    return Service(
        store=Memory(),
        fhir_version=version,
        clock=lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        **more,
    )


def check(resource, version="R4"):
    """The resource, once the published models have taken it."""
    import importlib

    package = "fhir.resources.R4B" if version == "R4" else "fhir.resources"
    kind = resource["resourceType"]
    getattr(importlib.import_module(f"{package}.{kind.lower()}"), kind).model_validate(resource)
    return resource


def ask(operation, accepted, *, version="R4", body=None, on=None, **query):
    pairs = [
        (name.replace("_", "-"), text)
        for name, texts in query.items()
        for text in (texts if isinstance(texts, list) else [texts])
    ]
    return check(operation(on or service(version), given(accepted, pairs, body)), version)


def post(**values):
    return {
        "resourceType": "Parameters",
        "parameter": [{"name": name, key: value} for name, pair in values.items() for key, value in [pair]],
    }


def values(resource, name):
    found = [entry for entry in resource["parameter"] if entry["name"] == name]
    return [next(value for key, value in entry.items() if key != "name") for entry in found]


def value(resource, name):
    return next(iter(values(resource, name)), None)


def named_parts(resource, name):
    return [
        {part["name"]: next(item for key, item in part.items() if key != "name") for part in listed}
        for listed in values(resource, name)
    ]


def refused(status, code, call, at=None):
    with pytest.raises(Refusal) as caught:
        call()
    told = check(outcome.of(caught.value))["issue"][0]
    assert (caught.value.status, told["code"]) == (status, code)
    assert at is None or told["expression"] == [at]
    return told["details"]["text"]


def lookup(**query):
    return ask(codesystem.lookup, codesystem.LOOKUP, **query)


def validate(**query):
    return ask(codesystem.validate_code, codesystem.VALIDATE, **query)


def subsumes(**query):
    return ask(codesystem.subsumes, codesystem.SUBSUMES, **query)


@pytest.mark.parametrize("version", ["R4", "R5"])
def test_lookup_says_name_version_display_and_designations(version):
    told = lookup(system=SNOMED, code=CHEST, version=version)
    assert [value(told, name) for name in ("name", "version", "display")] == [
        "SNOMED CT",
        "2026-01",
        "Chest pain",
    ]
    said = named_parts(told, "designation")
    assert [(item["language"], item["value"]) for item in said][-1] == ("de", "Brustschmerz")
    assert "use" in said[0] and "use" not in said[-1]
    assert named_parts(told, "property") == [{"code": "inactive", "value": False}]


def test_lookup_gives_the_properties_asked_for():
    told = lookup(system=SNOMED, code=CHEST, property=["parent", "child"])
    assert named_parts(told, "property") == [
        {"code": "parent", "value": PAIN, "description": "Pain"},
        {"code": "child", "value": ANGINA, "description": "Angina"},
    ]
    assert not values(told, "designation")
    assert named_parts(lookup(system=SNOMED, code=OLD), "property")[0]["value"] is True
    german = named_parts(lookup(system=SNOMED, code=PAIN, property="lang.de"), "designation")
    assert [item["value"] for item in german] == ["Schmerz"]


def test_lookup_takes_a_coding_and_a_language():
    body = post(coding=("valueCoding", {"system": SNOMED, "code": PAIN}), displayLanguage=("valueCode", "de"))
    assert value(lookup(body=body), "display") == "Schmerz"
    assert value(lookup(system=SNOMED, code=PAIN, displayLanguage="fr"), "display") == "Pain"


def test_lookup_refuses_what_is_not_there():
    at = "Parameters.parameter.where(name='code')"
    body = post(code=("valueCode", "999"), system=("valueUri", SNOMED))
    assert "'999'" in refused(404, "not-found", lambda: lookup(body=body), at)
    told = refused(404, "not-found", lambda: lookup(system=SNOMED, code="Jane Doe, 12"), "http.code")
    assert "Jane" not in told
    refused(400, "required", lambda: lookup(code=PAIN), "http.system")
    refused(400, "required", lambda: lookup(system=SNOMED))
    refused(400, "invalid", lambda: lookup(system=SNOMED, code=[PAIN, CHEST]), "http.code")
    refused(400, "invalid", lambda: lookup(system=SNOMED, code=PAIN, colour="x"), "http.colour")
    refused(422, "not-supported", lambda: lookup(system=SNOMED, code=PAIN, date="2026"), "http.date")


def test_lookup_refuses_a_version_it_does_not_hold():
    body = post(code=("valueCode", PAIN), system=("valueUri", SNOMED), version=("valueString", "2001"))
    refused(404, "not-found", lambda: lookup(body=body))


def test_validate_tells_right_from_wrong_in_the_result():
    assert value(validate(url=SNOMED, code=PAIN), "result") is True
    wrong = validate(url=SNOMED, code="999")
    assert value(wrong, "result") is False and "'999'" in value(wrong, "message")
    inactive = validate(url=SNOMED, code=OLD)
    assert value(inactive, "result") is True and "inactive" in value(inactive, "message")


@pytest.mark.parametrize(
    ("display", "language", "result"),
    [
        ("thoracic  PAIN", None, True),
        ("Brustschmerz", "de", True),
        ("Chest pain", "de", False),
        ("Chest pain", "fr", True),
        ("Pain of J. Doe", None, False),
    ],
)
def test_validate_checks_the_display(display, language, result):
    query = {"displayLanguage": language} if language else {}
    told = validate(url=SNOMED, code=CHEST, display=display, **query)
    assert value(told, "result") is result
    assert "Doe" not in str(told)
    assert value(told, "display") == ("Brustschmerz" if language == "de" else "Chest pain")


def test_validate_takes_any_coding_of_a_concept():
    codings = [{"system": ICD10CM, "code": "R52"}, {"system": SNOMED, "code": PAIN}]
    body = post(codeableConcept=("valueCodeableConcept", {"coding": codings, "text": "as told"}))
    for version in ("R4", "R5"):
        told = validate(body=body, version=version)
        assert value(told, "result") is True and "'R52'" in value(told, "message")
        assert (value(told, "issues") is not None) == (version == "R5")
        assert "as told" not in str(told)


def test_validate_repeats_no_text_sent_as_a_code():
    coding = {"system": "http://x.example/J.Doe", "code": "J. Doe", "display": "J. Doe"}
    for version in ("R4", "R5"):
        told = validate(body=post(coding=("valueCoding", coding)), version=version)
        assert value(told, "result") is False and "Doe" not in str(told)


def test_validate_wants_the_system_of_the_url():
    body = post(url=("valueUri", ICD10CM), coding=("valueCoding", {"system": SNOMED, "code": PAIN}))
    assert value(validate(body=body), "result") is False


@pytest.mark.parametrize(
    ("left", "right", "relation"),
    [
        (PAIN, PAIN, "equivalent"),
        (FINDING, ANGINA, "subsumes"),
        (ANGINA, FINDING, "subsumed-by"),
        (CHEST, DISEASE, "not-subsumed"),
        (OLD, PAIN, "not-subsumed"),
    ],
)
def test_subsumes_names_the_relation(left, right, relation):
    assert value(subsumes(system=SNOMED, codeA=left, codeB=right), "outcome") == relation
    body = post(
        codingA=("valueCoding", {"system": SNOMED, "code": left}),
        codingB=("valueCoding", {"system": SNOMED, "code": right}),
    )
    assert value(subsumes(body=body), "outcome") == relation


def test_subsumes_refuses_what_it_cannot_know():
    refused(404, "not-found", lambda: subsumes(system=SNOMED, codeA=PAIN, codeB="999"), "http.codeB")
    refused(400, "required", lambda: subsumes(system=SNOMED, codeA=PAIN))
    flat = service()
    flat.store.parents = flat.store.children = lambda system, code: []
    told = lambda: subsumes(on=flat, system=SNOMED, codeA=PAIN, codeB=CHEST)  # noqa: E731
    refused(422, "not-supported", told)


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    path = tmp_path_factory.mktemp("core") / "store.sqlite"
    build([Source(kind="core")], path)
    with open_store(path) as store:
        yield Service(store=store)


def test_core_is_looked_up_and_validated(core):
    hit = core.store.search("pneumonia", systems=[SNOMED], limit=1)[0]
    told = lookup(on=core, system=SNOMED, code=hit.code)
    assert value(told, "display") == hit.display
    assert value(validate(on=core, url=SNOMED, code=hit.code, display=hit.term), "result") is True
    told = expand(on=core, url=vs(""), filter="pneumonia", count="5")
    assert hit.code in codes(told) and len(codes(told)) <= 5


def expand(**query):
    return ask(expansion.expand, expansion.EXPAND, **query)


def expand_set(compose, version="R4", **more):
    body = {"resourceType": "ValueSet", "url": "http://x.example/vs", "status": "draft", "compose": compose}
    return check(
        expansion.expand(service(version), given(expansion.EXPAND, more.items(), body, alone="valueSet")),
        version,
    )


def codes(resource):
    return [item["code"] for item in resource["expansion"].get("contains", ())]


def vs(text):
    return f"{SNOMED}?fhir_vs{text}"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", [FINDING, DISEASE, PAIN, CHEST, ANGINA, OLD]),
        (f"=isa/{PAIN}", [PAIN, CHEST, ANGINA]),
        ("=refset/733073007", [CHEST, ANGINA, OLD]),
        ("=ecl/%3C%20404684003%20%7CClinical%20finding%7C", [DISEASE, PAIN]),
    ],
)
@pytest.mark.parametrize("version", ["R4", "R5"])
def test_expand_knows_the_implicit_value_sets(url, expected, version):
    asked = []
    on = service(version, ecl=lambda text, store: asked.append(text) or [DISEASE, PAIN])
    told = expand(url=vs(url), on=on, version=version)
    assert codes(told) == expected and told["expansion"]["total"] == len(expected)
    assert told["expansion"]["timestamp"] == "2026-01-02T03:04:05Z"
    used = {"name": "version" if version == "R4" else "used-codesystem", "valueUri": f"{SNOMED}|2026-01"}
    assert used in told["expansion"]["parameter"]
    assert asked == (["< 404684003 |Clinical finding|"] if "ecl" in url else [])


def test_expand_pages_and_says_so():
    told = expand(url=vs(""), offset="2", count="2")["expansion"]
    assert (told["total"], told["offset"], len(told["contains"])) == (6, 2, 2)
    assert {"name": "count", "valueInteger": 2} in told["parameter"]
    assert "contains" not in expand(url=vs(""), count="0")["expansion"]
    first, again = (expand(url=vs(""), offset=at)["expansion"]["identifier"] for at in ("1", "1"))
    assert first == again != told["identifier"]


def test_expand_filters_by_text_activity_and_language():
    assert codes(expand(url=vs(f"=isa/{FINDING}"), filter="pain")) == [PAIN, CHEST]
    assert codes(expand(url=vs(f"=isa/{FINDING}"), filter="brust")) == [CHEST]
    assert codes(expand(url=vs("=refset/733073007"), activeOnly="true")) == [CHEST, ANGINA]
    item = expand(url=vs(f"=isa/{CHEST}"), displayLanguage="de", includeDesignations="true")
    first = item["expansion"]["contains"][0]
    assert first["display"] == "Brustschmerz" and len(first["designation"]) == 3
    assert "pain" not in str(expand(url=vs(""), filter="pain, J. Doe")["expansion"])


def test_an_expression_is_not_repeated():
    on = service(ecl=lambda text, store: [PAIN])
    told = expand(on=on, url=vs("=ecl/<< 22253000 |J. Doe|"))
    assert "url" not in told and "Doe" not in str(told)


@pytest.mark.parametrize(
    ("compose", "expected"),
    [
        ({"include": [{"system": SNOMED, "concept": [{"code": PAIN}, {"code": OLD}]}]}, [PAIN, OLD]),
        (
            {"inactive": False, "include": [{"system": SNOMED, "concept": [{"code": PAIN}, {"code": OLD}]}]},
            [PAIN],
        ),
        ({"include": [{"system": SNOMED, "filter": [("concept", "is-a", CHEST)]}]}, [CHEST, ANGINA]),
        ({"include": [{"system": SNOMED, "filter": [("concept", "descendent-of", CHEST)]}]}, [ANGINA]),
        ({"include": [{"system": SNOMED, "filter": [("inactive", "=", "true")]}]}, [OLD]),
        (
            {
                "include": [
                    {
                        "system": SNOMED,
                        "filter": [
                            ("inactive", "=", "false"),
                            ("concept", "is-a", DISEASE),
                            ("concept", "is-a", PAIN),
                        ],
                    }
                ]
            },
            [ANGINA],
        ),
        (
            {
                "include": [{"valueSet": [vs(f"=isa/{PAIN}")]}],
                "exclude": [{"system": SNOMED, "concept": [{"code": CHEST}]}],
            },
            [PAIN, ANGINA],
        ),
        ({"include": [{"system": SNOMED, "filter": [("parent", "=", FINDING)]}]}, [DISEASE, PAIN]),
        ({"include": [{"system": SNOMED, "filter": [("child", "=", ANGINA)]}]}, [DISEASE, CHEST]),
    ],
)
def test_expand_composes(compose, expected):
    for item in compose["include"]:
        if "filter" in item:
            item["filter"] = [
                row if isinstance(row, dict) else dict(zip(("property", "op", "value"), row, strict=True))
                for row in item["filter"]
            ]
    assert codes(expand_set(compose)) == expected


def test_expand_shows_the_displays_of_the_value_set():
    compose = {"include": [{"system": SNOMED, "concept": [{"code": PAIN, "display": "Ache"}]}]}
    assert expand_set(compose)["expansion"]["contains"][0]["display"] == "Ache"
    german = expand_set(compose, displayLanguage="de")
    assert german["expansion"]["contains"][0]["display"] == "Schmerz"


def test_expand_refuses_what_it_cannot_answer_truly(monkeypatch):
    refused(404, "not-found", lambda: expand(url="http://x.example/vs"), "http.url")
    refused(404, "not-found", lambda: expand(url=vs("=isa/999")), "http.url")
    refused(404, "not-found", lambda: expand(url=vs("=refset/999")), "http.url")
    refused(404, "not-found", lambda: expand(url=f"{ICD10CM}?fhir_vs"), "http.url")
    refused(422, "not-supported", lambda: expand(url=vs("=refset")), "http.url")
    refused(400, "required", expand)
    refused(400, "value", lambda: expand(url=vs(""), count="-1"), "http.count")
    refused(400, "value", lambda: expand(url=vs(""), activeOnly="yes"), "http.activeOnly")
    at = "ValueSet.compose.include[0]"
    unheld = {"include": [{"system": SNOMED, "concept": [{"code": "999"}]}]}
    refused(404, "not-found", lambda: expand_set(unheld), f"{at}.concept[0].code")
    regex = {"include": [{"system": SNOMED, "filter": [{"property": "x", "op": "regex", "value": "."}]}]}
    refused(422, "not-supported", lambda: expand_set(regex), f"{at}.filter[0]")
    locked = {"lockedDate": "2020-01-01", "include": [{"system": SNOMED}]}
    refused(422, "not-supported", lambda: expand_set(locked), "ValueSet.compose.lockedDate")
    monkeypatch.setattr(expansion, "LIMIT", 3)
    refused(422, "too-costly", lambda: expand(url=vs("")))
    assert len(codes(expand(url=vs(""), count="3"))) == 3
    monkeypatch.setattr(sets, "WALKED", 4)
    refused(422, "too-costly", lambda: expand(url=vs(""), count="3"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"<< {PAIN} |Pain|", [ANGINA, PAIN, CHEST]),
        (f"< {FINDING} MINUS << {PAIN}", [DISEASE]),
        ("^ 733073007", [OLD, ANGINA, CHEST]),
        (f"> {CHEST}", [PAIN, FINDING]),
        ("*", sorted(NAMES)),
    ],
)
def test_expand_and_validate_read_expressions(text, expected):
    url = f"{SNOMED}?fhir_vs=ecl/{text}"
    assert sorted(codes(expand(url=url))) == sorted(expected)
    for code in NAMES:
        assert value(validate_in(url=url, system=SNOMED, code=code), "result") is (code in expected)


def test_an_expression_that_cannot_be_read_is_refused():
    text = refused(400, "value", lambda: expand(url=vs("=ecl/<< J. Doe")), "http.url")
    assert "Doe" not in text
    flat = service()
    flat.store.parents = flat.store.children = lambda system, code: []
    refused(422, "not-supported", lambda: expand(on=flat, url=vs("=ecl/*")), "http.url")


def validate_in(**query):
    return ask(expansion.validate_code, expansion.VALIDATE, **query)


def test_a_code_is_validated_in_a_value_set():
    url = vs(f"=isa/{PAIN}")
    assert value(validate_in(url=url, system=SNOMED, code=ANGINA), "result") is True
    outside = validate_in(url=url, system=SNOMED, code=DISEASE, version="R5")
    assert value(outside, "result") is False and value(outside, "display") == "Disease"
    assert value(validate_in(url=url, system=SNOMED, code=PAIN, display="Ache"), "result") is False
    refused(400, "required", lambda: validate_in(url=url, code=PAIN), "http.system")
    refused(404, "not-found", lambda: validate_in(url="http://x.example", system=SNOMED, code=PAIN))


@wild(st.sets(st.sampled_from(sorted(NAMES))), st.sampled_from([FINDING, PAIN, OLD]), st.booleans())
def test_what_is_expanded_is_what_is_valid(excluded, root, inactive):
    compose = {
        "inactive": inactive,
        "include": [{"system": SNOMED, "filter": [{"property": "concept", "op": "is-a", "value": root}]}],
        "exclude": [{"system": SNOMED, "concept": [{"code": code} for code in sorted(excluded)]}],
    }
    if not excluded:
        del compose["exclude"]
    found = codes(expand_set(compose))
    value_set = {"resourceType": "ValueSet", "status": "active", "compose": compose}
    for code in NAMES:
        body = post(
            valueSet=("resource", value_set), coding=("valueCoding", {"system": SNOMED, "code": code})
        )
        assert value(validate_in(body=body), "result") is (code in found)


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    folder = tmp_path_factory.mktemp("release")
    build([Source(kind="rf2", path=rf2_release.write(folder, Shape()))], folder / "store.sqlite")
    with open_store(folder / "store.sqlite") as store:
        yield Service(store=store)


def test_a_release_is_expanded_as_its_hierarchy_is(release):
    store = release.store
    listed = store.codes(SNOMED, 0, 1000)
    for code in listed[::7]:
        if not store.lookup(SNOMED, code).active:
            continue
        below = {code, *store.descendants(SNOMED, code)}
        assert set(codes(expand(on=release, url=vs(f"=isa/{code}")))) == below
        assert set(codes(expand(on=release, url=vs(f"=ecl/<<{code}")))) == below
        for other in listed[::11]:
            told = validate_in(on=release, url=vs(f"=isa/{code}"), system=SNOMED, code=other)
            assert value(told, "result") is (other in below)


def test_the_maps_of_a_release_are_translated(release):
    said = {}
    for code in release.store.codes(SNOMED, 0, 1000):
        told = translate(on=release, system=SNOMED, code=code, targetsystem=ICD10)
        said.setdefault((value(told, "result"), "depends" in (value(told, "message") or "")), []).append(code)
        rules = release.store.rules(SNOMED, code)
        assert value(told, "result") is (bool(rules) and rules[0].rule == "TRUE")
    assert set(said) == {(True, False), (False, True), (False, False)}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(["valueCode", "valueUri", "valueCoding", "valueCodeableConcept", "resource"])
ENTRIES = st.builds(
    lambda name, key, inner: {"name": name, key: inner},
    st.sampled_from([*sorted(codesystem.LOOKUP), "codeableConcept", "x"]),
    KEYS,
    JSON | st.builds(lambda code: {"system": SNOMED, "code": code}, JSON),
)


@wild(st.lists(ENTRIES | JSON, max_size=3))
def test_wild_parameters_are_answered_or_refused(entries):
    body = {"resourceType": "Parameters", "parameter": entries}
    for operation, accepted in (
        (codesystem.lookup, codesystem.LOOKUP),
        (codesystem.validate_code, codesystem.VALIDATE),
    ):
        try:
            ask(operation, accepted, body=body)
        except Refusal as refusal:
            check(outcome.of(refusal))


@wild(
    st.dictionaries(st.sampled_from(["include", "exclude", "inactive"]), JSON)
    | st.fixed_dictionaries(
        {
            "include": st.lists(
                st.fixed_dictionaries(
                    {"system": st.just(SNOMED)},
                    optional={"concept": JSON, "filter": JSON, "valueSet": JSON, "version": JSON},
                ),
                min_size=1,
                max_size=2,
            )
        }
    )
)
def test_wild_value_sets_are_expanded_or_refused(compose):
    try:
        expand_set(compose)
    except Refusal as refusal:
        check(outcome.of(refusal))


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{", b"\xff", b'{"a": NaN}', b'{"a": "\\ud800"}', b"[" * 100_000]
)
def test_a_body_that_is_no_resource_is_refused(raw):
    refused(400, "structure", lambda: document(raw))


def translate(version="R4", **query):
    accepted = conceptmap.TRANSLATE_R5 if version == "R5" else conceptmap.TRANSLATE_R4
    return ask(conceptmap.translate, accepted, version=version, **query)


def matched(resource, key="equivalence"):
    return [(item[key], item["concept"]["code"]) for item in named_parts(resource, "match")]


def test_translate_names_the_equivalence_in_r4_and_the_relationship_in_r5():
    told = translate(system=SNOMED, code=PAIN, targetsystem=ICD10CM)
    assert value(told, "result") is True and matched(told) == [("wider", "R52")]
    assert named_parts(told, "match")[0]["concept"]["system"] == ICD10CM
    told = translate("R5", system=SNOMED, sourceCode=CHEST, targetSystem=ICD10CM)
    assert matched(told, "relationship") == [("related-to", "R07.9")]
    refused(400, "invalid", lambda: translate("R5", system=SNOMED, code=CHEST), "http.code")


def test_translate_says_when_there_is_none():
    for query in ({"code": DISEASE}, {"code": PAIN, "targetsystem": "http://loinc.org"}, {"code": "999"}):
        told = translate(system=SNOMED, **query)
        assert value(told, "result") is False and value(told, "message") and not matched(told)


def test_translate_gives_only_the_rules_that_hold_for_everyone():
    told = translate(system=SNOMED, code=ANGINA)
    assert matched(told) == [("relatedto", "I20.9")]
    assert "depends on the patient" in value(told, "message")
    url = f"{SNOMED}?fhir_cm=6011000124106"
    told = translate(system=SNOMED, code=ANGINA, url=url)
    assert named_parts(told, "match")[0]["source"] == url
    assert value(translate(system=SNOMED, code=PAIN, url=url), "result") is False


def test_translate_follows_what_became_of_an_inactive_code():
    assert matched(translate(system=SNOMED, code=OLD)) == [("equal", ANGINA)]
    maps = {"900000000000527005": True, "900000000000526001": False}
    for number, result in maps.items():
        told = translate("R5", system=SNOMED, sourceCode=OLD, url=f"{SNOMED}?fhir_cm={number}")
        assert value(told, "result") is result


def test_translate_takes_concepts_and_target_sets():
    codings = [{"system": SNOMED, "code": PAIN}, {"system": SNOMED, "code": OLD}]
    body = post(
        codeableConcept=("valueCodeableConcept", {"coding": codings}),
        target=("valueUri", vs(f"=isa/{DISEASE}")),
    )
    assert matched(translate(body=body)) == [("equal", ANGINA)]


def test_translate_refuses_what_it_does_not_know():
    refused(404, "not-found", lambda: translate(system=SNOMED, code=PAIN, url="http://x.example"), "http.url")
    refused(422, "not-supported", lambda: translate(system=SNOMED, code=PAIN, reverse="true"), "http.reverse")
    both = {"target": vs(""), "targetsystem": SNOMED}
    refused(400, "invalid", lambda: translate(system=SNOMED, code=PAIN, **both))
    refused(400, "required", lambda: translate(code=PAIN), "http.system")
