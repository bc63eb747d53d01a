from adapter.extraction.generative.voting import vote


def items(*rows):
    return {"problems": [{"quote": quote, "status": status} for quote, status in rows]}


def test_what_most_runs_say_is_kept_with_its_share():
    count = vote(
        [
            items(("asthma", "present"), ("fever", "absent")),
            items(("asthma", "present")),
            items(("Asthma", "past"), ("fever", "absent"), ("rash", "present")),
        ],
        3,
    )
    assert count.value == items(("asthma", "present"), ("fever", "absent"))
    assert count.shares["/problems/0/quote"] == 1.0
    assert count.shares["/problems/0/status"] == 2 / 3
    assert count.shares["/problems/1/quote"] == 2 / 3


def test_an_item_whose_status_has_no_majority_is_not_said():
    count = vote([items(("rash", "present")), items(("rash", "past")), items(("rash", "absent"))], 3)
    assert (count.value, count.dropped) == ({"problems": []}, 1)


def test_the_same_words_twice_in_a_run_are_two_items():
    twice = items(("pain", "present"), ("pain", "absent"))
    assert vote([twice, twice, items(("pain", "present"))], 3).value == twice


def test_a_value_keeps_the_words_of_those_who_gave_it():
    runs = [
        {"size": {"quote": "4 cm", "value": 40}},
        {"size": {"quote": "4 cm mass", "value": 40}},
        {"size": {"quote": "5", "value": 5}},
    ]
    assert vote(runs, 3).value == {"size": {"quote": "4 cm", "value": 40}}
    assert vote(runs[1:], 2).value == {"size": None}


def test_runs_that_failed_count_against_the_majority():
    assert vote([items(("asthma", "present"))], 3).value == {"problems": []}
    assert vote([{"age": 5}], 3).value == {}
