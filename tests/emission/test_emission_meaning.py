"""What the note means, and what becomes of it: each rule with its opposite."""

from dataclasses import replace

import pytest
from written import ICD, RULES, SNOMED, built, code, finding, only

from adapter.emission.rules import OUTCOMES
from adapter.model import Coding

PNEUMONIA = [(ICD, "J18.9", "Pneumonia, unspecified organism")]


def reasons(step):
    return [issue.reason for issue in step.left_out]


def pneumonia(**said):
    text = "Pneumonia."
    return built(text, finding(text, "Pneumonia", "condition", codes=PNEUMONIA, **said))


@pytest.mark.parametrize(
    ("said", "clinical", "verification", "category"),
    [
        ({}, "active", "confirmed", "encounter-diagnosis"),
        ({"uncertain": True}, "active", "provisional", "encounter-diagnosis"),
        ({"ruled_out": True, "negated": True}, None, "refuted", "encounter-diagnosis"),
        ({"historical": True}, None, "confirmed", None),
        ({"uncertain": True, "historical": True}, "active", "provisional", "encounter-diagnosis"),
    ],
)
def test_condition_statuses(said, clinical, verification, category):
    condition = only(pneumonia(**said))
    assert condition["resourceType"] == "Condition"
    assert code(condition["verificationStatus"]) == verification
    assert ("clinicalStatus" in condition) == (clinical is not None)
    if clinical:
        assert code(condition["clinicalStatus"]) == clinical
    assert [code(one) for one in condition.get("category", [])] == ([category] if category else [])


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"negated": True}, "negated"),
        ({"hypothetical": True}, "hypothetical"),
        ({"planned": True}, "planned"),
        ({"experiencer": "other"}, "other-person"),
        ({"experiencer": "other", "negated": True}, "other-person"),
        ({"experiencer": "family", "negated": True}, "negated"),
        ({"experiencer": "family", "uncertain": True}, "uncertain"),
        ({"hypothetical": True, "ruled_out": True}, "hypothetical"),
        ({"negated": True, "uncertain": True}, "negated"),
    ],
)
def test_nothing_is_made_of_what_is_not_there(said, reason):
    step = pneumonia(**said)
    assert step.kept == ()
    assert reasons(step) == [reason]
    assert (step.left_out[0].start, step.left_out[0].end, step.left_out[0].kind) == (0, 9, "condition")
    assert "Pneumonia" not in step.left_out[0].message


def test_r5_says_unknown_where_r4_says_nothing():
    text = "History of pneumonia."
    past = finding(text, "pneumonia", "condition", codes=PNEUMONIA, historical=True)
    assert "clinicalStatus" not in only(built(text, past))
    assert code(only(built(text, past, fhir="r5"))["clinicalStatus"]) == "unknown"


@pytest.mark.parametrize(
    ("cue", "said", "status"),
    [
        ("has resolved", {"historical": True}, "resolved"),
        ("went away", {"historical": True}, "resolved"),
        ("in remission", {"historical": True}, "remission"),
        ("in remission", {}, "remission"),
        ("resolving", {"historical": True}, None),
        ("history of", {"historical": True}, None),
        ("possible", {"uncertain": True}, "active"),
    ],
)
def test_resolved_only_where_said(cue, said, status):
    text = f"pneumonia {cue}."
    condition = only(built(text, finding(text, "pneumonia", "condition", cue=cue, **said)))
    assert ("clinicalStatus" in condition) == (status is not None)
    if status:
        assert code(condition["clinicalStatus"]) == status


@pytest.mark.parametrize(
    ("cue", "status"), [("versus", "differential"), ("vs", "differential"), ("likely", "provisional")]
)
def test_one_of_several_is_differential(cue, status):
    text = f"pneumonia {cue} edema"
    condition = only(built(text, finding(text, "pneumonia", "condition", cue=cue, uncertain=True)))
    assert code(condition["verificationStatus"]) == status


