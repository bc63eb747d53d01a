"""A drug given once is completed; one that is taken, prescribed or to be given is not."""

import pytest
from written import built, finding, only

from adapter import notes

GIVEN = [
    ("en", "She was injected with 40 mg of Kenalog in the left knee.", "Kenalog"),
    ("en", "He received 2 g cefazolin before incision.", "cefazolin"),
    ("en", "Cefazolin 2 g was administered before incision.", "Cefazolin"),
    ("en", "The patient received 3 mg of Versed and 50 mcg of fentanyl.", "fentanyl"),
    ("en", "10 mL of lidocaine with epinephrine and 40 mg of Depo-Medrol were then injected.", "lidocaine"),
    ("en", "Narcan given by EMS with good response.", "Narcan"),
    ("en", "She was given morphine IV in the emergency department and will be admitted.", "morphine"),
    ("en", "We gave him a single dose of dexamethasone.", "dexamethasone"),
    ("en", "Pain was gone after injection of bupivacaine.", "bupivacaine"),
    ("en", "He has received the influenza vaccine.", "influenza vaccine"),
    ("en", "Kenalog 40 mg injected into the left knee.", "Kenalog"),
    ("en", "Xylocaine without epinephrine was injected; takes aspirin daily.", "Xylocaine"),
    ("de", "Der Notarzt verabreichte Adrenalin 0,5 mg i.m. und Clemastin.", "Clemastin"),
    ("de", "Grippeimpfstoff heute appliziert.", "Grippeimpfstoff"),
    ("fr", "Reçu adrénaline 0,5 mg i.m., clémastine.", "clémastine"),
    ("fr", "Anti-D injectés à 28 SA.", "Anti-D"),
    ("nl", "Griepvaccin toegediend.", "Griepvaccin"),
    ("de", "Der Patient erhielt 2 g Cefazolin.", "Cefazolin"),
    ("de", "Bei Einleitung wurden 150 mg Propofol verabreicht.", "Propofol"),
    ("de", "Nach Gabe von 5 mg Metoprolol i.v. war er beschwerdefrei.", "Metoprolol"),
    ("de", "Sie bekam einmalig Dexamethason p.o. in der Notaufnahme.", "Dexamethason"),
    ("de", "Vom Notarzt wurde ASS 500 mg i.v. gegeben.", "ASS"),
    ("fr", "Le patient a reçu 2 g de céfazoline.", "céfazoline"),
    ("fr", "La morphine a été administrée avec un bon effet.", "morphine"),
    ("fr", "Elle a bénéficié d’une injection de bétaméthasone.", "bétaméthasone"),
    ("fr", "Amélioration après injection de 1 mg d'adrénaline.", "adrénaline"),
    ("fr", "On lui a donné du paracétamol aux urgences.", "paracétamol"),
    ("nl", "Hij kreeg 2 g cefazoline toegediend.", "cefazoline"),
    ("nl", "Er werd 40 mg triamcinolon ingespoten.", "triamcinolon"),
    ("nl", "Na toediening van salbutamol ging het beter.", "salbutamol"),
    ("nl", "Op de SEH kreeg zij morfine i.v. met goed effect.", "morfine"),
]

NOT_GIVEN = [
    ("en", "She received a prescription for amoxicillin.", "amoxicillin"),
    ("en", "He was given a prescription for naproxen.", "naproxen"),
    ("en", "She was started on metformin.", "metformin"),
    ("en", "She was given amoxicillin by her dentist.", "amoxicillin"),
    ("en", "Lisinopril given his high blood pressure.", "Lisinopril"),
    ("en", "He received ketorolac and was started on naproxen.", "naproxen"),
    ("en", "He received instructions on warfarin.", "warfarin"),
    ("en", "She has received rituximab every six months.", "rituximab"),
    ("en", "She is currently receiving cisplatin.", "cisplatin"),
    ("en", "She might do well after injection of Kenalog.", "Kenalog"),
    ("en", "Kenalog is to be injected into the left knee.", "Kenalog"),
    ("en", "Insulin is injected at bedtime.", "Insulin"),
    ("de", "Insulin wird abends gespritzt.", "Insulin"),
    ("de", "Cefazolin ist vor dem Schnitt zu verabreichen.", "Cefazolin"),
    ("fr", "La céfazoline doit être injectée avant l'incision.", "céfazoline"),
    ("nl", "Insuline wordt ’s avonds gespoten.", "Insuline"),
    ("en", "Takes warfarin. Vitamin K was administered.", "warfarin"),
    ("de", "Er erhielt ein Rezept für Ibuprofen.", "Ibuprofen"),
    ("de", "Sie bekam vom Hausarzt Amoxicillin.", "Amoxicillin"),
    ("de", "Er erhält seit 2019 Metformin.", "Metformin"),
    ("de", "Er erhielt Ketorolac und wurde auf Apixaban umgestellt.", "Apixaban"),
    ("de", "Es soll nach Gabe von Furosemid kontrolliert werden.", "Furosemid"),
    ("fr", "Il a reçu une ordonnance de naproxène.", "naproxène"),
    ("fr", "Elle reçoit du méthotrexate chaque semaine.", "méthotrexate"),
    ("fr", "Elle a reçu du kétoprofène mais prend de l'apixaban.", "apixaban"),
    ("fr", "On lui a donné de l'amoxicilline.", "amoxicilline"),
    ("nl", "Hij kreeg een recept voor naproxen.", "naproxen"),
    ("nl", "Zij kreeg amoxicilline van de huisarts.", "amoxicilline"),
    ("nl", "Zij krijgt wekelijks methotrexaat toegediend.", "methotrexaat"),
    ("nl", "Hij kreeg ketorolac en gebruikt apixaban.", "apixaban"),
]


