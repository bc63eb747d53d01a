"""Headings in the spellings that notes use, and what looks like a heading and is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter import notes


def outline(text):
    note = notes.from_text("n", text)
    return [
        (section.key, text[section.heading.start : section.heading.end].strip()) for section in note.sections
    ]


@pytest.mark.parametrize(
    "heading",
    [
        "PAST MEDICAL HISTORY:",
        "Past Medical History",
        "past medical history:",
        "PMH:",
        "## Past Medical History",
        "**Past Medical History:**",
        "**Past Medical History**:",
        "3. PAST MEDICAL HISTORY:",
        "  PAST MEDICAL HISTORY :",
        "• Past Medical History:",
        "PAST MEDICAL HISTORY (per chart):",
    ],
)
def test_spellings(heading):
    assert [key for key, _ in outline(f"Seen today.\n{heading}\nSciatica.")] == [
        "unknown",
        "past_medical_history",
    ]


def test_headings_within_a_line():
    text = "PAST MEDICAL HISTORY: Sciatica. PAST SURGICAL HISTORY: None. ALLERGIES: Codeine."
    assert outline(text) == [
        ("past_medical_history", "PAST MEDICAL HISTORY:"),
        ("past_surgical_history", "PAST SURGICAL HISTORY:"),
        ("allergies", "ALLERGIES:"),
    ]


def test_mixed_case_headings_within_a_line():
    assert [key for key, _ in outline("Family History: Gout. Social History: Smokes.")] == [
        "family_history",
        "social_history",
    ]


def test_body_systems_stay_in_their_section():
    text = "PHYSICAL EXAM: HEENT: Normal. CHEST: Clear. PLAN: Rest.\n"
    text += "REVIEW OF SYSTEMS\nCardiovascular: Negative."
    assert [key for key, _ in outline(text)] == [
        "physical_exam",
        "physical_exam",
        "physical_exam",
        "plan",
        "review_of_systems",
        "review_of_systems",
    ]


def test_a_family_history_does_not_swallow_the_note():
    text = "FAMILY HISTORY: Mother with gout.\nZORBLAX SCORE: Fine.\nThe patient has asthma."
    assert [key for key, _ in outline(text)] == ["family_history", "unknown"]


def test_relatives_stay_in_the_family_history():
    assert [key for key, _ in outline("FAMILY HISTORY: MOTHER: Diabetes. FATHER: Gout.")] == [
        "family_history"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "BP: 120/80",
        "Vitals stable. HR: 80",
        "HEMOGLOBIN: 12.1",
        "He said: no pain.",
        "Seen at 10:30 today.",
        "Take with food: twice daily.",
        "Plan to rest and return.",
        "PENICILLIN",
        "The plan",
        "Assessment of the wound was done.",
    ],
)
def test_what_is_no_heading(text):
    assert [key for key, _ in outline(text)] == ["unknown"]


def test_allergens_in_capitals_are_no_headings():
    assert [key for key, _ in outline("ALLERGIES\n\nPENICILLIN\nSULFA\n\nMEDICATIONS\nAspirin")] == [
        "allergies",
        "medications",
    ]


@pytest.mark.parametrize("line", ["COPD GOLD II", "CHF NYHA III", "HTN CAD"])
def test_abbreviations_in_a_list_are_no_headings(line):
    assert [key for key, _ in outline(f"PAST MEDICAL HISTORY:\nAsthma\n{line}\nSciatica since May\n")] == [
        "past_medical_history"
    ]


def test_unknown_headings_in_capitals():
    assert [
        key for key, _ in outline("PLAN: Rest.\n\nTOURNIQUET CHECK: Done.\n\nWOUND REVIEW\nHealing well.")
    ] == [
        "plan",
        "unknown",
        "unknown",
    ]


def test_surgical_is_a_heading_only_in_a_history():
    assert [key for key, _ in outline("PAST HISTORY\nMedical\nGout.\nSurgical\nHernia repair.")] == [
        "past_medical_history",
        "past_medical_history",
        "past_surgical_history",
    ]
    assert [key for key, _ in outline("Surgical\nHernia repair.")] == ["unknown"]


def test_another_language_uses_english_headings_where_there_are_none():
    note = notes.from_text("n", "PLAN: Ruhe.", "xx-YY")
    assert note.language == "xx-yy" and note.sections[0].key == "plan"


PIECES = st.sampled_from(
    [
        *(
            "PLAN:",
            "Plan",
            "HEENT: ",
            "BP: 120/80",
            "\n",
            "\r\n",
            "\n\n",
            " ",
            "\t",
            "1. ",
            "2) ",
            "- ",
            "fever",
            ". ",
        ),
        *(
            "Dr. ",
            "b.i.d. ",
            "NO ",
            ":",
            "—",
            "😀",
            "é",
            "A. ",
            "?",
            "FAMILY HISTORY",
            "**",
            "#",
            "\u2028",
            "\x0c",
        ),
        *("...", "10.5", ")"),
    ]
)


@given(st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=80))
def test_sections_and_sentences_cover_every_text(text):
    note = notes.from_text("n", text)
    edges = [section.start for section in note.sections] + [note.sections[-1].end]
    assert edges[0] == 0 and edges[-1] == len(text) and edges == sorted(edges)
    assert all(s.start <= s.heading.start <= s.heading.end <= s.end for s in note.sections)
    assert all(left.end == right.start for left, right in zip(note.sections, note.sections[1:], strict=False))
    covered, last = set(), 0
    for span in note.sentences:
        assert last <= span.start < span.end <= len(text)
        words = text[span.start : span.end]
        assert words == words.strip()
        covered |= set(range(span.start, span.end))
        last = span.end
    assert all(index in covered for index, sign in enumerate(text) if not sign.isspace())


@pytest.mark.parametrize(
    ("language", "heading", "key"),
    [
        ("de", "FRÜHERE ERKRANKUNGEN", None),
        ("de", "ÄRZTLICHE MAßNAHMEN UND VERLÄUFE", "unknown"),
        ("de", "U\u0308BERSICHT DER BEFUNDE", "unknown"),
        ("fr", "ANTÉCÉDENTS", "past_medical_history"),
        ("fr", "ŒDÈMES ET ÉTAT VEINEUX", "unknown"),
        ("fr", "ANTE\u0301CE\u0301DENTS", "past_medical_history"),
        ("es", "EXPLORACIÓN FÍSICA", "physical_exam"),
        ("es", "ÓRGANOS Y FUNCIÓN AÑADIDA", "unknown"),
        ("nl", "ANAMNESE EN REÜNIE ELDERS", "unknown"),
    ],
)
def test_headings_in_capitals_may_have_accents(language, heading, key):
    note = notes.from_text("n", f"Text davor.\n{heading}: dann steht hier etwas.\nNoch eine Zeile.", language)
    section = note.sections[-1]
    assert note.text[section.heading.start : section.heading.end].startswith(heading)
    assert key is None or section.key == key


def test_a_heading_without_a_colon_opens_its_section_at_the_start_of_a_line():
    text = "Poli cardiologie\nVG hypertensie, appendectomie\nB/ MRI van de knie\nmet vg van niets\nvg: jicht"
    note = notes.from_text("n", text, "nl")
    assert [section.key for section in note.sections] == [
        "unknown",
        "past_medical_history",
        "plan",
        "past_medical_history",
    ]
    assert text[note.sections[2].heading.start : note.sections[2].heading.end] == "B/"


@pytest.mark.parametrize("order", ["- MRI", "- X-thorax.", "- lab"])
def test_a_test_in_the_list_of_a_plan_is_no_heading(order):
    def keys(text):
        return [section.key for section in notes.from_text("n", text, "nl").sections]

    assert keys(f"Beleid:\n- ontslag\n{order}\n- gips") == ["plan"]
    assert keys(f"Beleid:\n{order}\n- gips") == ["plan"]
    assert "plan" not in keys(f"Onderzoek:\n- soepel\n{order}\n- normaal")
    assert len(keys(f"Beleid:\n- ontslag\n{order.strip('- .')}:\nnormaal")) == 2


def dutch(text):
    note = notes.from_text("n", text, "nl")
    return [(section.key, text[section.start : section.end].strip()) for section in note.sections]


def test_the_entry_of_another_day_is_no_part_of_the_list_before_it():
    text = "VG: jicht\nAllergie: codeïne\n\ndi 7/5 misselijk, start ondansetron.\nwo 8/5 beter."
    assert dutch(text) == [
        ("past_medical_history", "VG: jicht"),
        ("allergies", "Allergie: codeïne"),
        ("unknown", "di 7/5 misselijk, start ondansetron.\nwo 8/5 beter."),
    ]


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("12-09 consult\nP/ echo\n14-09 gebeld, echo gezien.", "unknown"),
        ("Voorgeschiedenis\n13:05 aankomst, misselijk.", "unknown"),
        ("Allergieën: codeïne\n16u52 aankomst ter plaatse.", "unknown"),
        ("Allergieën: codeïne\n12-09-2023 pijn op de borst.", "allergies"),  # of the note itself
        ("Voorgeschiedenis\n03-19 knieprothese\n05-21 galblaasoperatie", "past_medical_history"),
        ("Beleid\n20-9 echo abdomen\n27-9 polikliniek", "plan"),
        ("Medicatie\n08:00 metformine\n12:00 metformine", "medications"),
        ("Beleid\n2-3 dagen rust", "plan"),
        ("Allergieën: codeïne\n3-4 weken jeuk.", "allergies"),
        ("Allergieën: codeïne\n1/2 tablet gaf al jeuk.", "allergies"),
    ],
)
def test_lines_that_begin_with_a_date_or_a_time(text, last):
    assert dutch(text)[-1][0] == last


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (
            "S sinds 3 wk moe\nO buik soepel\nE anemie\nP Hb",
            ["history_of_present_illness", "physical_exam", "assessment", "plan"],
        ),
        (
            "A: koorts. O: longen schoon. C: griep. B: rust.",
            ["history_of_present_illness", "physical_exam", "impression", "plan"],
        ),
        (
            "S: moe. O: bleek. A: anemie. P: Hb.",
            ["history_of_present_illness", "physical_exam", "assessment", "plan"],
        ),
        ("C/ griep. P/ rust en paracetamol.", ["impression", "plan"]),
        ("A heesheid\nB AH 30\nC pols 132\nD EMV 15\nE erytheem", ["unknown"]),
        ("O buik soepel\nP 88 regulair\nE coli gekweekt", ["unknown"]),
        (
            "S moe\nO bleek\nP 88 regulair\nE anemie",
            ["history_of_present_illness", "physical_exam", "assessment"],
        ),
    ],
)
def test_letters_that_open_parts_of_a_note(text, keys):
    assert [key for key, _ in dutch(text)] == keys


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Beleid intensive care: beademen.", "plan"),
        ("Oogheelkundige VG: uveïtis.", "past_medical_history"),
        ("Voorgeschiedenis (echtgenoot): jicht.", "past_medical_history"),
        ("Besluit MOC: operatie.", "plan"),
        ("Plan is om te opereren: morgen.", "unknown"),
        ("Advies bij koorts: bellen.", "unknown"),
        ("Anamnese moeder: migraine.", "unknown"),
    ],
)
def test_longer_headings_by_one_of_their_words(text, key):
    assert dutch(text)[0][0] == key


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("MED. ANTECEDENTEN\njicht en artrose", ["past_medical_history"]),
        ("VOORGESCHIEDENIS SOA\njicht en artrose", ["past_medical_history"]),
        ("Familieanamnese. Zijn vader had jicht.", ["family_history"]),
        ("Voorgeschiedenis. Jicht.\nBeleid. Rust.", ["past_medical_history", "plan"]),
        ("Abdomen. Soepel.", ["unknown"]),
        ("VG blanco. Med: geen.", ["past_medical_history", "medications"]),
    ],
)
def test_headings_alone_and_with_a_full_stop(text, keys):
    assert [key for key, _ in dutch(text)] == keys