@pytest.mark.parametrize(
    ("codes", "section", "resource"),
    [
        ([(ICD, "R05.9", "Cough")], "physical_exam", "Condition"),
        ([(ICD, "Z72.0", "Tobacco use")], "physical_exam", "Observation"),
        ([(SNOMED, "49727002", "Cough")], "unknown", "Condition"),
        ([(SNOMED, "49727002", "Cough")], "physical_exam", "Observation"),
        ([], "unknown", "Observation"),
    ],
)
def test_a_finding_is_a_problem_only_when_it_is_known_as_one(codes, section, resource):
    text = "cough"
    made = only(built(text, finding(text, "cough", "finding", codes=codes, section=section)))
    assert made["resourceType"] == resource
    if resource == "Observation":
        assert code(made["code"]) == "75321-0"
        assert made["valueCodeableConcept"]["text"] == "cough"


def test_a_condition_needs_no_code():
    text = "Funny turn"
    condition = only(built(text, finding(text, "Funny turn", "condition")))
    assert condition["code"] == {"text": "Funny turn"}


@pytest.mark.parametrize(
    ("said", "status", "adherence"),
    [
        ({}, "active", "taking"),
        ({"stopped": True}, "stopped", "stopped"),
        ({"negated": True}, "not-taken", "not-taking"),
        ({"planned": True}, "intended", "unknown"),
        ({"uncertain": True}, "unknown", "unknown"),
        ({"historical": True}, "unknown", "unknown"),
        ({"historical": True, "stopped": True}, "stopped", "stopped"),
    ],
)
def test_medication_status(said, status, adherence):
    text = "aspirin"
    medicine = finding(text, "aspirin", "medication", **said)
    r4, r5 = only(built(text, medicine)), only(built(text, medicine, fhir="r5"))
    assert (r4["status"], r5["status"]) == (status, "recorded")
    assert code(r5["adherence"]["code"]) == adherence
    assert r4["medicationCodeableConcept"] == r5["medication"]["concept"] == {"text": "aspirin"}


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({}, "completed"),
        ({"historical": True}, "completed"),
        ({"planned": True}, "preparation"),
        ({"stopped": True}, "stopped"),
    ],
)
def test_procedure_status(said, status):
    text = "appendectomy"
    procedure = only(built(text, finding(text, "appendectomy", "procedure", **said)))
    assert procedure["status"] == status
    assert not [name for name in procedure if name.startswith("performed")]


@pytest.mark.parametrize(
    ("kind", "said", "reason"),
    [
        ("procedure", {"negated": True}, "negated"),
        ("procedure", {"uncertain": True}, "uncertain"),
        ("procedure", {"hypothetical": True}, "hypothetical"),
        ("procedure", {"experiencer": "family"}, "family"),
        ("medication", {"hypothetical": True}, "hypothetical"),
        ("medication", {"experiencer": "family"}, "family"),
        ("medication", {"allergen": True, "negated": True}, "negated"),
        ("medication", {"allergen": True, "experiencer": "family"}, "family"),
        ("test", {}, "no-result"),
        ("body_site", {}, "no-rule"),
        ("age", {}, "no-rule"),
        ("result", {}, "no-rule"),
    ],
)
def test_left_out_with_its_reason(kind, said, reason):
    text = "something"
    step = built(text, finding(text, "something", kind, **said))
    assert step.kept == ()
    assert reasons(step) == [reason]


def test_a_relative_has_one_history_and_the_patient_no_condition():
    text = "Mother had diabetes and gout. Father had gout. Mother's gout. Somebody had asthma."
    findings = [
        finding(text, "diabetes", "condition", experiencer="family", relative="MTH"),
        finding(text, "gout", "condition", experiencer="family", relative="MTH"),
        finding(text, "gout", "condition", nth=1, experiencer="family", relative="FTH"),
        finding(text, "gout", "condition", nth=2, experiencer="family", relative="MTH"),
        finding(text, "asthma", "condition", experiencer="family"),
    ]
    told = {
        code(one["relationship"]): [condition["code"]["text"] for condition in one["condition"]]
        for one in built(text, *findings).kept
    }
    assert told == {"MTH": ["diabetes", "gout"], "FTH": ["gout"], "FAMMEMB": ["asthma"]}
    assert {one["resourceType"] for one in built(text, *findings).kept} == {"FamilyMemberHistory"}


