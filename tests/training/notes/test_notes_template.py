import pytest

from training.notes.template import Choice, ContentError, Slot, Written, parse


def test_plain_text_and_escapes_are_one_node():
    assert parse(r"CRP \<5, [x] \{a\}\n") == ["CRP <5, [x] {a}\n"]


def test_a_slot_has_a_name_a_form_and_what_is_said():
    (slot,) = parse("{condition:ein.gen historical family relative=MTH @c adj=schwere}")
    assert isinstance(slot, Slot)
    assert (slot.name, slot.form) == ("condition", "ein.gen")
    assert slot.said.assertion == {"historical": True, "experiencer": "family", "relative": "MTH"}
    assert (slot.said.name, slot.said.adjectives) == ("c", "schwere")


def test_a_written_mention_may_hold_slots_and_choices():
    (written,) = parse("[[Fraktur des <linken|rechten> {joint}|condition code=icd10:S72.0 >x]]")
    assert isinstance(written, Written)
    assert written.kind == "condition"
    assert [type(node) for node in written.inner] == [str, Choice, str, Slot]
    assert written.said.codings == [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "S72.0"}]
    assert written.said.of == "x"


def test_choices_nest_and_may_be_empty():
    (choice,) = parse("<a <b|c>|>")
    assert isinstance(choice, Choice)
    assert len(choice.options) == 2
    assert isinstance(choice.options[0][1], Choice)
    assert choice.options[1] == []


@pytest.mark.parametrize(
    "wrong",
    [
        "{condition",
        "<a|b",
        "[[a|condition",
        "[[a]]",
        "[[a|disease]]",
        "{condition negatd}",
        "{c code=x:1}",
        "a\\",
    ],
)
def test_what_cannot_be_read_is_an_error(wrong):
    with pytest.raises(ContentError):
        parse(wrong)
