"""A duration behind a reason is of the drug; one that says since when the reason is there is not."""

import marked
import pytest

from adapter import context

OF_THE_DRUG = [
    ("en", "«Amoxicillin:medication» «500 mg:dose» for «pneumonia:condition» «for 7 days:duration»."),
    ("en", "«Doxycycline:medication» for «cellulitis:condition» «for a total of 10 days:duration»."),
    ("en", "«Cefaclor:medication» for «otitis:condition» and «sinusitis:condition» «for 10 days:duration»."),
    ("en", "«Prednisone:medication» for «asthma:condition» x «5 days:duration»."),
    ("de", "«Clarithromycin:medication» «500 mg:dose» bei «Pneumonie:condition» «für 7 Tage:duration»."),
    ("de", "«Amoxicillin:medication» «1 g:dose» wegen «Pneumonie:condition» über «10 Tage:duration»."),
    ("fr", "«Amoxicilline:medication» «1 g:dose» pour une «pneumonie:condition» «pendant 7 jours:duration»."),
    ("nl", "«Doxycycline:medication» wegens «pneumonie:condition» «gedurende 7 dagen:duration»."),
]  # fmt: skip
OF_THE_REASON = [
    ("en", "«Ibuprofen:medication» for «back pain:finding» since «3 days:duration»."),
    ("en", "«Ibuprofen:medication» for «back pain:finding» «for the past 3 weeks:duration»."),
    ("en", "«Ibuprofen:medication» for «back pain:finding» of «3 weeks:duration»."),
    ("en", "«Amoxicillin:medication» «for 7 days:duration» for «cough:finding» «for 3 weeks:duration»."),
    ("en", "«Ibuprofen:medication» «400 mg:dose», «back pain:finding» «for 3 weeks:duration»."),
    ("de", "«Ibuprofen:medication» wegen «Rückenschmerzen:finding» seit «3 Wochen:duration»."),
    ("fr", "«Ibuprofène:medication» pour «lombalgies:condition» depuis «3 semaines:duration»."),
    ("nl", "«Paracetamol:medication» voor «rugpijn:finding» sinds «3 weken:duration»."),
]


@pytest.fixture(scope="module")
def shelf():
    return context.Shelf(("de", "en", "fr", "nl"))


def owners(language, sentence, shelf):
    found = marked.assessed(language, sentence, shelf)
    return [one.kind for one in found for detail in one.attributes if detail.kind == "duration"]


@pytest.mark.parametrize(("language", "sentence"), OF_THE_DRUG)
def test_a_duration_behind_a_reason_is_of_the_drug(language, sentence, shelf):
    assert owners(language, sentence, shelf) == ["medication"]


@pytest.mark.parametrize(("language", "sentence"), OF_THE_REASON)
def test_how_long_a_reason_has_been_there_is_its_own(language, sentence, shelf):
    assert owners(language, sentence, shelf)[-1] in ("condition", "finding")