@pytest.mark.parametrize(
    ("said", "clinical", "verification"),
    [
        ({}, "active", "confirmed"),
        ({"historical": True}, "active", "confirmed"),
        ({"uncertain": True}, "active", "unconfirmed"),
        ({"ruled_out": True, "negated": True}, "inactive", "refuted"),
    ],
)
def test_an_allergen_is_an_allergy_and_no_medication(said, clinical, verification):
    text = "Allergic to penicillin (rash, hives)."
    allergen = finding(
        text,
        "penicillin",
        "medication",
        allergen=True,
        details=[("finding", "rash"), ("finding", "hives")],
        **said,
    )
    allergy = only(built(text, allergen))
    assert allergy["resourceType"] == "AllergyIntolerance"
    assert (code(allergy["clinicalStatus"]), code(allergy["verificationStatus"])) == (clinical, verification)
    assert allergy["category"] == ["medication"]
    assert allergy["reaction"] == [{"manifestation": [{"text": "rash"}, {"text": "hives"}]}]
    r5 = only(built(text, allergen, fhir="r5"))
    assert r5["reaction"][0]["manifestation"][0] == {"concept": {"text": "rash"}}


@pytest.mark.parametrize(
    ("words", "kind", "category"),
    [
        ("peanuts", "finding", ["food"]),
        ("peanuts", "medication", ["food"]),
        ("latex", "medication", ["environment"]),
        ("Pollenallergie", "condition", ["environment"]),
        ("Ei-Allergie", "condition", ["food"]),
        ("allergie aux arachides", "condition", ["food"]),
        ("Penicillineallergie", "condition", ["medication"]),
        ("eisenglanz", "finding", None),
        ("allergy to nutmegs", "condition", None),
        ("ramipril", "medication", ["medication"]),
    ],
)
def test_the_category_of_an_allergy_is_that_of_its_substance(words, kind, category):
    assert only(built(words, finding(words, words, kind, allergen=True))).get("category") == category


def test_the_code_of_a_named_allergy_tells_its_category_and_a_disease_is_no_code_of_it():
    text = "sulfonylurea allergy"
    named = finding(
        text, text, "condition", allergen=True, codes=[(ICD, "Z88.8", "Allergy status to other drugs")]
    )
    assert only(built(text, named))["category"] == ["medication"]
    pollen = finding(text, text, "condition", allergen=True, codes=[(ICD, "J30.1", "Allergic rhinitis")])
    assert only(built(text, pollen))["code"] == {"text": text}


def test_an_allergy_named_as_a_whole_joins_its_substance():
    text = "Allergies: penicillin. Penicillin allergy with rash. Egg allergy."
    substance = finding(text, "penicillin", "medication", allergen=True)
    allergy = finding(text, "Penicillin allergy", "condition", allergen=True, details=[("finding", "rash")])
    other = finding(text, "Egg allergy", "condition", allergen=True)
    step = built(text, substance, allergy, other)
    assert [one["code"]["text"] for one in step.kept] == ["penicillin", "Egg allergy"]
    assert step.kept[0]["reaction"] == [{"manifestation": [{"text": "rash"}]}]


