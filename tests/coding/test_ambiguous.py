"""Codes of words that name something else as often: given where the note speaks for what they name."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import terminology
from adapter import coding
from adapter.coding import Coder
from adapter.model import Finding, Note


@pytest.fixture(scope="module")
def coder(core_store: Path) -> Iterator[Coder]:
    with terminology.open_store(core_store) as store:
        yield Coder(store, coding.load())


def codes(coder: Coder, language: str, kind: str, word: str, text: str) -> list[str]:
    start = text.index(word)
    finding = Finding(start=start, end=start + len(word), text=word, kind=kind, confidence=1.0)
    note = Note(id="n", text=text, language=language)
    return [one.code for one in coder.code_all([finding], (language, "en"), note)[0].codings]


MEANT = [
    ("de", "condition", "RA", "RA seit 2011, Basistherapie mit Methotrexat."),
    ("de", "condition", "HWI", "HWI mit Dysurie, Fosfomycin gegeben."),
    ("de", "condition", "Pneu", "Röntgen-Thorax nach ZVK: kein Pneu."),
    ("de", "procedure", "PDA", "Sub partu PDA, danach Spontangeburt."),
    ("fr", "condition", "PR", "PR érosive sous méthotrexate."),
    ("fr", "condition", "BAV", "BAV au deuxième degré à l'ECG, pacemaker discuté."),
    ("fr", "procedure", "IVG", "G2P1, une IVG en 2014, contraception par DIU."),
    ("nl", "condition", "AF", "Bekend met AF, apixaban."),
    ("nl", "test", "Na", "Lab: Na 138, K 4,1."),
    ("en", "condition", "RA", "RA on methotrexate, no swollen joints."),
    ("en", "condition", "GBS", "Admitted with GBS, areflexia, IVIG started."),
    ("en", "condition", "TTP", "TTP with schistocytes, plasma exchange daily."),
    ("en", "finding", "PND", "No orthopnea, PND or edema."),
]

OTHER = [
    ("de", "condition", "RA", "Tensio: RA 24 mmHg, LA 19 mmHg."),
    ("de", "condition", "RA", "Hämatom am RA nach Sturz."),
    ("de", "condition", "HWI", "Z. n. HWI 2010 (Hinterwandinfarkt), Stent der RCA, Katheter."),
    ("de", "condition", "IPS", "Verlegung auf die IPS am Abend."),
    ("de", "medication", "DHC", "Sonographie: DHC nicht erweitert."),
    ("de", "finding", "Lymphome", "Abdomen weich. Keine Lymphome, Milz nicht tastbar."),
    ("de", "procedure", "CHE", "GOT 34, CHE 5400 U/l."),
    ("fr", "condition", "ACR", "Mammographie classée ACR 2 des deux côtés."),
    ("fr", "condition", "PR", "ECG sinusal, PR 160 ms."),
    ("fr", "condition", "TV", "TV : col fermé, postérieur."),
    ("fr", "condition", "BAV", "BAV de l'œil droit depuis hier."),
    ("fr", "medication", "fer", "Déchirure en fer à cheval à 11 h."),
    ("nl", "condition", "AF", "Vitale functies: AF 16/min, afebriel."),
    ("nl", "condition", "HAP", "Gezien door de HAP en ingestuurd."),
    ("nl", "test", "na", "Controle na 3 u herhaald."),
    ("nl", "medication", "ASA", "Anesthesie: ASA: II, Mallampati 1."),
    ("en", "condition", "RA", "Saturation 95% on RA."),
    ("en", "condition", "GBS", "GBS positive at 36 weeks."),
    ("en", "condition", "TTP", "Abdomen soft, TTP in the RLQ."),
    ("en", "procedure", "AROM", "Shoulder AROM limited, PROM full."),
    ("en", "condition", "HF", "HF."),
]


@pytest.mark.parametrize(("language", "kind", "word", "text"), MEANT)
def test_a_note_that_speaks_for_it_keeps_the_codes(coder: Coder, language, kind, word, text) -> None:
    assert codes(coder, language, kind, word, text)


@pytest.mark.parametrize(("language", "kind", "word", "text"), OTHER[:-1])
def test_a_note_that_speaks_of_something_else_has_none(coder: Coder, language, kind, word, text) -> None:
    assert codes(coder, language, kind, word, text) == []


@pytest.mark.parametrize(("language", "word"), [("nl", "staal"), ("en", "tumox"), ("en", "croux")])
def test_a_short_word_with_another_last_letter_is_no_misspelt_name(coder: Coder, language, word) -> None:
    assert codes(coder, language, "condition", word, f"{word}.") == []


def test_words_that_are_not_listed_are_not_asked_about(coder: Coder) -> None:
    assert codes(coder, *OTHER[-1])


def test_without_a_note_nothing_can_tell(coder: Coder) -> None:
    finding = Finding(start=0, end=2, text="RA", kind="condition", confidence=1.0)
    assert coder.code(finding, languages=("de", "en")).codings


def test_every_word_of_the_list_has_a_code_that_it_may_lose(coder: Coder) -> None:
    """A word that nothing names, or that asks for nothing, is a slip in the list."""
    for language, listed in coding.load().ambiguous.items():
        for rule in listed:
            kinds = rule.kinds or {"condition", "finding", "procedure", "test", "medication", "body_site"}
            findings = [
                Finding(start=0, end=len(rule.word), text=rule.word, kind=kind, confidence=1.0)
                for kind in sorted(kinds)
            ]
            given = [coder.code(one, languages=(language, "en")).codings for one in findings]
            assert any(given), (language, rule.word)
            assert rule.needs or rule.unless or rule.before or rule.behind, (language, rule.word)
