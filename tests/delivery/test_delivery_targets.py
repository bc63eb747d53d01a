import pytest
from documents import bundle, condition

from adapter.delivery import opening, targets
from adapter.delivery.targets import BasicCredentials
from adapter.errors import SettingsError
from adapter.secret import Secret

FULL = """
[targets.ehr]
url = "https://fhir.example.org/r4/"
pack = "us-core"
unmet = "unprofiled"
organization = "Organization/1"
conditional = "no"
timeout = 5
[targets.ehr.filter]
types = ["Condition"]
categories = { Condition = ["problem-list-item"] }
verification = ["confirmed"]
confidence = 0.5
[targets.ehr.credentials]
kind = "basic"
user = "notewright"
password = { file = "secrets/password" }
[targets.ehr.tls]
authorities = "ca.pem"
[targets.ehr.retry]
attempts = 3

[targets.archive]
url = "http://127.0.0.1:8080/fhir"
fhir = "r5"
"""


def written(tmp_path, text):
    path = tmp_path / "targets.toml"
    path.write_text(text)
    return path


def test_a_file_is_read_in_its_order(tmp_path):
    ehr, archive = targets.read(written(tmp_path, FULL))
    assert (ehr.name, ehr.url, ehr.fhir, ehr.pack) == ("ehr", "https://fhir.example.org/r4", "r4", "us-core")
    assert (ehr.conditional, ehr.timeout, ehr.retry.attempts) == ("no", 5.0, 3)
    assert ehr.filter.categories == {"Condition": {"problem-list-item"}}
    assert isinstance(ehr.credentials, BasicCredentials)
    assert ehr.credentials.password.file == tmp_path / "secrets/password"
    assert ehr.tls.authorities == tmp_path / "ca.pem"
    assert ehr.wishes().organization == {"reference": "Organization/1"}
    assert (archive.fhir, archive.pack, archive.credentials.kind) == ("r5", "base", "none")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[targets.a]\n", "targets.a.url"),
        ("[targets.A]\nurl = 'https://a.example'\n", "targets.A"),
        ("[targets.a]\nurl = 'https://a.example'\nurls = 1\n", "targets.a.urls"),
        ("[targets.a]\nurl = 'ftp://a.example'\n", "targets.a.url"),
        ("[targets.a]\nurl = 'https://u:geheim@a.example'\n", "targets.a.url"),
        ("[targets.a]\nurl = 'https://a.example/?key=geheim'\n", "targets.a.url"),
        ("[targets.a]\nurl = 'http://a.example'\n", "targets.a.url"),
        ("[targets.a]\nurl = 'https://a.example'\nfhir = 'geheim'\n", "targets.a.fhir"),
        ("[targets.a]\nurl = 'https://a.example'\npack = 'geheim'\n", "targets.a.pack"),
        ("[targets.a]\nurl = 'https://a.example'\npack = 'ips'\nfhir = 'r5'\n", "targets.a.pack"),
        ("[targets.a]\nurl = 'https://a.example'\nconditional = true\n", "targets.a.conditional"),
        ("[targets.a]\nurl = 'https://a.example'\norganization = 'Patient/1'\n", "targets.a.organization"),
        (
            "[targets.a]\nurl = 'https://a.example'\nfilter = { type = ['Condition'] }\n",
            "targets.a.filter.type",
        ),
        (
            "[targets.a]\nurl = 'https://a.example'\nfilter = { confidence = 2 }\n",
            "targets.a.filter.confidence",
        ),
        ("[targets.a]\nurl = 'https://a.example'\nretry = { attempts = 0 }\n", "targets.a.retry.attempts"),
        ("[targets.a]\nurl = 'https://a.example'\nretry = { jitter = 1 }\n", "targets.a.retry.jitter"),
        (
            "[targets.a]\nurl = 'https://a.example'\ncredentials = { kind = 'bearer', token = 'geheim' }\n",
            "targets.a.credentials.bearer.token",
        ),
        (
            "[targets.a]\nurl = 'https://a.example'\n"
            "credentials = { kind = 'bearer', token = { file = 'a', env = 'B' } }\n",
            "targets.a.credentials.bearer.token",
        ),
        (
            "[targets.a]\nurl = 'http://a.example'\nplain_http = true\n"
            "credentials = { kind = 'bearer', token = { env = 'TOKEN' } }\n",
            "targets.a.credentials",
        ),
        ("targets = 1\n", "targets"),
        ("[target.a]\n", "targets"),
        ("[targets.a\n", "not TOML"),
    ],
)
def test_what_is_wrong_is_named_and_not_told(tmp_path, text, named):
    with pytest.raises(SettingsError) as wrong:
        targets.read(written(tmp_path, text))
    assert named in str(wrong.value)
    assert "geheim" not in str(wrong.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(SettingsError, match=r"targets\.toml"):
        targets.read(tmp_path / "targets.toml")


def test_an_open_target_adapts_and_sends(fhir, tmp_path):
    server = fhir(conditional=False)
    text = f"""
[targets.a]
url = "{server.url}"
pack = "ips"
filter = {{ types = ["Condition"] }}
credentials = {{ kind = "bearer", token = {{ env = "TOKEN" }} }}
"""
    (target,) = targets.read(written(tmp_path, text))
    with opening.opened(target, {"TOKEN": "abc"}) as open:
        (made,) = open.adapted(bundle(condition("Rubella"))).kept
        first, second = open.sink.send(made), open.sink.send(made)
    assert (first.status, second.status) == ("sent", "unchanged")
    (found,) = server.current("Condition")
    assert found["meta"]["profile"] == ["http://hl7.org/fhir/uv/ips/StructureDefinition/Condition-uv-ips"]
    assert "abc" not in repr(target)


@pytest.mark.parametrize(
    "names",
    [
        'credentials = { kind = "bearer", token = { env = "MISSING" } }',
        'credentials = { kind = "basic", user = "u", password = { file = "missing" } }',
        'credentials = { kind = "api-key", key = { file = "missing" } }',
        'credentials = { kind = "smart", client_id = "c", keys = ["missing"], scopes = ["system/*.cu"] }',
        'tls = { certificate = "missing" }',
    ],
)
def test_what_is_missing_is_known_when_it_is_opened(tmp_path, names):
    (target,) = targets.read(written(tmp_path, f'[targets.a]\nurl = "https://a.example"\n{names}\n'))
    with pytest.raises(SettingsError), opening.opened(target, {}):
        pass


def test_a_secret_is_where_it_is_named(tmp_path):
    (tmp_path / "password").write_text("pw\n")
    name = targets.SecretName(file=tmp_path / "password")
    assert isinstance(name.secret({}), Secret)
    assert name.secret({}).reveal() == "pw"
    assert targets.SecretName(env="P").secret({"P": "x"}).reveal() == "x"
