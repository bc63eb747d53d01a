"""Where sentences end in telegraphic notes."""

import pytest

from adapter import notes


def sentences(text):
    note = notes.from_text("n", text)
    return [text[span.start : span.end] for span in note.sentences]


@pytest.mark.parametrize(
    "whole",
    [
        "Seen by Dr. Smith and Mrs. J. Doe.",
        "Take 5 mg. p.o. b.i.d. for 3 days.",
        "Aspirin 81 mg q.d. with food.",
        "Fever of 38.5 since 10.5 hours.",
        "Pneumonia vs. bronchitis.",
        "Room No. 3 was clean.",
        "No fever; no chills; no cough.",
        "1. Omeprazole 20 mg daily.",
        "? pneumonia on the left",
        "See e.g. the chart.",
        "Lesion approx. 3 cm.",
        "pt. denies pain",
        "Stool sent for C. difficile toxin and E. coli culture.",
        "The x-ray taken after the procedure showed no\ncomplications.",
        "She has no weakness of the left hand at all today, nor any\nmedications.",
    ],
)
def test_one_sentence(whole):
    assert sentences(whole) == [whole]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No fever. Cough since May.", ["No fever.", "Cough since May."]),
        ("pt denies fever. no chills. lungs clear", ["pt denies fever.", "no chills.", "lungs clear"]),
        ("Lisinopril 10 mg. Metformin 500 mg.", ["Lisinopril 10 mg.", "Metformin 500 mg."]),
        ("He has hepatitis C. The liver is large.", ["He has hepatitis C.", "The liver is large."]),
        ("Complications.\nComplications.", ["Complications.", "Complications."]),
        ("Well. No\npain at night.", ["Well.", "No\npain at night."]),
        ("Smokes, no\nHis wife does.", ["Smokes, no", "His wife does."]),
        ("Any pain? None! Good.", ["Any pain?", "None!", "Good."]),
        ("Pressure was 120/80. Pulse 70.", ["Pressure was 120/80.", "Pulse 70."]),
        ("No fever.No chills.", ["No fever.", "No chills."]),
        ("1. Gout 2. Asthma 3. Anemia", ["1. Gout", "2. Asthma", "3. Anemia"]),
        ("1. Gout. 2. Asthma.", ["1. Gout.", "2. Asthma."]),
        ("fever\nchills\n\nno cough", ["fever", "chills", "no cough"]),
        ("- fever\n- chills and\n- cough", ["- fever", "- chills and", "- cough"]),
        ("PLAN: Rest. Fluids.", ["PLAN:", "Rest.", "Fluids."]),
        ("Seen (with son.) Then left.", ["Seen (with son.)", "Then left."]),
        ("A\r\n\r\nB", ["A", "B"]),
        ("x", ["x"]),
        ("😀😀", ["😀😀"]),
        ("", []),
        ("\t \n", []),
    ],
)
def test_several_sentences(text, expected):
    assert sentences(text) == expected


def test_wrapped_lines_are_joined_and_items_are_not():
    text = (
        "The patient is a pleasant man who was brought to the clinic by his friend Dr.\n"
        "Jones because of a cough that would not stop, and who had been seen here for a\n"
        "similar complaint. He was well.\n1. Cough\n2. Gout"
    )
    assert [sentence.split()[0] for sentence in sentences(text)] == ["The", "He", "1.", "2."]


def test_lines_beside_one_that_nobody_wraps_end_where_they_end():
    long = "Cough for three weeks, " * 8 + "no fever.\n"
    short = "chest clear on both sides, no wheeze, no crackles\n"
    assert len(sentences(long + short + "throat red\n")) == 3
    assert len(sentences(short + "throat red\n")) == 1
    assert len(sentences(long + "\n" + short + "throat red\n")) == 2


def test_long_notes_stay_whole():
    text = ("No fever. " * 5 + "word " * 20) * 700
    spans = notes.from_text("n", text).sentences
    assert len(text) > 100_000 and spans[-1].end == len(text.rstrip())


@pytest.mark.parametrize(
    "sign", ["a", " ", "\n", ".", ":", "A:", ". ", "-", "1. ", "<", "(", "\t:", "*", "PLAN: ", "a\n"]
)
def test_hundred_thousand_signs(sign):
    text = sign * (100_000 // len(sign))
    note = notes.from_text("n", text)
    assert note.sections[-1].end == len(text)


@pytest.mark.parametrize(
    ("language", "text", "sentences"),
    [
        ("de", "Entlassung am 3. Tag nach Operation. Wunde reizlos.", 2),
        ("de", "Kontrolle vom 12.3. Aufnahme bei Fieber.", 1),
        ("de", "Geboren in der 38. Schwangerschaftswoche.", 1),
        ("de", "Fraktur der 5. Rippe links. Kein Pneumothorax.", 2),
        ("de", "Patient kam am 1. Januar zur Aufnahme.", 1),
        ("de", "Der Hb war 12. Patient blieb stabil.", 2),
        ("de", "Leukozyten zuletzt 9. Entlassung.", 2),
        ("nl", "Opname op 12.3. Patient had koorts.", 1),
        ("nl", "Hb was 8. Patient bleef stabiel.", 2),
        ("nl", "Koorts? nee. Hoesten? ja.", 2),
        ("de", "Fieber? nein, Husten? ja.", 1),
        ("de", "Pneumonie? Keine Embolie.", 2),
        ("en", "PE? No fever.", 2),
        ("en", "Fever? no.", 1),
        ("fr", "Fièvre? oui. Toux? non.", 2),
        ("es", "Fiebre? no.", 1),
    ],
)
def test_counts_dates_and_answers_do_not_end_a_sentence(language, text, sentences):
    assert len(notes.from_text("n", text, language).sentences) == sentences


@pytest.mark.parametrize(
    ("language", "whole"),
    [
        ("en", "She went home with no\ncomplications."),
        ("en", "Seen for the\nheadaches of last week."),
        ("de", "Verlauf ohne\nkomplikationsreiche Tage."),
        ("fr", "Suites sans\ncomplications."),
        ("nl", "Verloop zonder\ncomplicaties."),
        ("es", "Curso sin\ncomplicaciones."),
    ],
)
def test_a_line_that_is_not_over_goes_on_and_what_follows_is_no_heading(language, whole):
    note = notes.from_text("n", whole, language)
    assert [whole[span.start : span.end] for span in note.sentences] == [whole]
    assert [section.key for section in note.sections] == ["unknown"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fever no\ncough yes", ["Fever no", "cough yes"]),
        ("Allergies: no\nasthma since 2010", ["Allergies:", "no", "asthma since 2010"]),
        ("Smoker: and\nComplications: none", ["Smoker: and", "Complications:", "none"]),
    ],
)
def test_an_answer_or_a_heading_ends_a_line(text, expected):
    assert sentences(text) == expected


def test_a_bullet_that_lost_its_sign_begins_a_sentence():
    text = "o nuchter tot morgen\no buikfoto over 1 week\no metformine kan door"
    note = notes.from_text("n", text, "nl")
    assert [text[one.start : one.end] for one in note.sentences] == text.split("\n")


def test_a_lone_o_at_the_start_of_a_line_is_a_word():
    text = "dolor en el hombro derecho desde ayer con fiebre alta\no con escalofríos por la noche"
    assert len(notes.from_text("n", text, "es").sentences) == 1
