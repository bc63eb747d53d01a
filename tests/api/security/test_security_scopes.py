"""Scopes: what is understood, what it reaches, and that nothing else reaches anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.api.security import interactions, scopes
from adapter.api.security.interactions import Interaction

NOTE = {
    "resourceType": "DocumentReference",
    "status": "current",
    "category": [{"coding": [{"system": "http://x.example/c", "code": "clinical-note"}]}],
    "subject": {"reference": "Patient/p1"},
}
CREATE = Interaction(kind="create", resource="DocumentReference")
READ = Interaction(kind="read", resource="DocumentReference")
SEARCH = Interaction(kind="search-type", resource="DocumentReference")


def granted(text, interaction, patient=None):
    return scopes.allows(scopes.parse(text), interaction, patient)


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("system/DocumentReference.c", "create"),
        ("system/DocumentReference.rs", "read vread history-instance search-type history-type"),
        ("system/DocumentReference.u", "update patch"),
        ("system/DocumentReference.d", "delete"),
        ("system/DocumentReference.us", "update patch search-type history-type conditional-update"),
        ("system/DocumentReference.d system/*.s", "delete conditional-delete search-type history-type"),
        ("system/DocumentReference.read", "read vread history-instance search-type history-type"),
        ("system/DocumentReference.write", "create update patch delete"),
        ("user/*.*", " ".join(kind for kind in interactions.LETTERS if "system" not in kind)),
        ("system/*.cruds", " ".join(kind for kind in interactions.LETTERS if "system" not in kind)),
        ("system/Observation.cruds openid fhirUser launch/patient offline_access", ""),
        ("", ""),
    ],
)
def test_letters_give_interactions(text, allowed):
    for kind in interactions.LETTERS:
        if not kind.endswith("-system"):
            found = granted(text, Interaction(kind=kind, resource="DocumentReference"))
            assert (found is not None) == (kind in allowed.split()), kind


def test_whole_system_needs_every_type():
    everywhere = Interaction(kind="search-system")
    assert granted("system/DocumentReference.s", everywhere) is None
    assert granted("system/*.s", everywhere).whole
    assert granted("system/*.cruds", Interaction(kind="create")) is None
    assert granted("system/*.cruds", interactions.UNKNOWN) is None


@pytest.mark.parametrize(
    "word",
    [
        "system/DocumentReference.sr",
        "system/DocumentReference.",
        "system/DocumentReference",
        "system/.c",
        "system/documentReference.c",
        "System/DocumentReference.c",
        "system/DocumentReference.C",
        "system/DocumentReference.cc",
        "system/DocumentReference.read?category=a",
        "system/DocumentReference.c?",
        "system/DocumentReference.c?category",
        "system/DocumentReference.c?category=",
        "system/DocumentReference.c?category:in=x",
        "system/DocumentReference.c?unknown=x",
        "system/*.c?category=x",
        "system/DocumentReference.c?patient.name=x",
        "system/DocumentReference.c?encounter=ge1",
        "system/DocumentReference.c?type=a|b|c",
        "system/DocumentReference.c?category=a\\,b",
        "system/DocumentReference.c?category=%FF",
        "patient/bulk-submit",
        "user/bulk-submit",
        "other/DocumentReference.c",
        "system/*.*.c",
        "*.cruds",
        "system/**.c",
        "system/DocumentReference.c#x",
        'system/DocumentReference.c?category="x"',
        "system/DocumentReference.c?category=é",
        "system/Document-Reference.c",
        "../system/DocumentReference.c",
    ],
)
def test_what_cannot_be_understood_or_enforced_grants_nothing(word):
    assert scopes.parse(word) == ()


def test_bounds():
    assert scopes.parse("system/A.c " * 2000) == ()
    many = " ".join(f"system/A{'a' * (n % 26)}{chr(65 + n // 26)}.c" for n in range(300))
    assert len(scopes.parse(many)) == scopes.MOST


def test_a_constraint_limits_what_is_admitted():
    grant = granted("system/DocumentReference.c?category=http%3A%2F%2Fx.example%2Fc|clinical-note", CREATE)
    assert not grant.whole
    assert grant.admits(NOTE)
    assert not grant.admits({**NOTE, "category": []})
    assert not grant.admits({**NOTE, "resourceType": "Observation"})
    assert grant.searches() == ((("category", "http://x.example/c|clinical-note"),),)


@pytest.mark.parametrize(
    ("query", "met"),
    [
        ("category=clinical-note", True),
        ("category=other,clinical-note", True),
        ("category=|clinical-note", False),
        ("category=http://x.example/c|", True),
        ("category=http://y.example/c|clinical-note", False),
        ("category=clinical-note&status=current", True),
        ("category=clinical-note&status=superseded", False),
        ("category=clinical-note&category=other", False),
        ("patient=p1", True),
        ("patient=Patient/p1", True),
        ("patient=p2", False),
        ("subject=Patient/p1", True),
        ("_tag=x", False),
    ],
)
def test_constraints_mean_what_they_mean_in_search(query, met):
    assert granted(f"system/DocumentReference.r?{query}", READ).admits(NOTE) is met


@pytest.mark.parametrize(
    "category",
    [None, "clinical-note", 7, [7], {"coding": 7}, [{"coding": "x"}], [[["x"]]], {"coding": [None]}],
)
def test_misshapen_elements_do_not_break_a_constraint(category):
    grant = granted("system/DocumentReference.r?category=clinical-note", READ)
    assert grant.admits({**NOTE, "category": category}) is (category == "clinical-note")


def test_scopes_of_one_type_add_up():
    text = "system/DocumentReference.rs?category=x system/DocumentReference.rs?status=current"
    grant = granted(text, SEARCH)
    assert grant.admits(NOTE)
    assert grant.searches() == ((("category", "x"),), (("status", "current"),))
    assert granted(text + " system/*.s", SEARCH).whole
    both = "system/DocumentReference.u?category=clinical-note system/DocumentReference.s?status=superseded"
    needed = granted(both, Interaction(kind="conditional-update", resource="DocumentReference"))
    assert not needed.admits(NOTE)
    assert needed.admits({**NOTE, "status": "superseded"})


def test_patient_scopes_reach_one_patient():
    assert granted("patient/*.cruds", READ) is None
    assert granted("patient/*.cruds", READ, patient="../p1") is None
    grant = granted("patient/*.cruds", READ, patient="p1")
    assert grant.admits(NOTE)
    assert grant.admits({**NOTE, "subject": {"reference": "Patient/p1/_history/3"}})
    for subject in (
        None,
        {"reference": "Patient/p2"},
        {"reference": "Patient/p11"},
        {"reference": "https://elsewhere.example/Patient/p1"},
        {"display": "Patient/p1"},
        [{"reference": "Patient/p1"}, {"reference": "Patient/p2"}],
        "Patient/p1",
    ):
        assert not grant.admits({**NOTE, "subject": subject})
    assert grant.searches() == ((("patient", "Patient/p1"),),)
    patient = granted("patient/Patient.r", Interaction(kind="read", resource="Patient"), patient="p1")
    assert patient.admits({"resourceType": "Patient", "id": "p1"})
    assert not patient.admits({"resourceType": "Patient", "id": "p2"})
    assert not patient.admits({"resourceType": "Patient"})


@pytest.mark.parametrize(
    ("operation", "enough", "short"),
    [
        ("DocumentReference/$extract", "system/DocumentReference.c", "system/DocumentReference.ruds"),
        ("$process-message", "system/*.c", "system/*.ruds"),
        ("$bulk-submit", "system/bulk-submit", "system/*.cruds"),
        ("$bulk-submit-status", "system/bulk-submit", "system/*.cruds"),
        ("Subscription/$events", "system/Subscription.rs", "system/Subscription.cuds"),
        ("ValueSet/$expand", "user/ValueSet.r", "user/CodeSystem.r"),
    ],
)
def test_operations_need_what_the_table_says(operation, enough, short):
    asked = Interaction(kind="operation", operation=operation)
    assert granted(enough, asked) is not None
    assert granted(short, asked) is None


def test_an_operation_that_is_not_listed_is_refused_to_all():
    everything = "system/*.cruds system/bulk-submit user/*.*"
    assert granted(everything, Interaction(kind="operation", operation="$everything")) is None
    assert granted(everything, Interaction(kind="operation", operation="Patient/$extract")) is None


LETTERS = st.sets(st.sampled_from("cruds"), min_size=1).map(lambda s: "".join(x for x in "cruds" if x in s))


@given(st.sampled_from(scopes.CONTEXTS), st.from_regex(r"[A-Z][A-Za-z]{0,20}", fullmatch=True), LETTERS)
def test_every_well_formed_scope_gives_its_letters_and_no_others(context, resource, letters):
    found = scopes.parse(f"{context}/{resource}.{letters}")
    assert [(one.context, one.resource, one.letters) for one in found] == [(context, resource, letters)]
    for kind, needed in interactions.LETTERS.items():
        if not kind.endswith("-system"):
            got = scopes.allows(found, Interaction(kind=kind, resource=resource), "p1")
            assert (got is not None) == (set(needed) <= set(letters))
            assert scopes.allows(found, Interaction(kind=kind, resource=resource + "X"), "p1") is None


@given(st.text(max_size=200) | st.text(alphabet="systempatientuser/.*?crudsread&=%| ", max_size=60))
def test_wild_text_never_breaks_and_never_gives_more(text):
    for scope in scopes.parse(text):
        assert f"{scope.context}/{scope.resource}" in text
        assert set(scope.letters) <= set("cruds")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["subject", "reference", "category", "coding", "code", "resourceType"]), inner
            )
        ),
        max_leaves=12,
    )
)
def test_a_wild_resource_is_never_admitted_to_one_patient(value):
    grant = granted(
        "patient/*.r?_tag=t", Interaction(kind="read", resource="DocumentReference"), patient="p1"
    )
    assert not grant.admits({"resourceType": "DocumentReference", "subject": value, "meta": value})
