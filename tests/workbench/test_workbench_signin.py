"""Signing in against a real provider: how it goes, who may do what then, and when it is over."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import httpx
import pytest

from adapter.errors import SettingsError
from tests import openid_provider
from tests.workbench.signing_site import BEGUN, SESSION, Browser, opened


@pytest.fixture(scope="module")
def key():
    return openid_provider.key()


@pytest.fixture(scope="module")
def answering(key):
    with openid_provider.running({"k1": key}) as found:
        yield found


@pytest.fixture
def provider(answering):
    answering.straighten()
    return answering


@pytest.fixture(scope="module")
def lasting(answering, tmp_path_factory):
    with opened(answering, tmp_path_factory.mktemp("site")) as found:
        yield found


@pytest.fixture
def world(lasting, provider):
    lasting.forget()
    return lasting


def test_a_closed_page_leads_to_signing_in_and_back_to_it(world):
    browser = Browser(world.origin)
    closed = browser.get("try?example=en-clinic&fhir=r5")
    assert closed.status_code == 401
    assert "Sign in with Hospital login" in closed.text
    link = quote("/workbench/try?example=en-clinic&fhir=r5", safe="")
    assert f'href="/workbench/sign-in?to={link}"' in closed.text
    page = browser.sign_in(link)
    assert browser.seen[-1] == f"{world.origin}/workbench/try?example=en-clinic&fhir=r5"
    assert page.status_code == 503  # no model in this process, said to somebody who is known
    assert "Anna Müller" in page.text and "Sign out" in page.text
    assert set(browser.cookies) == {SESSION} and len(browser.cookies[SESSION]) == 43


def test_what_the_provider_is_asked(world):
    browser = Browser(world.origin)
    address = httpx.URL(browser.get("sign-in", follow=False).headers["location"])
    asked = dict(address.params)
    assert asked["redirect_uri"] == f"{world.origin}/workbench/signed-in"
    assert asked["code_challenge_method"] == "S256" and asked["scope"] == "openid profile"
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    assert all(len(asked[name]) == 43 for name in ("state", "nonce", "code_challenge"))
    assert not {asked[name] for name in ("state", "nonce")} & set(browser.cookies[BEGUN].split("."))
    again = dict(httpx.URL(browser.get("sign-in", follow=False).headers["location"]).params)
    assert again["state"] != asked["state"] and again["nonce"] != asked["nonce"]


def test_a_public_client_brings_no_secret(provider, tmp_path):
    provider.secret = None
    with opened(provider, tmp_path) as world:
        assert Browser(world.origin).sign_in().status_code == 200


def test_signing_out_ends_it_here_and_at_the_provider(world):
    browser = Browser(world.origin)
    browser.sign_in()
    held = dict(browser.cookies)
    assert browser.post("sign-out", site="cross-site").status_code == 403
    assert browser.get("try").status_code == 200
    page = browser.post("sign-out")
    assert page.status_code == 200 and "You are signed out" in page.text
    assert not browser.cookies
    seconds, _, url = page.headers["refresh"].partition("; url=")
    assert seconds == "0" and url.startswith(f"{world.provider.url}/logout?")
    assert browser.get(url).status_code == 200 and browser.seen[-1] == f"{world.origin}/workbench/signed-out"
    assert Browser(world.origin, held).get("try").status_code == 401
    kinds = [(one["subtype"][0]["display"], one["outcome"]) for one in world.audited()]
    assert kinds == [("Login", "0"), ("Logout", "0")]
    who = {one["agent"][0]["who"]["identifier"]["value"] for one in world.audited()}
    assert len(who) == 1 and "anna" not in who


def test_a_session_is_new_at_every_sign_in(world):
    browser = Browser(world.origin, {SESSION: "A" * 43})
    assert browser.get("try").status_code == 401
    browser.sign_in()
    first = browser.cookies[SESSION]
    browser.sign_in()
    assert len({first, browser.cookies[SESSION], "A" * 43}) == 3
    assert Browser(world.origin, {SESSION: first}).get("try").status_code == 401


@pytest.mark.parametrize(
    ("idle", "longest", "steps"),
    [
        (600, 3600, [500, 500, 601]),
        (3000, 3600, [2000, 1700]),
        (600, 3600, [590, 590, 590, 590, 590, 590, 100]),
    ],
)
def test_a_session_ends(provider, tmp_path, idle, longest, steps):
    passed = [0.0]

    def clock():
        return datetime.now(UTC) + timedelta(seconds=passed[0])

    with opened(provider, tmp_path, clock=clock, idle=idle, longest=longest) as world:
        browser = Browser(world.origin)
        browser.sign_in()
        for step in steps[:-1]:
            passed[0] += step
            assert browser.get("try").status_code == 200
        passed[0] += steps[-1]
        assert browser.get("try").status_code == 401


def test_any_process_knows_who_is_signed_in(provider, tmp_path, database_url):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with (
        opened(provider, tmp_path / "one", database=database_url) as one,
        opened(provider, tmp_path / "two", database=database_url) as two,
    ):
        browser = Browser(one.origin)
        browser.sign_in()
        other = Browser(two.origin, browser.cookies)
        assert "Anna Müller" in other.get("try").text
        other.post("sign-out")
        assert Browser(one.origin, dict(browser.cookies)).get("try").status_code == 401


def test_the_ledger_tells_nobody_who_is_signed_in(world, tmp_path):
    browser = Browser(world.origin)
    browser.sign_in()
    with world.database.reading() as tx:
        row = tx.connection.exec_driver_sql("SELECT * FROM nw_session").one()
    text = " ".join(map(str, row))
    assert browser.cookies[SESSION] not in text
    assert not [word for word in ("Anna", "anna", "eyJ", "viewer") if word in text]


TABLE = {"nw-lab": "engineer", "nw-doctors": ("reviewer", "engineer"), "nw-admins": "administrator"}


@pytest.mark.parametrize(
    ("groups", "claim", "roles"),
    [
        ({"groups": ["nw-lab", "other"]}, "groups", "engineer, viewer"),
        ({"groups": ["nw-doctors"]}, "groups", "engineer, reviewer, viewer"),
        ({"groups": "nw-admins"}, "groups", "administrator, viewer"),
        ({"realm_access": {"roles": ["nw-lab"]}}, "realm_access.roles", "engineer, viewer"),
        (
            {"https://hospital.example/roles": ["nw-lab"]},
            "https://hospital.example/roles",
            "engineer, viewer",
        ),
        ({"groups": ["NW-LAB", "administrator", "nw-lab "]}, "groups", None),
        ({"groups": {"nw-lab": True}}, "groups", None),
        ({"groups": [1, None]}, "groups", None),
        ({}, "groups", None),
        ({"realm_access": ["roles"]}, "realm_access.roles", None),
    ],
)
def test_roles_come_from_the_groups_of_the_table(provider, tmp_path, groups, claim, roles):
    provider.person |= groups
    with opened(provider, tmp_path, claim=claim, roles=TABLE) as world:
        browser = Browser(world.origin)
        page = browser.sign_in()
        if roles is None:
            assert page.status_code == 403 and "no role here" in page.text and SESSION not in browser.cookies
            return
        holder = world.sign_in.who({"cookie": f"{SESSION}={browser.cookies[SESSION]}"})
        assert ", ".join(holder.roles) == roles


def test_without_a_table_people_only_look(world):
    world.provider.person |= {"groups": ["administrator", "reviewer"]}
    browser = Browser(world.origin)
    browser.sign_in()
    assert world.sign_in.who({"cookie": f"{SESSION}={browser.cookies[SESSION]}"}).roles == ("viewer",)


@pytest.mark.parametrize(
    ("scopes", "status"),
    [
        ("system/DocumentReference.crs", 200),
        ("system/DocumentReference.cruds", 200),
        ("system/*.cruds", 200),
        ("system/reviewer", 200),
        ("system/DocumentReference.c", 403),  # may post documents, not see those of others
        ("system/DocumentReference.rs", 403),
        ("system/DocumentReference.crs?category=clinical-note", 403),
        ("system/deliveries", 403),
        ("system/Condition.rs", 403),
    ],
)
def test_keys_still_let_in_with_the_roles_of_their_scopes(world, scopes, status):
    headers = {"X-API-Key": world.keys.add("test", scopes)[1]}
    assert Browser(world.origin).get("try", **headers).status_code == status


def test_a_key_stands_before_a_session(world):
    browser = Browser(world.origin)
    browser.sign_in()
    headers = {"X-API-Key": world.keys.add("test", "system/Condition.rs")[1]}
    assert browser.get("try", **headers).status_code == 403
    assert browser.get("try", **{"Authorization": "Bearer nw_nobody"}).status_code == 401


@pytest.mark.parametrize(
    "to",
    [
        "https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example",
        "/workbench//evil.example",
        "/workbench/../fhir/Patient", "/workbench/%2e%2e/fhir", "/workbench/..", "/workbench.evil.example",
        "/workbenchx", "/workbench@evil.example", "javascript:alert(1)", "/workbench\r\nSet-Cookie: a=b",
        "/workbench/try#x", "/fhir/metadata", "http:/workbench/try", " /workbench/try", "/workbench/try\0",
        "/workbench/try?a=<script>", "/workbench/./sign-out", "/workbench/" + "a" * 2000, "",
        "https://127.0.0.1@evil.example/workbench", "/%09/evil.example", "/workbench\t//evil.example",
    ],
)  # fmt: skip
def test_signing_in_leads_nowhere_but_to_a_page_of_ours(world, to):
    browser = Browser(world.origin)
    page = browser.sign_in(quote(to, safe=""))
    assert page.status_code == 200
    assert browser.seen[-1] == f"{world.origin}/workbench/try"
    assert f"{world.origin}/workbench" in browser.seen


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "Anna\u202e\u2066 Müller\n\0", "x" * 5000, {"a": 1}, "", None, "🩺"]
)
def test_a_hostile_name_is_only_text(world, name):
    world.provider.person |= {"name": name}
    page = Browser(world.origin).sign_in()
    assert page.status_code == 200
    assert "<script>alert" not in page.text and "\u202e" not in page.text and "x" * 101 not in page.text


@pytest.mark.parametrize(
    "row",
    [
        {"issuer": "http://login.example"},
        {"issuer": "https://user@login.example"},
        {"scopes": ("profile",)},
        {"roles": {"g": "king"}},
        {"client_secret": {"env": "NW_NO_SUCH"}},
    ],
)
def test_a_site_that_cannot_be_is_refused_at_the_start(provider, tmp_path, row):
    with pytest.raises((SettingsError, ValueError)), opened(provider, tmp_path, **row):
        pass


def test_rotated_keys_are_fetched(provider, tmp_path):
    from adapter.api.security.identity import Identities
    from adapter.api.security.openid import Client, Provider, sender

    home = "http://127.0.0.1:1/workbench"
    client = Client(issuer=provider.url, id="notewright", redirect=home, farewell=home)
    time = [0.0]
    line = Provider(client, sender(provider.url))
    reader = Identities(provider.url, "notewright", "groups", line.fetch, clock=lambda: time[0])
    now = datetime.now(UTC).timestamp()
    claims = {"iss": provider.url, "aud": "notewright", "sub": "a", "iat": now, "exp": now + 60, "nonce": "n"}
    assert reader.read(provider.signed(claims), "n").subject == "a"
    provider.keys = {"k2": openid_provider.key()}
    time[0] += 31
    assert reader.read(provider.signed(claims), "n").subject == "a"
    assert provider.asked.count("GET /jwks") == 2
