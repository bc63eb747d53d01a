"""Signing in and out in a real browser: its own rules for cookies, redirections and forms."""

import re

import pytest

from tests import openid_provider
from tests.workbench import chromium
from tests.workbench.signing_site import SESSION, opened


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with openid_provider.running({"k1": openid_provider.key()}) as provider:
        provider.person = {"sub": "anna", "name": 'Anna "<b>Müller</b>"', "groups": ["lab"]}
        with opened(provider, tmp_path_factory.mktemp("site"), roles={"lab": "engineer"}) as found:
            yield found


def test_a_person_signs_in_reads_and_signs_out(world):
    start = f"{world.origin}/workbench/sign-in?to=/workbench/try?fhir=r5"
    with chromium.opened(start, width=360) as page:
        assert page.url == f"{world.origin}/workbench/try?fhir=r5"
        assert page.locator(".who bdi").inner_text() == 'Anna "<b>Müller</b>"'
        (cookie,) = page.context.cookies()
        assert (cookie["name"], cookie["sameSite"], cookie["path"]) == (SESSION, "Lax", "/")
        assert cookie["httpOnly"] and cookie["secure"] and cookie["expires"] == -1
        assert page.evaluate("document.cookie") == ""
        assert not chromium.overflows(page) and not chromium.violations(page)
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url(re.compile(r"/workbench/signed-out$"))
        assert "GET /logout" in world.provider.asked
        assert not page.context.cookies() and not chromium.violations(page)
        page.get_by_role("link", name="Sign in again").click()
        page.wait_for_url(re.compile(r"/workbench/[a-z]+$"))
        assert page.get_by_role("button", name="Sign out").is_visible()
