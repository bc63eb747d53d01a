"""A note and its answer -> the tokens a model trains on, by the model's own chat template.

The loss is on the answer and the token that ends the turn, nothing else. What a note says is data: a control
token spelled in it is tokenised as plain characters. A note too long is cut at its end and counted, or, where
the answer must quote the note, left out and counted.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from jinja2 import TemplateError

from adapter.errors import ModelError
from adapter.extraction.generative.backend import Message

IGNORED = -100  # the label that has no loss
_MARK = "\ue000{}\ue001"  # stands for the content of a message while the template is rendered


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """One example as the model sees it."""

    number: int  # of the record
    prompt: tuple[int, ...]
    answer: tuple[int, ...]  # ends with the token that ends the turn

    def __len__(self) -> int:
        return len(self.prompt) + len(self.answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One example in words."""

    number: int
    text: str
    messages: Callable[[str], Sequence[Message]]  # the chat that asks about a text
    answer: str
    may_cut: bool  # the answer need not quote the note


@dataclass(slots=True, kw_only=True)
class Encoded:
    """The chats, and what did not go in whole."""

    chats: list[Chat] = field(default_factory=list)
    cut: list[int] = field(default_factory=list)  # numbers of records whose note lost its end
    left_out: list[int] = field(default_factory=list)  # numbers of records that do not fit at all


class Encoder:
    """Chats of one tokenizer."""

    def __init__(self, tokenizer: Any) -> None:
        if not getattr(tokenizer, "chat_template", None):
            raise ModelError("the base model has no chat template: put its chat_template.jinja in the folder")
        self._tokenizer = tokenizer
        self._folds: bool | None = None  # whether the template has no system turn

    def encode(self, examples: Iterable[Asked], limit: int) -> Encoded:
        """The examples that fit in a number of tokens, cut where that is allowed."""
        done = Encoded()
        for example in examples:
            chat, cut = self._fitted(example, limit)
            if chat is None:
                done.left_out.append(example.number)
                continue
            done.chats.append(chat)
            if cut:
                done.cut.append(example.number)
        return done

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """The tokens up to where the model begins to answer."""
        return self._rendered(messages, add_generation_prompt=True)

    def answer(self, messages: Sequence[Message], answer: str) -> list[int]:
        """The tokens of an answer and of the end of its turn."""
        return [*self._data(answer), self.end(messages)]

    def _fitted(self, example: Asked, limit: int) -> tuple[Chat | None, bool]:
        text = example.text
        answer = self.answer(example.messages(text), example.answer)
        while True:
            prompt = self.prompt(example.messages(text))
            over = len(prompt) + len(answer) - limit
            if over <= 0:
                break
            text = self._shortened(text, over) if example.may_cut else ""
            if not text:
                return None, False
        return Chat(number=example.number, prompt=tuple(prompt), answer=tuple(answer)), text != example.text

    def _shortened(self, text: str, over: int) -> str:
        offsets = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
        return text[: offsets[-over - 1][1]].rstrip() if over < len(offsets) else ""

    def end(self, messages: Sequence[Message] = (Message(role="user", content="x"),)) -> int:
        """The first control token after an answer; the end of text where the template writes none."""
        mark = _MARK.format("answer")
        turns = [*_turns(self._shaped(messages)), {"role": "assistant", "content": mark}]
        tail = self._tokenizer.apply_chat_template(turns, tokenize=False).rpartition(mark)[2]
        special = set(self._tokenizer.all_special_ids) | set(self._tokenizer.added_tokens_decoder)
        for token in self._template(tail):
            if token in special:
                return int(token)
        if self._tokenizer.eos_token_id is None:
            raise ModelError("the base model has no token that ends an answer")
        return int(self._tokenizer.eos_token_id)

    def _rendered(self, messages: Sequence[Message], **options: bool) -> list[int]:
        shaped = self._shaped(messages)
        marks = [_MARK.format(index) for index in range(len(shaped))]
        turns = [{"role": m.role, "content": mark} for m, mark in zip(shaped, marks, strict=True)]
        rest, tokens = self._tokenizer.apply_chat_template(turns, tokenize=False, **options), []
        for message, mark in zip(shaped, marks, strict=True):
            before, found, rest = rest.partition(mark)
            if not found:
                raise ModelError("the chat template of the base model drops a message")
            tokens += [*self._template(before), *self._data(message.content)]
        return [*tokens, *self._template(rest)]

    def _shaped(self, messages: Sequence[Message]) -> list[Message]:
        """The messages as the template takes them: what the system says opens the first user turn if it must."""
        if self._folds is None:
            self._folds = self._refuses_system()
        if not self._folds or messages[0].role != "system":
            return list(messages)
        first = Message(role="user", content=f"{messages[0].content}\n\n{messages[1].content}")
        return [first, *messages[2:]]

    def _refuses_system(self) -> bool:
        mark = _MARK.format("system")
        turns = [{"role": "system", "content": mark}, {"role": "user", "content": "x"}]
        try:
            return mark not in self._tokenizer.apply_chat_template(turns, tokenize=False)
        except TemplateError:
            return True

    def _template(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"]) if text else []

    def _data(self, text: str) -> list[int]:
        found = self._tokenizer(text, add_special_tokens=False, split_special_tokens=True)
        return list(found["input_ids"])


def _turns(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in messages]