@pytest.mark.parametrize(
    ("words", "cue", "said", "answer", "text"),
    [
        ("never smoked", None, {}, "266919005", "never smoked"),
        ("smoker", None, {}, "77176002", "smoker"),
        ("former smoker", None, {}, "8517006", "former smoker"),
        ("smoker", "denies being a", {"negated": True}, "8392000", "denies being a smoker"),
        ("tobacco use", "Denies", {"negated": True}, None, "Denies tobacco use"),
        ("smoking", "quit", {"stopped": True}, "8517006", "quit smoking"),
        ("smokes 1 ppd", None, {}, None, "smokes 1 ppd"),
    ],
)
def test_smoking(words, cue, said, answer, text):
    line = f"{cue} {words}" if cue else words
    observation = only(built(line, finding(line, words, "social", cue=cue, **said)))
    assert code(observation["code"]) == "72166-2"
    assert [code(one) for one in observation["category"]] == ["social-history"]
    value = observation["valueCodeableConcept"]
    assert value["text"] == text
    assert [one["code"] for one in value.get("coding", [])] == ([answer] if answer else [])


def test_a_denied_habit_never_reads_as_one():
    """Without the denying words or a code for the denial there is no Observation."""
    text = "alcohol"
    step = built(text, finding(text, "alcohol", "social", negated=True))
    assert step.kept == ()
    assert reasons(step) == ["negated"]
    far = "No " + "x" * 200 + " alcohol"
    assert built(far, finding(far, "alcohol", "social", cue="No", negated=True)).kept == ()


def test_alcohol_is_measured_when_said():
    text = "drinks 2 beers per day"
    observation = only(built(text, finding(text, text, "social")))
    assert code(observation["code"]) == "74013-4"
    assert observation["valueQuantity"] == {
        "value": 2,
        "unit": "{drink}/d",
        "system": "http://unitsofmeasure.org",
        "code": "{drink}/d",
    }
    socially = "drinks socially"
    observation = only(built(socially, finding(socially, socially, "social")))
    assert (code(observation["code"]), observation["valueCodeableConcept"]["text"]) == ("11331-6", socially)


def test_the_rest_of_the_social_history_is_text():
    text = "lives with his wife"
    observation = only(built(text, finding(text, text, "social")))
    assert code(observation["code"]) == "29762-2"


@pytest.mark.parametrize(
    ("subject", "reason"),
    [
        (None, "subject-missing"),
        ({}, "subject-missing"),
        ({"display": "Erika Mustermann"}, "subject-missing"),
        ({"reference": "#p1"}, "subject-local"),
        ({"reference": "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"}, "subject-local"),
        ({"reference": "Practitioner/1"}, "subject-not-patient"),
        ({"reference": "Group/1"}, "subject-not-patient"),
    ],
)
def test_nobody_is_invented(subject, reason):
    text = "Pneumonia."
    step = built(text, finding(text, "Pneumonia", "condition"), subject=subject)
    assert step.kept == ()
    (issue,) = step.left_out
    assert (issue.reason, issue.severity, issue.path) == (reason, "error", "DocumentReference.subject")
    assert "Mustermann" not in issue.message


@pytest.mark.parametrize(
    "subject",
    [
        {"reference": "Patient/1"},
        {"reference": "https://ehr.example.org/fhir/Patient/1"},
        {"identifier": {"system": "urn:oid:1.2.3", "value": "77"}},
        {"type": "Patient", "identifier": {"value": "77"}, "display": "E. M."},
    ],
)
def test_the_subject_is_the_documents(subject):
    text = "Pneumonia."
    assert only(built(text, finding(text, "Pneumonia", "condition"), subject=subject))["subject"] == subject


@pytest.mark.parametrize(
    "encounter", [None, {"reference": "#e"}, {"reference": "urn:uuid:1"}, {"display": "x"}]
)
def test_an_encounter_nobody_can_follow_is_not_said(encounter):
    text = "Pneumonia."
    assert "encounter" not in only(built(text, finding(text, "Pneumonia", "condition"), encounter=encounter))


@pytest.mark.parametrize(
    "policy", ["condition", "exam", "medication", "procedure", "test", "social", "allergy", "family"]
)
def test_every_outcome_is_decided(policy):
    assert set(getattr(RULES, policy).outcomes) == set(OUTCOMES)


