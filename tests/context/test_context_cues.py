import time
from dataclasses import replace

from adapter import context
from adapter.context.cues import Match, matches, tokens_in
from adapter.context.phrases import Node, grown
from adapter.context.rules import ContextRules, Entry, RuleTable


def rules_of(*rules: tuple[str, str, tuple[str, ...]]) -> ContextRules:
    """Rules of (axis, words, ends), with nothing else in them."""
    tables = (
        RuleTable(id=f"{number}", axis=axis, phrases=(words,), ends=ends)
        for number, (axis, words, ends) in enumerate(rules)
    )
    return ContextRules(
        language="xx",
        version=1,
        reach=100,
        gap=5,
        unaccented=False,
        phrases=grown((table.phrases[0], Entry(table, frozenset({"condition"}))) for table in tables),
        relatives=Node(),
        sections={},
        relations=(),
    )


def kept(text: str, rules: ContextRules) -> list[tuple[str, str]]:
    tokens = tokens_in(text, 0, len(text))
    found: list[Match] = matches(tokens, rules)
    return [(one.entry.rule.axis, " ".join(t.text for t in tokens[one.first : one.last])) for one in found]


def test_a_pseudo_trigger_takes_only_the_axes_it_names():
    rules = rules_of(
        ("uncertain", "likely", ()),
        ("negated", "no", ()),
        ("pseudo", "no likely", ("uncertain",)),
    )
    assert kept("no likely gout", rules) == [("negated", "no")]
    assert kept("likely gout", rules) == [("uncertain", "likely")]


def test_it_does_so_whichever_rule_stands_first():
    rules = rules_of(
        ("pseudo", "no likely", ("negated",)),
        ("negated", "no", ()),
        ("uncertain", "likely", ()),
    )
    assert kept("no likely gout", rules) == [("uncertain", "likely")]


def test_a_longer_pseudo_trigger_for_another_axis_does_not_shield():
    rules = rules_of(
        ("planned", "indication for", ()),
        ("pseudo", "no indication", ("planned",)),
        ("pseudo", "no indication for", ("stopped",)),
        ("stopped", "for", ()),
    )
    assert kept("no indication for surgery", rules) == []


def test_a_question_mark_before_its_word_is_another_sign():
    assert [token.text for token in tokens_in("?PE, a? (?b) ? c", 0, 16) if token.text in "?¿"] == [
        "¿",
        "?",
        "¿",
        "?",
    ]
    assert [token.text for token in tokens_in("- ? PE", 0, 6)] == ["-", "¿", "pe"]


def test_time_is_linear_in_signs():
    text, started = "? " * 50_000, time.process_time()
    assert len(tokens_in(text, 0, len(text))) == 50_000
    assert time.process_time() - started < 5


def test_the_rules_of_every_language_can_be_read():
    for language in ("de", "en", "es", "fr", "nl"):
        assert context.load(language).language == language


def test_phrases_that_speak_of_different_kinds_do_not_compete():
    node = Node()
    longer = RuleTable(id="1", axis="planned", phrases=("should pain",))
    shorter = RuleTable(id="2", axis="planned", phrases=("should",))
    node.next["should"] = Node(entries=[Entry(shorter, frozenset({"procedure"}))])
    node.next["should"].next["pain"] = Node(entries=[Entry(longer, frozenset({"finding"}))])
    rules = replace(rules_of(), phrases=node)
    assert kept("should pain develop", rules) == [("planned", "should"), ("planned", "should pain")]
    node.next["should"].entries[0] = Entry(shorter, frozenset({"procedure", "finding"}))
    assert kept("should pain develop", rules) == [("planned", "should pain")]
