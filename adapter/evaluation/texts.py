"""Two texts -> how alike they are: the same items, the same words (ROUGE), the same meaning (BERTScore)."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from adapter.tasks.elmtex import NOTHING

ROUGE = ("rouge1", "rouge2", "rougeL")
BERT = ("precision", "recall", "f1")
Vectors = NDArray[np.float32]  # a row of length 1 for each token
Embed = Callable[[str], Vectors]
Rouge = Callable[[str, str], Mapping[str, float]]  # gold, given -> F by the names of ROUGE
Three = tuple[float, float, float]

_PART = re.compile(r"(?:\\[\\;N]|[^;])+")
_ESCAPED = re.compile(r"\\([\\;N])")
_EDGES = " \t.,:-–—•·*\"'"


def is_nothing(text: str) -> bool:
    """Whether a field says that there is nothing."""
    return text.strip().casefold() in ("", NOTHING.casefold())


def parts(text: str) -> list[str]:
    """The facts of a field, parted by ";", as they are written."""
    found = [] if is_nothing(text) else [_ESCAPED.sub(r"\1", one).strip() for one in _PART.findall(text)]
    return [one for one in found if normalised(one)]


def items(text: str) -> Counter[str]:
    """The facts of a field, normalised, each with how often it stands there."""
    return Counter(map(normalised, parts(text)))


def normalised(item: str) -> str:
    """An item without what does not tell: case, forms of letters, white space, marks at its edges."""
    folded = unicodedata.normalize("NFKC", item).casefold()
    return " ".join(folded.split()).strip(_EDGES)


def rouge() -> Rouge | None:
    """ROUGE with stemming, by the package rouge-score; None where it is not installed.

    It knows the letters a to z and the digits alone: an umlaut parts a word.
    """
    if find_spec("rouge_score") is None:
        return None
    scorer = import_module("rouge_score.rouge_scorer").RougeScorer(list(ROUGE), use_stemmer=True)

    def alike(gold: str, given: str) -> dict[str, float]:
        found = scorer.score(gold, given)
        return {name: float(found[name].fmeasure) for name in ROUGE}

    return alike


def bertscore(gold: Vectors, given: Vectors) -> Three:
    """BERTScore (precision, recall, F1): each token with the most alike of the other text; no weights.

    Zhang et al. 2020, https://arxiv.org/abs/1904.09675. All 0 where a text has no tokens.
    """
    if not len(gold) or not len(given):
        return 0.0, 0.0, 0.0
    alike = given @ gold.T
    precision, recall = float(alike.max(1).mean()), float(alike.max(0).mean())
    both = precision + recall
    return precision, recall, 2 * precision * recall / both if both > 0 else 0.0