@pytest.mark.parametrize(
    ("text", "loinc"),
    [
        ("smokes marijuana", "29762-2"),
        ("secondhand smoke exposure", "29762-2"),
        ("smoke detectors at home", "29762-2"),
        ("drinks Ripple milk", "29762-2"),
        ("smokes cigarettes", "72166-2"),
        ("20 pack-years", "72166-2"),
        ("drinks occasionally", "11331-6"),
        ("ETOH", "11331-6"),
        ("3 drinks a week", "11331-6"),
    ],
)
def test_only_tobacco_is_tobacco_and_only_alcohol_alcohol(text, loinc):
    observation = only(built(text, finding(text, text, "social")))
    assert code(observation["code"]) == loinc
    assert observation["valueCodeableConcept"] == {"text": text}


@pytest.mark.parametrize(
    ("words", "section", "codes", "resource"),
    [
        ("unemployed", "assessment_and_plan", [(SNOMED, "73438004", "Unemployed")], "Condition"),
        ("unemployed", "social_history", [(SNOMED, "73438004", "Unemployed")], "Observation"),
        ("unemployed", "assessment_and_plan", [], "Observation"),
        ("smoker", "assessment_and_plan", [(SNOMED, "77176002", "Smoker")], "Observation"),
    ],
)
def test_a_circumstance_is_a_concern_only_where_it_is_listed_as_one(words, section, codes, resource):
    made = only(built(words, finding(words, words, "social", codes=codes, section=section)))
    assert made["resourceType"] == resource
    if resource == "Condition":
        assert code(made["category"][0]) == "health-concern"


@pytest.mark.parametrize(("kind", "made"), [("procedure", ["Procedure"]), ("test", []), ("", [])])
def test_a_test_without_a_result_is_a_procedure_only_when_the_terminology_says_so(kind, made):
    text = "depression screening"
    coded = Coding(
        system=SNOMED, code="171207006", display="Depression screening", score=1.0, match="exact", kind=kind
    )
    one = replace(finding(text, text, "test"), codings=(coded,))
    assert [resource["resourceType"] for resource in built(text, one).kept] == made


ATC = "http://www.whocc.no/atc"


@pytest.mark.parametrize(
    ("code", "section", "details", "status"),
    [
        ("N01BB02", "unknown", (), "completed"),
        ("V08AB10", "imaging", (), "completed"),
        ("D06AX05", "procedure", (), "completed"),
        ("D06AX05", "procedure", [("frequency", "daily")], "active"),
        ("D06AX05", "unknown", (), "active"),
        ("N01BB02", "medications", (), "active"),
        ("N01BB02", "unknown", [("frequency", "daily")], "active"),
    ],
)
def test_what_was_given_once_is_not_taken(code, section, details, status):
    text = "Lidocaine was injected, daily."
    given = finding(
        text, "Lidocaine", "medication", codes=[(ATC, code, "x")], details=details, section=section
    )
    assert only(built(text, given))["status"] == status
    assert only(built(text, given, fhir="r5"))["status"] == "recorded"


def smoking(words, **said):
    text = f"was {words}"
    habit = only(built(text, finding(text, words, "social", cue="was", **said)))
    return code(habit["code"]), [one["display"] for one in habit["valueCodeableConcept"].get("coding", [])]


@pytest.mark.parametrize(
    ("words", "said", "answer"),
    [
        ("Raucht", {}, "Smoker"),
        ("Nichtraucherin", {}, "Non-smoker"),
        ("Nikotin", {"negated": True}, "Non-smoker"),
        ("Exraucher", {}, "Ex-smoker"),
        ("non-fumeur", {}, "Non-smoker"),
        ("fumeuse", {}, "Smoker"),
        ("Rookte", {}, "Ex-smoker"),
        ("gestopt met roken", {}, "Ex-smoker"),
        ("rookt", {"negated": True}, "Non-smoker"),
    ],
)
def test_smoking_on_the_continent(words, said, answer):
    assert smoking(words, **said) == ("72166-2", [answer])


