"""What a caller sends is nowhere but where it belongs: not in logs, metrics, audit, or what others see."""

import base64
import io
import json

import httpx
import pytest

from adapter.api.watching import logs
from adapter.ledger import deliveries
from tests.api import served
from tests.api.served import JSON, wait_until
from tests.services import free_port

MARK = "Zq7Marker"
KEPT = ("nw_version", "nw_work", "nw_parameter", "nw_reading")
"""Documents, what they say, what they are found by, and what reviewers are shown of them."""


def marked(number, content_type="text/plain", **attachment):
    """A document with a marker in every place."""
    text = f"Assessment: asthma. {MARK}text{number} lives in {MARK}town{number}."
    data = base64.b64encode(text.encode()).decode()
    return {
        "resourceType": "DocumentReference",
        "id": f"{MARK}id{number}",
        "status": "current",
        "identifier": [{"system": f"urn:{MARK}system", "value": f"{MARK}value{number}"}],
        "subject": {"display": f"{MARK}subject", "identifier": {"value": f"{MARK}patient"}},
        "author": [{"display": f"{MARK}author"}],
        "description": f"{MARK}description",
        "content": [
            {
                "attachment": {"contentType": content_type, "title": f"{MARK}title.txt", "data": data}
                | attachment
            }
        ],
    }


@pytest.fixture
def logged():
    stream = io.StringIO()
    undo = logs.configure("DEBUG", stream)
    yield stream
    undo()


def test_markers_are_nowhere_else(core_store, tmp_path, logged, capfd, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    targets = tmp_path / "targets.toml"
    targets.write_text(f'[targets.away]\nurl = "http://127.0.0.1:{free_port()}/fhir"\n')
    said = []
    with (
        served.opened(core_store, f"sqlite:///{tmp_path}/ledger.sqlite", targets=targets) as service,
        served.listening(service) as origin,
        httpx.Client(timeout=30) as client,
    ):
        here = served.Endpoint(service=service, client=client, origin=origin)
        good = [here.post(marked(n)).json()["id"] for n in range(2)]
        broken = [
            here.post(marked(3, "application/pdf")),
            here.post(marked(4, "text/html", hash="QUJD")),
            here.post(marked(5, "application/rtf", data="e1xydGYx")),
            here.post(marked(6, url=f"https://{MARK}.example/{MARK}?{MARK}=1", data=None)),
        ]
        said += [here.post(one, "/DocumentReference/$extract") for one in (marked(7, "application/pdf"),)]
        said += _refused(here)
        here.get(f"/CodeSystem/$lookup?system={MARK}&code={MARK}")  # its answer may name the code
        said += [one for one in broken if one.status_code >= 400]

        def failing():
            with service.database.reading() as tx:
                waiting = deliveries.of(tx, good[0])
            return any(one.attempts > 0 for one in waiting)

        wait_until(failing)
        said += [client.get(f"{origin}/metrics"), client.get(f"{origin}/readyz")]
        with service.database.reading() as tx:
            tables = list(
                tx.connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars()
            )
            rows = {name: tx.connection.exec_driver_sql(f'SELECT * FROM "{name}"').all() for name in tables}
    assert {name for name, found in rows.items() if MARK in str(found)} <= set(KEPT)
    assert MARK in str(rows["nw_version"]) and len(rows["nw_audit"]) > 10
    for answer in said:
        assert MARK not in answer.text and MARK not in str(answer.headers), answer.text
    written = logged.getvalue() + "".join(capfd.readouterr())
    assert MARK not in written and "request" in written
    left = [path for path in (tmp_path / "tmp").rglob("*") if path.is_file()]
    assert not [path for path in left if MARK.encode() in path.read_bytes()]
    encoded = base64.b64encode(MARK.encode()).decode()[:8]
    assert encoded not in written + json.dumps([str(one) for one in rows["nw_audit"]])


def _refused(here):
    """Requests that are refused, with markers wherever a caller can put one."""
    bad = marked(9) | {"status": f"{MARK}status", f"{MARK} element": 1}
    header = {"Content-Type": JSON, "X-Request-Id": f"{MARK} {MARK}"}
    post = here.client.post
    return [
        here.post(bad),
        here.post(f'{{"{MARK}": "{MARK}"', Content_Type=JSON),
        here.post(f"<x>{MARK}</x>", Content_Type="application/fhir+xml"),
        here.post(bad, Content_Type=f"text/{MARK}"),
        here.post(bad, "/$process-message"),
        here.post({"resourceType": "Bundle", "type": MARK}, ""),
        here.post(marked(9), If_None_Exist=f"{MARK}={MARK}"),
        here.ask("PUT", f"/DocumentReference/{MARK}", marked(9) | {"id": MARK}, If_Match=MARK),
        here.get(f"/DocumentReference/{MARK}"),
        here.get(f"/{MARK}/{MARK}?{MARK}={MARK}"),
        here.get(f"/DocumentReference?{MARK}={MARK}"),
        here.get(f"/DocumentReference?date={MARK}"),
        here.get("/metadata", Accept=f"application/{MARK}"),
        here.ask("DELETE", f"/DocumentReference/{MARK}", Authorization=f"Bearer {MARK}"),
        post(f"{here.base}/DocumentReference", content=b"{}", headers=header),
    ]
