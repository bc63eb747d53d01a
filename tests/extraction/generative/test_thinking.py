"""Which models think, and how they are kept from it."""

import pytest

from adapter.extraction.generative.thinking import reasoning


def none(_text: str) -> bool:
    return False


def every(_text: str) -> bool:
    return True


def test_a_model_without_tags_does_not_think() -> None:
    assert reasoning("{{ messages[0].content }}", switch=False, has_token=none) is None


@pytest.mark.parametrize(
    ("template", "tail", "off", "on"),
    [
        ("{% if enable_thinking is false %}<think>\n\n</think>", "<think>\n\n</think>\n\n", "", "<think>\n"),
        ("{{ c.split('</think>')[-1] }}", "<assistant>\n", "<think>\n\n</think>\n\n", "<think>\n"),
        ("{{ c.split('</think>')[-1] }}", "<assistant><think>\n", "\n</think>\n\n", ""),
        ("[THINK]{{ thinking_text }}[/THINK]", "[/INST]", "[THINK]\n\n[/THINK]", "[THINK]\n"),
        (
            "<|channel|>analysis<|message|>",
            "<|start|>assistant",
            "<|channel|>analysis<|message|>\n\n<|end|><|start|>assistant<|channel|>final<|message|>",
            "<|channel|>analysis<|message|>\n",
        ),
    ],
)
def test_the_prompt_opens_or_closes_the_thinking(template: str, tail: str, off: str, on: str) -> None:
    found = reasoning(template, switch="enable_thinking" in template, has_token=none)
    assert found is not None
    assert (found.opening(tail, think=False), found.opening(tail, think=True)) == (off, on)


def test_tags_of_the_vocabulary_alone_serve_when_thinking_is_asked_for() -> None:
    found = reasoning("plain", switch=False, has_token=every)
    assert found is not None
    assert (found.opening("tail", think=False), found.opening("tail", think=True)) == ("", "<think>\n")
    assert found.closing == "</think>\n\n"
