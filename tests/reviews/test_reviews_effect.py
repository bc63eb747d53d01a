"""Verdicts take effect where the document was delivered, on real servers of FHIR R4 and R5."""

import pytest

from adapter.errors import InputError
from adapter.ledger import opened, readings
from adapter.reviews import Change, Words
from tests.reviews.review_cases import ANN, BOB, NOTE, content, running, status, words

BOTH = ("r4", "r5")


@pytest.fixture(scope="module")
def site(tmp_path_factory, pipeline):
    path = tmp_path_factory.mktemp("ledger") / "ledger.sqlite"
    with opened(f"sqlite:///{path}") as database, running(database, pipeline) as site:
        yield site


@pytest.fixture
def sent(site):
    """A document at targets that had nothing before."""
    for server in site.servers.values():
        server.store.clear()
    return site.accept()


def labels(resource):
    return [one["code"] for one in resource["meta"]["security"]]


def told(site, name, code):
    """Who is told to have done something, and to what, by the Provenances of an activity."""
    found = [one for one in site.at(name, "Provenance") if one["activity"]["coding"][0]["code"] == code]
    return [
        (
            [agent["type"]["coding"][0]["code"] for agent in one["agent"]],
            one["agent"][-1]["who"].get("display"),
            [target["reference"].split("/")[0] for target in one["target"]],
        )
        for one in found
    ]


def versions(site, name):
    return {key: len(kept) for key, kept in site.servers[name].store.items()}


def test_verdicts_reach_every_target_and_name_who_gave_them(site, sent):
    before = {name: versions(site, name) for name in BOTH}
    site.say(ANN, sent, "asthma", "accept")
    site.say(ANN, sent, "Metformin", "reject")
    site.desk.add(ANN, sent, Words(text="rest"), "procedure")
    assert {name: versions(site, name) for name in BOTH} == before  # nothing goes out by itself
    version = site.send(sent)
    for name in BOTH:
        asthma, penicillin = site.at(name, "Condition")
        assert (status(asthma), labels(asthma)) == ("confirmed", ["AIAST", "CLINAST"])
        assert (status(penicillin), labels(penicillin)) == ("confirmed", ["AIAST"])
        assert [status(one) for one in site.at(name, "MedicationStatement")] == ["entered-in-error"]
        (rest,) = site.at(name, "Procedure")
        assert labels(rest) == ["CLINAST"] and "AIconfidence" not in str(rest)
        assert told(site, name, "verify") == [(["author", "verifier"], "Ann Example", ["Condition"])]
        assert told(site, name, "NULLIFY") == [
            (["author", "verifier"], "Ann Example", ["MedicationStatement"])
        ]
        assert told(site, name, "originate") == [(["author", "verifier"], "Ann Example", ["Procedure"])]
        assert versions(site, name)["Condition", penicillin["id"]] == 1  # not written again
        assert not site.servers[name].unresolved()
    assert site.work(sent, version).state == "extracted"
    with pytest.raises(InputError):
        site.desk.send(sent)  # nothing is left to send


def test_what_is_sent_again_is_not_doubled_and_what_is_taken_back_stands_again(site, sent):
    site.say(ANN, sent, "asthma", "reject")
    site.send(sent)
    once = {name: versions(site, name) for name in BOTH}
    assert {site.statuses(name)["asthma"] for name in BOTH} == {"entered-in-error"}
    site.change(sent, description="the same text")  # a new version of the document
    assert {name: versions(site, name) for name in BOTH} == once
    site.say(ANN, sent, "asthma", "withdraw")
    site.send(sent)
    assert {site.statuses(name)["asthma"] for name in BOTH} == {"confirmed"}
    for name in BOTH:
        assert len(site.at(name, "Condition")) == 2 and len(site.at(name, "MedicationStatement")) == 1