@pytest.mark.parametrize("words", ["Tabagisme passif", "passives Rauchen", "meeroken", "rookt cannabis"])
def test_smoke_of_others_is_no_habit(words):
    assert smoking(words)[0] == "29762-2"


HIP, ELBOW = (SNOMED, "22253000", "pain"), (SNOMED, "74323005", "elbow pain")


def problems(text, *mentions):
    """What is told of each Condition: its words and how many mentions it has."""
    step = built(text, *mentions)
    told = (
        sum(one["url"].endswith("derivation-reference") for one in each["extension"]) for each in step.kept
    )
    return list(zip((each["code"]["text"] for each in step.kept), told, strict=True))


def test_a_word_that_refers_back_is_the_same_problem():
    text = "Elbow pain since May. The pain is worse at night."
    elbow = finding(text, "Elbow pain", "finding", codes=[ELBOW])
    pain = finding(text, "pain", "finding", nth=1, codes=[HIP])
    assert problems(text, elbow, pain) == [("Elbow pain", 2)]


def test_a_longer_name_without_a_code_has_that_of_the_word_for_it():
    text = "Nagging elbow pain since May. The pain is worse at night."
    elbow = finding(text, "Nagging elbow pain", "condition")
    pain = finding(text, "pain", "finding", nth=1, codes=[HIP])
    condition = only(built(text, elbow, pain))
    assert (condition["code"]["text"], code(condition["code"])) == ("Nagging elbow pain", "22253000")


def test_a_word_that_may_mean_two_problems_is_its_own():
    text = "Elbow pain and hip pain. The pain is worse at night."
    elbow = finding(text, "Elbow pain", "finding", codes=[ELBOW])
    hip = finding(text, "hip pain", "finding", codes=[(SNOMED, "49218002", "hip pain")])
    pain = finding(text, "pain", "finding", nth=2, codes=[HIP])
    assert problems(text, elbow, hip, pain) == [("Elbow pain", 1), ("hip pain", 1), ("pain", 1)]


@pytest.mark.parametrize(
    ("longer", "short", "details"),
    [
        ("pulmonary hypertension", "hypertension", ()),
        ("elbow pain", "pain", [("body_site", "knee")]),
        ("stone disease", "stone", ()),
    ],
)
def test_what_may_be_another_problem_is_its_own(longer, short, details):
    text = f"{longer}. Then there is {short} in the knee."
    first = finding(text, longer, "condition", codes=[(SNOMED, "1", "x")])
    second = finding(text, short, "condition", nth=1, codes=[(SNOMED, "2", "y")], details=details)
    assert len(problems(text, first, second)) == 2


def test_a_word_before_the_name_does_not_refer_back():
    text = "Pain. Later elbow pain."
    pain = finding(text, "Pain", "finding", codes=[HIP])
    elbow = finding(text, "elbow pain", "finding", codes=[ELBOW])
    assert len(problems(text, pain, elbow)) == 2


def test_french_names_begin_with_what_refers_back():
    text = "Douleur thoracique. La douleur cède."
    chest = finding(text, "Douleur thoracique", "finding", codes=[(SNOMED, "29857009", "chest pain")])
    pain = finding(text, "douleur", "finding", codes=[HIP])
    assert problems(text, chest, pain) == [("Douleur thoracique", 2)]


def test_what_is_present_once_is_not_suspected_as_well():
    text = "Pneumonia? X-ray: pneumonia."
    asked = finding(text, "Pneumonia", "condition", codes=PNEUMONIA, uncertain=True)
    shown = finding(text, "pneumonia", "condition", codes=PNEUMONIA)
    condition = only(built(text, asked, shown))
    assert code(condition["verificationStatus"]) == "confirmed"
    assert condition["code"]["text"] == "pneumonia"


