"""Verdicts in the ledger: appended, in order, never changed; a database from before gets their tables."""

from dataclasses import replace

from sqlalchemy import text

from adapter.ledger import opened, readings, resources, verdicts, work
from adapter.ledger.readings import Reading
from adapter.ledger.verdicts import Place, Reviewer, Sentence, Verdict

ANN, BOB = Reviewer(id="a", name="Ann"), Reviewer(id="b", name="Bob \u202e</script>\u0000")
PLACE = Place(digest="d" * 64, start=0, end=6, kind="condition")
FORM = {"start": 0, "end": 6, "text": "asthma", "kind": "condition", "confidence": 0.5}


def verdict(**more):
    told = {
        "who": ANN,
        "document": "1",
        "version": 1,
        "action": "accept",
        "place": PLACE,
        "sentence": Sentence(text="asthma \u0000.", start=0, section="unknown"),
        "before": FORM,
        "after": FORM,
    }
    return Verdict(**{**told, **more})


def reading(document, version=1, **more):
    told = {"risk": 0.5, "open": 1, "verdicts": 0, "content": {"notes": []}}
    return Reading(document=document, version=version, **{**told, **more})


def stored(tx):
    made, _ = resources.create(tx, {"resourceType": "DocumentReference", "status": "current"})
    work.add(tx, made.id, 1)
    return made.id


def test_verdicts_are_read_as_they_were_given_in_their_order(database_url):
    given = [verdict(), verdict(who=BOB, action="reject", after=None), verdict(document="2", before=None)]
    with opened(database_url) as database:
        with database.writing() as tx:
            kept = [verdicts.append(tx, one) for one in given]
        with database.reading() as tx:
            assert list(verdicts.every(tx)) == kept and verdicts.of(tx, "1") == tuple(kept[:2])
            assert verdicts.documents(tx) == ("1", "2")
            assert verdicts.last(tx, ["1", "2", "3"]) == {"1": kept[1].number, "2": kept[2].number}
    assert [replace(one, number=0, at="") for one in kept] == [
        replace(one, who=replace(one.who, name=one.who.name.replace("\0", ""))) for one in given
    ]


def test_the_riskiest_documents_come_first_and_those_that_are_gone_do_not(database_url):
    with opened(database_url) as database:
        with database.writing() as tx:
            ids = [stored(tx) for _ in range(4)]
            for id, risk in zip(ids, (0.2, 0.9, 0.5, 0.7), strict=True):
                readings.keep(tx, reading(id, risk=risk))
            readings.judged(tx, ids[3], risk=0.0, open=0)
            resources.remove(tx, "DocumentReference", ids[2])
            verdicts.append(tx, verdict(document=ids[0]))
        with database.reading() as tx:
            assert [one.document for one in readings.riskiest(tx, 9)] == [ids[1], ids[0]]
            assert [one.document for one in readings.unsent(tx, 9)] == [ids[0]]
            assert readings.count(tx) == (2, 2)


def test_a_newer_reading_is_not_overwritten_by_an_older_one(database_url):
    with opened(database_url) as database, database.writing() as tx:
        readings.keep(tx, reading("1", 2, risk=0.2))
        readings.keep(tx, reading("1", 1, risk=0.9))
        assert readings.read(tx, "1").risk == 0.2
        readings.keep(tx, reading("1", 3, risk=0.4))
        assert readings.read(tx, "1").version == 3
        readings.forget(tx, "1")
        assert readings.read(tx, "1") is None


def test_a_database_from_before_gets_the_tables_and_loses_nothing(database_url):
    with opened(database_url) as database:
        with database.writing() as tx:
            id = stored(tx)
        with database.writing() as tx:
            tx.connection.execute(text("DROP TABLE nw_verdict"))
            tx.connection.execute(text("DROP TABLE nw_reading"))
    with opened(database_url) as database:
        with database.writing() as tx:
            verdicts.append(tx, verdict(document=id))
        with database.reading() as tx:
            assert resources.read(tx, "DocumentReference", id).version == 1
            assert work.read(tx, id, 1).state == work.ACCEPTED and len(verdicts.of(tx, id)) == 1


def test_the_same_content_can_be_a_next_version(database_url):
    with opened(database_url) as database, database.writing() as tx:
        id = stored(tx)
        again = resources.again(tx, "DocumentReference", id)
        assert again.version == 2 and again.content["status"] == "current"
        assert len(resources.history(tx, "DocumentReference", id)) == 2
