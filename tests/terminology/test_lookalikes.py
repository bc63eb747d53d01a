"""No drug is taken for a drug that looks like it, whether the store knows the one that is written or not."""

import pytest

from terminology import Source, build, open_store
from terminology.normalise import shipped
from terminology.systems import RXNORM
from terminology.uncoded import shipped as uncoded

SURE = 0.88  # from this score on a code is given
PAIRS = [
    ("Vicodin", "Dicodin"),
    ("hydroxyzine", "hydralazine"),
    ("prednisone", "prednisolone"),
    ("Celebrex", "Celexa"),
    ("Celebrex", "Cerebyx"),
    ("clonidine", "clonazepam"),
    ("clonidine", "Klonopin"),
    ("vinblastine", "vincristine"),
    ("glipizide", "glyburide"),
    ("metoprolol", "misoprostol"),
    ("metformin", "metronidazole"),
    ("lamotrigine", "lamivudine"),
    ("Lamictal", "Lamisil"),
    ("Zantac", "Xanax"),
    ("Zyprexa", "Zyrtec"),
    ("Losec", "Lasix"),
    ("tramadol", "trazodone"),
    ("bupropion", "buspirone"),
    ("carboplatin", "cisplatin"),
    ("chlorpromazine", "chlorpropamide"),
    ("cyclosporine", "cycloserine"),
    ("daunorubicin", "doxorubicin"),
    ("dobutamine", "dopamine"),
    ("ephedrine", "epinephrine"),
    ("fluoxetine", "fluvoxamine"),
    ("guaifenesin", "guanfacine"),
    ("hydromorphone", "oxymorphone"),
    ("ketorolac", "ketotifen"),
    ("levothyroxine", "liothyronine"),
    ("mitomycin", "mitoxantrone"),
    ("nicardipine", "nifedipine"),
    ("nimodipine", "nifedipine"),
    ("pentobarbital", "phenobarbital"),
    ("quinidine", "quinine"),
    ("sulfadiazine", "sulfasalazine"),
    ("sumatriptan", "zolmitriptan"),
    ("tizanidine", "tiagabine"),
    ("valaciclovir", "valganciclovir"),
    ("bambuterol", "albuterol"),
    ("gatifloxacin", "gemifloxacin"),
    ("streptomycin", "streptozocin"),
    ("trimeprazine", "trimipramine"),
    ("metacycline", "tetracycline"),
    ("prothipendyl", "isothipendyl"),
]
BOTH_WAYS = [*PAIRS, *((other, one) for one, other in PAIRS)]


@pytest.fixture(scope="module")
def drugs(core_store):
    with open_store(core_store) as store:
        yield store


@pytest.fixture(scope="module")
def halves(tmp_path_factory):
    """Two stores: one knows the first drug of each pair, one the second."""
    folder = tmp_path_factory.mktemp("drugs")
    for side in (0, 1):
        names = sorted({pair[side] for pair in PAIRS})
        lines = [f"{RXNORM}\t{number}\t{name}" for number, name in enumerate(names, start=1)]
        (folder / f"{side}.tsv").write_text("\n".join(["system\tcode\tdisplay", *lines]), "utf-8")
        build([Source(kind="tsv", path=folder / f"{side}.tsv")], folder / f"{side}.sqlite")
    with open_store(folder / "0.sqlite") as first, open_store(folder / "1.sqlite") as second:
        yield first, second


def sure(store, text):
    return [hit for hit in store.search(text, kinds=["medication"], limit=5) if hit.score >= SURE]


@pytest.mark.parametrize(("written", "other"), BOTH_WAYS)
def test_a_known_drug_is_not_taken_for_another(drugs, written, other):
    meant = {(hit.system, hit.code) for hit in drugs.exact(written, kinds=["medication"])}
    theirs = {(hit.system, hit.code) for hit in drugs.exact(other, kinds=["medication"])}
    found = {(hit.system, hit.code) for hit in sure(drugs, written)}
    assert not found & (theirs - meant)
    assert not meant or found & meant


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("known", [0, 1])
def test_an_unknown_drug_is_not_taken_for_one_that_is_known(halves, pair, known):
    assert sure(halves[known], pair[known])
    assert sure(halves[known], pair[1 - known]) == []


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("hydrocodon", "hydrocodone"),
        ("metoprlol", "metoprolol"),
        ("lisinoprl", "lisinopril"),
        ("atorvastatine", "atorvastatin"),
        ("amoxicilin", "amoxicillin"),
        ("ibuprofin", "ibuprofen"),
        ("Lovenex", "enoxaparin"),
        ("Vicoden", "acetaminophen / hydrocodone"),
    ],
)
def test_a_slip_is_still_understood(drugs, written, meant):
    (best, *_) = drugs.search(written, kinds=["medication"], limit=1)
    assert best.display == meant
    assert best.score >= SURE


def test_a_word_of_a_name_without_a_code_is_known():
    words = uncoded(shipped())
    assert {"cryoprecipitate", "fioricet", "madopar"} <= words
    assert "metoprolol" not in words


def test_a_drug_without_a_code_is_not_taken_for_one_with_a_code(drugs):
    assert drugs.exact("Metanx", kinds=["medication"]) == []
    assert sure(drugs, "Metanx") == []