@pytest.mark.parametrize(
    ("words", "section", "kinds"),
    [
        ("right subclavian angiography", "procedure", ["Procedure"]),
        ("aortic arch angiogram", "procedure", ["Procedure"]),
        ("Aortographie", "procedure", ["Procedure"]),
        ("pull back pressures", "procedure", []),
        ("aortic arch angiogram", "plan", []),
    ],
)
def test_what_a_catheter_report_shows_was_done(words, section, kinds):
    text = f"{words} was performed."
    step = built(text, finding(text, words, "test", section=section))
    assert [one["resourceType"] for one in step.kept] == kinds


def procedures(text, *mentions):
    return [(one["status"], one["code"]["text"]) for one in built(text, *mentions).kept]


def test_a_procedure_told_in_fewer_words_is_the_same():
    text = (
        "Arthroscopic subacromial decompression of the left shoulder. The decompression was then carried out."
    )
    whole = "Arthroscopic subacromial decompression of the left shoulder"
    mentions = (finding(text, whole, "procedure"), finding(text, "decompression", "procedure", nth=1))
    assert procedures(text, *mentions) == [("completed", whole)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("dialysis catheter placement", "dialysis"),
        ("Liver biopsy and kidney biopsy", "biopsy"),
        ("hemicolectomy", "colectomy"),
    ],
)
def test_a_procedure_that_may_be_another_is_its_own(first, second):
    text = f"{first}. Later {second} again."
    parts = first.split(" and ")
    mentions = [finding(text, part, "procedure") for part in parts]
    mentions.append(finding(text, second, "procedure", nth=text.count(second) - 1))
    assert len(procedures(text, *mentions)) == len(parts) + 1


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ("procedure", [("completed", "colonoscopy")]),
        ("plan", [("preparation", "colonoscopy"), ("completed", "colonoscopy")]),
    ],
)
def test_what_was_planned_and_then_done_is_done(section, told):
    text = "Scheduled for colonoscopy. The colonoscopy was done."
    planned = finding(text, "colonoscopy", "procedure", planned=True)
    done = finding(text, "colonoscopy", "procedure", nth=1, section=section)
    assert procedures(text, planned, done) == told


def test_what_was_done_and_is_planned_again_is_two():
    text = "The colonoscopy was done. Plan: colonoscopy in a year."
    done = finding(text, "colonoscopy", "procedure", section="procedure")
    planned = finding(text, "colonoscopy", "procedure", nth=1, planned=True)
    assert len(procedures(text, done, planned)) == 2


@pytest.mark.parametrize("result", ["pending", "steht noch aus", "en cours", "loopt", "A."])
def test_a_result_that_is_not_there_is_none(result):
    text = f"CRP {result}"
    step = built(text, finding(text, "CRP", "test", details=[("result", result)]))
    assert (step.kept, reasons(step)) == ((), ["no-result"])


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        ("Troponin was mildly elevated.", "mildly elevated", "H"),
        ("Troponin erhöht.", "erhöht", "H"),
        ("Troponin effondrée.", "effondrée", None),
        ("Troponin: basse", "basse", "L"),
        ("Troponin normaal", "normaal", "N"),
        ("Troponin negative", "negative", "NEG"),
        ("Troponin is no longer high.", "high", None),
        ("Troponin nicht erhöht.", "erhöht", None),
        ("Troponin nicht erhöht.", "nicht erhöht", None),
        ("Troponin 0.02 ng/mL", "0.02 ng/mL", None),
        ("Troponin high yesterday, low today", "high yesterday, low today", None),
    ],
)
@pytest.mark.parametrize("fhir", ["r4", "r5"])
def test_what_a_result_is_said_to_be(text, words, said, fhir):
    made = only(built(text, finding(text, "Troponin", "test", details=[("result", words)]), fhir=fhir))
    codes = [one["coding"][0]["code"] for one in made.get("interpretation", [])]
    assert codes == ([said] if said else [])
