"""How a reasoning model is kept from thinking, or is let think and then stopped.

Models mark their thinking with a pair of tags. Which pair, is told by the chat template or the vocabulary.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """What stands around the thinking of a model, and between it and the answer."""

    begin: str
    end: str
    between: str = "\n\n"


_KNOWN = (
    Tags(begin="<think>", end="</think>"),
    Tags(begin="<thinking>", end="</thinking>"),
    Tags(begin="<reasoning>", end="</reasoning>"),
    Tags(begin="<seed:think>", end="</seed:think>"),
    Tags(begin="[THINK]", end="[/THINK]", between=""),
    Tags(begin="<|START_THINKING|>", end="<|END_THINKING|>", between=""),
    Tags(
        begin="<|channel|>analysis<|message|>",
        end="<|end|>",
        between="<|start|>assistant<|channel|>final<|message|>",
    ),
)
SWITCHES = ("enable_thinking", "thinking")  # variables by which templates are told whether to think


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasoning:
    """The tags of a reasoning model and whether its template can switch thinking off."""

    tags: Tags
    native: bool  # the template speaks of the tags: this model thinks unless kept from it
    switch: bool

    def opening(self, tail: str, *, think: bool) -> str:
        """What to put after the rendered template, whose last part is `tail`, so that the answer begins.

        With `think`, so that the thinking begins.
        """
        begun = tail.rfind(self.tags.begin) > tail.rfind(self.tags.end)
        if think:
            return "" if begun else self.tags.begin + "\n"
        if begun:
            return "\n" + self.closing
        if not self.native or self.switch or self.tags.end in tail:
            return ""
        return f"{self.tags.begin}\n\n{self.closing}"

    @property
    def closing(self) -> str:
        """What ends the thinking and leads to the answer."""
        return self.tags.end + self.tags.between


def reasoning(template: str, *, switch: bool, has_token: Callable[[str], bool]) -> Reasoning | None:
    """How the model thinks, or None for a model that does not.

    `switch`: the template asks one of the SWITCHES; `has_token`: whether a text is one token of the model.
    """
    for tags in _KNOWN:
        last = tags.end if "channel" not in tags.begin else "<|channel|>"
        if last in template:
            return Reasoning(tags=tags, native=True, switch=switch)
    for tags in _KNOWN:
        if "channel" not in tags.begin and has_token(tags.begin) and has_token(tags.end):
            return Reasoning(tags=tags, native=False, switch=False)
    return None
