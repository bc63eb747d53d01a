"""HEAD wherever GET is, Allow in full, no redirects, searches by POST."""

import pytest

from tests.api.served import document


@pytest.mark.parametrize(
    "path", ["/metadata", "/.well-known/smart-configuration", "/DocumentReference", "{one}"]
)
def test_head_is_get_without_its_body(here, path):
    one = here.post(document()).json()["id"]
    path = path.format(one=f"/DocumentReference/{one}")
    got, head = here.get(path), here.ask("HEAD", path)
    assert head.status_code == got.status_code == 200 and not head.content
    assert head.headers["Content-Type"] == got.headers["Content-Type"]


def test_allow_names_every_method(here):
    assert here.ask("DELETE", "/DocumentReference/1").headers["Allow"] == "GET, HEAD, PUT"
    assert here.ask("DELETE", "/DocumentReference").headers["Allow"] == "GET, HEAD, POST"


def test_there_are_no_redirects(here):
    assert here.get("/DocumentReference/").status_code in (404, 405)


def test_search_by_post(here):
    made = here.post(document(patient="posted")).json()["id"]
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    found = here.ask("POST", "/DocumentReference/_search?_count=5", "patient=posted", **form).json()
    assert [entry["resource"]["id"] for entry in found["entry"]] == [made]
    assert here.ask("POST", "/DocumentReference/_search", "x", Content_Type="text/plain").status_code == 415