def test_a_changed_assertion_and_code_are_what_is_emitted(site, sent):
    site.say(ANN, sent, "asthma", "change", axes=["uncertain"], experiencer="patient")
    opened = site.desk.opened(sent)
    one = opened.case(site.key(sent, "sinusitis")).item
    offered = site.desk.candidates("gout", one.shown, one.note)
    site.say(
        BOB,
        sent,
        "sinusitis",
        "change",
        codings=site.desk.coded(offered[0], one, opened),
    )
    site.say(ANN, sent, "Metformin", "change", axes=["negated"], experiencer="patient")
    site.send(sent)
    for name in BOTH:
        asthma, gout = site.at(name, "Condition")
        assert status(asthma) == "provisional"  # it is right that the note is not sure
        assert [one["code"] for one in gout["code"]["coding"] if one.get("userSelected")] == [offered[0].code]
        (metformin,) = site.at(name, "MedicationStatement")
        assert "not-tak" in str(metformin)
        assert sorted(who for _, who, _ in told(site, name, "amend")) == ["Ann Example", "Bob Example"]


def test_a_reviewer_is_given_no_code_that_the_note_contradicts(site):
    """Neither for what was missed, nor for what a chosen concept is in other systems."""
    for text, codes in (
        ("Bone health: osteoporosis with fracture of T12.", []),
        ("Has osteoporosis.", ["M81.0"]),
    ):
        id = site.accept(text)
        opened = site.desk.add(ANN, id, Words(text="osteoporosis"), "finding")
        one = next(
            case.item
            for case in opened.cases
            if (case.item.shown.text, case.item.place.kind) == ("osteoporosis", "finding")
        )
        assert [each.code for each in one.shown.codings if "icd-10" in each.system] == codes
        chosen = site.desk.candidates("osteoporosis", one.shown, one.note)[0]
        given = site.desk.coded(chosen, one, opened)
        assert given[0].code == chosen.code
        assert [each.code for each in given if "icd-10" in each.system] == codes


def test_reviewers_who_disagree_change_nothing_until_they_agree(site, sent):
    site.say(ANN, sent, "asthma", "reject")
    site.say(BOB, sent, "asthma", "accept")
    version = site.send(sent)
    assert {site.statuses(name)["asthma"] for name in BOTH} == {"confirmed"}
    assert "verdicts differ" in str(site.work(sent, version).outcome)
    first = next(one for one in site.desk.queue().waiting if one.document == sent)
    assert first.case.item.shown.text == "asthma" and "reviewers disagree" in first.case.doubt.reasons
    site.say(BOB, sent, "asthma", "reject")
    site.send(sent)
    assert {site.statuses(name)["asthma"] for name in BOTH} == {"entered-in-error"}
    assert [who for _, who, _ in told(site, "r4", "NULLIFY")] == ["Ann Example", "Bob Example"]


def test_verdicts_follow_their_sentence_into_a_changed_text_and_no_further(site, sent):
    site.say(ANN, sent, "asthma", "accept")
    site.say(ANN, sent, "Metformin", "reject")
    site.send(sent)
    text = "Seen today. " + NOTE.replace("500 mg", "850 mg")
    version = site.change(sent, content=content(text))
    opened = site.desk.opened(sent)
    assert [one.place.kind for one in opened.unplaced] == ["medication"]  # its sentence is another now
    assert "not in the text" in str(site.work(sent, version).outcome)
    for name in BOTH:
        held = [one for one in site.at(name, "Condition") if status(one) == "confirmed"]
        assert ["CLINAST" in labels(one) for one in held if words(one) == "asthma"] == [True]
        assert "active" in {one["status"] for one in site.at("r4", "MedicationStatement")}


def test_a_document_entered_in_error_leaves_nothing_to_judge(site, sent):
    site.say(ANN, sent, "asthma", "accept")
    site.send(sent)
    site.change(sent, status="entered-in-error")
    with site.database.reading() as tx:
        assert readings.read(tx, sent) is None
    assert sent not in {one.document for one in site.desk.queue().waiting}
    assert {status(one) for name in BOTH for one in site.at(name, "Condition")} == {"entered-in-error"}


def test_what_cannot_be_is_refused_without_a_word_of_the_note(site, sent):
    with pytest.raises(InputError) as gone:
        site.desk.say(ANN, sent, "0-0-0-condition", Change(action="accept"))
    with pytest.raises(InputError) as absent:
        site.desk.add(ANN, sent, Words(text="Zoster"), "condition")
    with pytest.raises(InputError) as twice:
        site.desk.add(ANN, sent, Words(text="asthma"), "condition")
    assert not [
        error
        for error in (gone, absent, twice)
        if "asthma" in str(error.value) or "Zoster" in str(error.value)
    ]
