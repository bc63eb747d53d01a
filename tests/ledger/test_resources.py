"""Versions, conditional creation and search, on SQLite and PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from adapter.errors import Gone, InputError, LedgerError, PreconditionFailed, UnknownResource
from adapter.ledger import opened, resources
from adapter.ledger.index import criterion, span


class Ticking:
    """A clock that moves on a second at each look."""

    def __init__(self):
        self._ticks = count()

    def __call__(self):
        return datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=next(self._ticks))


@pytest.fixture
def database(database_url):
    with opened(database_url, Ticking()) as found:
        yield found


def document(number=1, **more):
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "identifier": [{"system": "urn:notes", "value": f"n{number}"}],
        "subject": {"reference": f"Patient/p{number % 3}"},
        "date": f"2026-02-{number:02}T10:00:00+01:00",
        "content": [{"attachment": {"contentType": "text/plain", "data": "QQ=="}}],
        **more,
    }


def by(name, value):
    return criterion("DocumentReference", name, value)


def ids(page):
    return [one.content["identifier"][0]["value"] for one in page.found]


def test_what_was_created_is_read_as_it_was_given(database):
    with database.writing() as tx:
        stored, new = resources.create(tx, document())
    assert new and stored.version == 1 and stored.etag == 'W/"1"'
    with database.reading() as tx:
        found = resources.read(tx, "DocumentReference", stored.id)
    assert found == stored
    assert found.content["meta"] == {"versionId": "1", "lastUpdated": stored.at}
    assert {key: found.content[key] for key in document()} == document()


def test_versions_stay_readable(database):
    with database.writing() as tx:
        one, _ = resources.create(tx, document())
    with database.writing() as tx:
        two = resources.change(tx, one.type, one.id, lambda old: {**old, "status": "superseded"}, expected=1)
    assert two.version == 2
    with database.reading() as tx:
        assert resources.read(tx, one.type, one.id, 1).content["status"] == "current"
        assert [each.version for each in resources.history(tx, one.type, one.id)] == [2, 1]
        assert ids(resources.search(tx, one.type, [by("status", "superseded")])) == ["n1"]
        assert ids(resources.search(tx, one.type, [by("status", "current")])) == []
    with database.writing() as tx:
        same = resources.change(tx, one.type, one.id, dict)
        assert same.version == 2
        with pytest.raises(PreconditionFailed):
            resources.change(tx, one.type, one.id, lambda old: {**old, "status": "current"}, expected=1)


def test_what_is_deleted_is_gone(database):
    with database.writing() as tx:
        one, _ = resources.create(tx, document())
        resources.remove(tx, one.type, one.id)
    with database.reading() as tx:
        with pytest.raises(Gone):
            resources.read(tx, one.type, one.id)
        assert resources.read(tx, one.type, one.id, 1).version == 1
        assert resources.search(tx, one.type, []).total == 0
        with pytest.raises(UnknownResource):
            resources.read(tx, one.type, "other")


def test_conditional_creation(database):
    match = [by("identifier", "urn:notes|n1")]
    with database.writing() as tx:
        one, _ = resources.create(tx, document(), match=match)
        assert resources.create(tx, document(2), match=match) == (one, False)
        resources.create(tx, document())
        with pytest.raises(PreconditionFailed):
            resources.create(tx, document(), match=match)


def test_the_same_document_again_is_the_one_that_is_there(database):
    with database.writing() as tx:
        one, _ = resources.create(tx, document(), once=True)
        again, new = resources.create(tx, dict(reversed(document().items())), once=True)
        assert again == one and not new
        assert resources.create(tx, document(docStatus="final"), once=True)[1]
        bare = {key: value for key, value in document().items() if key != "identifier"}
        assert resources.create(tx, bare, once=True)[1] and resources.create(tx, bare, once=True)[1]


def test_many_clients_at_once_create_one(database):
    match = [by("identifier", "urn:notes|n1")]

    def post(_):
        with database.writing() as tx:
            return resources.create(tx, document(), match=match)[0].id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(post, range(24)))) == 1


def test_of_many_changes_at_once_one_wins(database):
    with database.writing() as tx:
        one, _ = resources.create(tx, document())

    def put(number):
        try:
            with database.writing() as tx:
                changed = {**document(), "description": f"{number}"}
                return resources.change(tx, one.type, one.id, lambda _: changed, expected=1).version
        except PreconditionFailed:
            return None

    with ThreadPoolExecutor(8) as pool:
        assert sorted(filter(None, pool.map(put, range(16)))) == [2]


def test_pages_cover_everything_once(database):
    with database.writing() as tx:
        for number in range(1, 8):
            resources.create(tx, document(number))
    seen, after = [], None
    with database.reading() as tx:
        while True:
            page = resources.search(tx, "DocumentReference", [], count=3, after=after)
            assert page.total == 7
            seen += ids(page)
            if not (after := page.next):
                break
    assert sorted(seen) == [f"n{number}" for number in range(1, 8)] and len(seen) == 7


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("identifier", "n2", [2]),
        ("identifier", "urn:notes|", [1, 2, 3, 4]),
        ("identifier", "urn:other|n2", []),
        ("identifier", "n1,n3", [1, 3]),
        ("patient", "p1", [1, 4]),
        ("patient", "Patient/p1", [1, 4]),
        ("date", "2026-02-02", [2]),
        ("date", "2026-02", [1, 2, 3, 4]),
        ("date", "ge2026-02-03", [3, 4]),
        ("date", "lt2026-02-02T09:00:00Z", [1]),
        ("date", "le2026-02-02T09:00:00Z", [1, 2]),
        ("date", "gt2026-02-02T09:00:00Z", [3, 4]),
        ("date", "eq2026-02-02T10:00:00+01:00", [2]),
        ("_lastUpdated", "ge2026", [1, 2, 3, 4]),
    ],
)
def test_search(database, name, value, found):
    with database.writing() as tx:
        for number in range(1, 5):
            resources.create(tx, document(number))
    with database.reading() as tx:
        page = resources.search(tx, "DocumentReference", [by(name, value)])
    assert sorted(ids(page)) == [f"n{number}" for number in found]


@pytest.mark.parametrize(
    ("name", "value"), [("banana", "1"), ("date", "tomorrow"), ("date", "2026-13"), ("status", "")]
)
def test_bad_criteria_are_named(name, value):
    with pytest.raises(InputError):
        by(name, value)


def test_the_span_of_a_date():
    assert span("2026-12") == ("2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z")
    assert span("2026-02-01T00:30:00.5-02:30") == ("2026-02-01T03:00:00Z", "2026-02-01T03:00:01Z")


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://x", "sqlite+nothing:///x"])
def test_a_database_that_is_none(url):
    with pytest.raises(LedgerError) as raised, opened(url):
        pass
    assert url == "" or url not in str(raised.value)


def test_a_database_of_another_format_is_refused(database_url):
    with opened(database_url) as found, found.writing() as tx:
        tx.connection.exec_driver_sql("UPDATE nw_about SET value = '99'")
    with pytest.raises(LedgerError, match="format 99"), opened(database_url):
        pass
