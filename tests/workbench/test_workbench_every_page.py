"""What is true of every page there is, and of every action of it, whoever wrote it."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import httpx
import lxml.html
import pytest

from adapter import workbench
from adapter.errors import NotAuthenticated
from adapter.workbench.bench import ROLES, Person
from adapter.workbench.page import BASE
from adapter.workbench.pages import PAGES
from tests.workbench import hostile_site

FOLDER = Path(workbench.__file__).parent
TEMPLATES = sorted((FOLDER / "templates").rglob("*.html"))
SCRIPTS = sorted((FOLDER / "static").glob("*.js"))
ACTIONS = [(page, action) for page in PAGES for action in page.actions]
NAMES = [f"{action.method} {page.address}{action.path}" for page, action in ACTIONS]
WHO = "X-Test-Roles"


def admit(headers, method, path, client):
    """Who says that they have some roles, has them; who says nothing is a stranger."""
    roles = dict(headers.items()).get(WHO.lower())
    if roles is None:
        raise NotAuthenticated
    return Person(name="test", roles=frozenset(role for role in ROLES if role in roles.split(",")))


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[hostile_site.Site]:
    with hostile_site.opened(tmp_path_factory.mktemp("site"), admit=admit) as found:
        yield found


@pytest.fixture(scope="module")
def client(site):
    with httpx.Client(base_url=site.origin, timeout=300) as found:
        yield found


def address(page, action, site):
    """One where there is something, as far as it is told by the names in the path."""
    known = {"document": site.documents[0], "id": site.documents[0], "version": "1", "fhir": "r4"}
    name = hostile_site.DRAFTED if page.path == "lab" else "hostile"
    known |= {"name": name, "draft": "hostile", "operation": "translate"}
    return page.address + re.sub(r"\{(\w+)(?::\w+)?\}", lambda name: known.get(name[1], "x"), action.path)


def asked(client, site, page, action, roles, **headers):
    sent = headers | ({WHO: roles} if roles is not None else {})
    return client.request(
        action.method,
        address(page, action, site),
        headers=sent,
        data={"none": ""} if action.method == "POST" else None,
    )


def headed(answer):
    policy = answer.headers["content-security-policy"]
    assert policy.startswith(("default-src 'none'", "sandbox; default-src 'none'"))
    assert "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy
    assert not re.search(r"script-src[^;]*(unsafe|\*|data:|http)", policy)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert "server" not in answer.headers and "set-cookie" not in answer.headers


def readable(page):
    """A page that programs for people who do not see it can read."""
    tree = lxml.html.document_fromstring(page)
    assert tree.get("lang") == "en"
    assert len(tree.xpath("//h1")) == 1 and tree.xpath("string(//h1)").strip()
    assert tree.xpath("string(//head/title)").strip().split(" · ")[0]
    assert len(tree.xpath("//main[@id='main']")) == 1
    levels = [int(one.tag[1]) for one in tree.xpath("//*[self::h1 or self::h2 or self::h3 or self::h4]")]
    assert levels[0] == 1 and all(after <= before + 1 for before, after in pairwise(levels))
    fields = tree.xpath("//input[not(@type='hidden' or @type='submit')] | //select | //textarea")
    assert not [lxml.html.tostring(one)[:200] for one in fields if not labelled(tree, one)]
    unnamed = [
        one for one in tree.xpath("//*[self::button or self::a[@href]][not(@hidden)]") if not named(one)
    ]
    assert not [lxml.html.tostring(one)[:200] for one in unnamed]
    assert not [one for one in tree.xpath("//img") if one.get("alt") is None]
    ids = tree.xpath("//@id")
    assert len(set(ids)) == len(ids)
    assert not tree.xpath("//form[not(@method='post') and .//textarea]")  # notes never go into an address


def labelled(tree, field):
    if field.get("aria-label", "").strip() or field.get("aria-labelledby"):
        return True
    inside = field.xpath("ancestor::label")
    named = tree.xpath("//label[@for=$id]", id=field.get("id", "")) if field.get("id") else []
    return any(one.text_content().strip() for one in (*inside, *named))


def named(one):
    words = one.text_content() + one.get("aria-label", "") + "".join(one.xpath(".//img/@alt"))
    return bool(words.strip())


@pytest.mark.parametrize(("page", "action"), ACTIONS, ids=NAMES)
def test_an_action_is_for_who_may_and_from_our_own_pages(client, site, page, action):
    others = ",".join(ROLES - {action.role, "administrator"})
    stranger = asked(client, site, page, action, None, **{"Sec-Fetch-Site": "same-origin"})
    without = asked(client, site, page, action, others, **{"Sec-Fetch-Site": "same-origin"})
    assert (stranger.status_code, without.status_code) == (401, 403)
    answers = [stranger, without]
    if action.method == "POST":
        for headers in (
            {},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "null"},
        ):
            answers.append(asked(client, site, page, action, "administrator", **headers))
            assert answers[-1].status_code == 403
    for answer in answers:
        headed(answer)
        readable(answer.text)


@pytest.mark.parametrize(("page", "action"), ACTIONS, ids=NAMES)
def test_whatever_an_action_answers_is_headed_and_readable(client, site, page, action):
    if action.method == "POST" and action.role == "administrator":
        pytest.skip("what cannot be undone is left for its own tests")
    answer = asked(client, site, page, action, "administrator", **{"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code < 500 or answer.status_code == 503
    headed(answer)
    whole = answer.headers.get("content-type", "").startswith("text/html") and "<html" in answer.text
    if whole and "sandbox" not in answer.headers["content-security-policy"]:
        readable(answer.text)


def test_every_page_is_there(client):
    answer = client.get(f"{BASE}/", headers={WHO: "administrator"}, follow_redirects=True)
    found = re.findall(r'href="(/workbench/[a-z-]+)"', answer.text)
    assert {page.address for page in PAGES} <= set(found)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_nothing_is_inline_in_a_template(path):
    text = path.read_text("utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son[a-z]+=|\sstyle=|javascript:", text, re.I)
    assert not re.search(r"\|\s*safe\b|autoescape|Markup|http-equiv", text)
    assert not re.search(r"""(src|href|action)=["']?(https?:)?//""", text)
    unquoted = re.findall(r"\s[\w-]+=\{\{[^}]*\}\}", re.sub(r"\{%.*?%\}", "", text, flags=re.S))
    assert not unquoted, "a value in an attribute without quotes"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_makes_markup_of_text(path):
    text = re.sub(r"//.*", "", path.read_text("utf-8"))
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text
    )
    assert not re.search(
        r"srcdoc|\.cookie|localStorage|sessionStorage|https?://|[\"']on[a-z]+[\"']\s*,", text
    )
