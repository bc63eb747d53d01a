import pytest

from adapter.delivery import packs
from mappings import Files, MappingError

PROCEDURE = {
    "resourceType": "Procedure",
    "status": "completed",
    "code": {"coding": [{"system": "urn:a", "code": "1"}, {"system": "urn:b", "code": "2", "version": "3"}]},
    "category": [{"coding": [{"code": "x"}]}, {"coding": [{"code": "y"}]}],
    "_performedDateTime": {"extension": []},
    "bodySite": [],
}


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("code", True),
        ("code.coding.version", True),
        ("code.text", False),
        ("performed[x]", True),
        ("performedDateTime", True),
        ("perform[x]", False),
        ("performedPeriod", False),
        ("bodySite", False),
        ("status.coding", False),
    ],
)
def test_present(path, there):
    assert packs.present(PROCEDURE, path) is there


def test_codes():
    assert packs.codes(PROCEDURE, "category") == {"x", "y"}
    assert packs.codes(PROCEDURE, "status") == {"completed"}
    assert packs.codes(PROCEDURE, "severity") == set()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('version = 1\nfhir = ["r4"]\nprofile = []\n', "profile"),
        ('version = 1\nfhir = ["r3"]\n', "fhir"),
        ('fhir = ["r4"]\n', "version"),
        ('version = 1\nfhir = ["r4"]\nunmet = "guess"\n', "unmet"),
        (
            'version = 1\nfhir = ["r4"]\n[[profiles]]\nresource = "A"\nprofile = "b"\nneed = ["c"]\n',
            "profiles.0.need",
        ),
        (
            'version = 1\nfhir = ["r4"]\n[[profiles]]\nresource = "A"\nprofile = "b"\nwhen = { code = 1 }\n',
            "profiles.0.when.code",
        ),
    ],
)
def test_a_key_that_is_not_known_is_named(tmp_path, text, named):
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "mine.toml").write_text(text)
    assert packs.names(Files((tmp_path,))) == ["mine"]
    with pytest.raises(MappingError, match=rf"profiles/mine\.toml: {named}"):
        packs.load("mine", Files((tmp_path,)))


def test_every_pack_names_its_profiles_once():
    for name in packs.names():
        listed = [one.profile for one in packs.load(name).profiles]
        assert len(set(listed)) == len(listed)
        assert all(url.startswith(("http://hl7.org/", "https://")) for url in listed)
