import random

from training import augment

EXAMPLE = {
    "id": "1",
    "text": "Aspirin caused gout. aspirin again.",
    "spans": [[0, 7, ["medication"]], [15, 19, ["condition", "finding"]], [21, 28, ["medication"]]],
    "complete": ["medication"],
    "outside": [],
}


def exchanged(seed):
    names = {"medication": ["acetylsalicylic acid", "X"], "condition|finding": ["renal failure"]}
    return augment.exchanged(EXAMPLE, names, random.Random(seed))


def test_offsets_follow_and_a_name_is_the_same_everywhere():
    texts = set()
    for seed in range(40):
        made = exchanged(seed)
        words = [made["text"][start:end] for start, end, _ in made["spans"]]
        assert words[0].lower() == words[2].lower()
        assert words[1] in ("gout", "renal failure")
        assert " caused " in made["text"]
        assert made["text"].endswith(" again.")
        texts.add(made["text"])
    assert len(texts) > 3
    assert EXAMPLE["text"] in texts


def test_a_sort_without_names_stays():
    made = augment.exchanged(EXAMPLE, {}, random.Random(1))
    assert (made["text"], made["spans"]) == (EXAMPLE["text"], EXAMPLE["spans"])