def status(language, text, drug, fhir="r4", **more):
    sentences = notes.heard("n", text, notes.Listening(), language).sentences
    one = finding(text, drug, "medication", **more)
    step = built(text, one, language=language, sentences=sentences, fhir=fhir)
    return only(step)["status"]


@pytest.mark.parametrize(("language", "text", "drug"), GIVEN)
def test_what_the_sentence_says_was_given_is_completed(language, text, drug):
    assert status(language, text, drug) == "completed"
    assert status(language, text, drug, historical=True) == "completed"
    assert status(language, text, drug, fhir="r5") == "recorded"


@pytest.mark.parametrize(("language", "text", "drug"), NOT_GIVEN)
def test_what_is_taken_prescribed_or_to_be_given_is_not(language, text, drug):
    assert status(language, text, drug) == "active"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"details": [("frequency", "daily")]}, "active"),
        ({"section": "medications"}, "active"),
        ({"section": "assessment_and_plan"}, "completed"),
        ({"planned": True}, "intended"),
        ({"negated": True}, "not-taken"),
        ({"stopped": True}, "stopped"),
    ],
)
def test_a_regimen_a_list_and_what_is_said_otherwise_stand_over_it(more, expected):
    text = "She received cefazolin; the wound is dressed daily."
    assert status("en", text, "cefazolin", **more) == expected


def test_what_is_tolerated_beside_an_allergy_is_not_taken_now():
    text = "Tolerates cephalosporins."
    assert status("en", text, "cephalosporins", section="allergies") == "completed"
    assert status("en", text, "cephalosporins") == "active"


def test_a_vaccine_is_given_not_taken():
    flu = ("http://www.whocc.no/atc", "J07BB02", "influenza vaccine")
    assert status("de", "Influenza-Impfung 2023.", "Influenza-Impfung", codes=[flu]) == "completed"
    assert (
        status("de", "Influenza-Impfung 2023.", "Influenza-Impfung", codes=[flu], planned=True) == "intended"
    )
    assert status("de", "Hepatitis A, Tollwut", "Tollwut", section="immunizations") == "completed"
    assert status("de", "Hepatitis A, Tollwut", "Tollwut") == "active"


def test_given_once_and_taken_are_two_statements():
    text = "Aspirin was administered in the ambulance.\nAspirin 81 mg daily at home."
    code = ("http://www.whocc.no/atc", "B01AC06", "acetylsalicylic acid")
    first = finding(text, "Aspirin", "medication", codes=[code])
    second = finding(text, "Aspirin", "medication", codes=[code], nth=1, details=[("frequency", "daily")])
    made = built(text, first, second).kept
    assert [one["status"] for one in made] == ["completed", "active"]


def test_words_of_another_language_say_nothing():
    text = "Cefazolin 2 g was administered."
    assert status("es", text, "Cefazolin") == "active"
    assert status("de", text, "Cefazolin") == "active"


def test_without_sentences_the_line_is_asked():
    text = "Warfarin\n2 g cefazolin was administered"
    warfarin, cefazolin = (finding(text, one, "medication") for one in ("Warfarin", "cefazolin"))
    assert [one["status"] for one in built(text, warfarin, cefazolin).kept] == ["active", "completed"]
