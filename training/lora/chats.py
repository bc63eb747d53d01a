"""A note and its answer -> the tokens a model trains on: the very ones it will read when it is asked.

The chat is rendered as `adapter.extraction.generative.chat` does it for the engine. The loss is on the answer
and the token that ends the turn, nothing else. What a note says is data: a control token spelled in it is
tokenised as plain characters. A note too long is cut at its end and counted, or, where the answer quotes the
note, left out and counted.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapter.errors import ModelError
from adapter.extraction.generative.backend import Message
from adapter.extraction.generative.chat import Chat as Template
from adapter.extraction.generative.chat import Part
from adapter.extraction.generative.thinking import SWITCHES, reasoning

IGNORED = -100  # the label that has no loss


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
    """Chats of one tokenizer. Raises ModelError where it has no chat template or none that can be used."""

    def __init__(self, tokenizer: Any) -> None:
        source = getattr(tokenizer, "chat_template", None)
        if not isinstance(source, str):
            raise ModelError("the base model has no chat template: put its chat_template.jinja in the folder")
        self._tokenizer = tokenizer
        begin, end = tokenizer.bos_token or "", tokenizer.eos_token or ""
        self._template = Template(source, bos=begin, eos=end, file="chat template of the base")
        added = {str(token) for token in tokenizer.added_tokens_decoder.values()}
        switch = not self._template.variables.isdisjoint(SWITCHES)
        self._reasoning = reasoning(source, switch=switch, has_token=added.__contains__)
        opening = tokenizer("")["input_ids"]
        self._first = opening[:1] if opening[:1] == [tokenizer.bos_token_id] else []

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
        parts = self._template.parts(messages, think=False)
        tokens = [token for part in parts for token in self._tokens(part)]
        if self._reasoning is not None:
            tail = parts[-1].text if parts[-1].markup else ""
            tokens += self._markup(self._reasoning.opening(tail, think=False))
        return tokens if tokens[:1] == self._first else [*self._first, *tokens]

    def answer(self, answer: str) -> list[int]:
        """The tokens of an answer and of the end of its turn."""
        return [*self._data(answer), self.end()]

    def end(self) -> int:
        """The first control token that the template writes after an answer, or else the end of text."""
        turns = (Message(role="user", content="x"), Message(role="assistant", content="y"))
        parts = self._template.parts(turns, think=False)
        after = parts[[part.text for part in parts].index("y") + 1 :]
        special = set(self._tokenizer.all_special_ids) | set(self._tokenizer.added_tokens_decoder)
        found = [token for part in after for token in self._tokens(part) if token in special]
        end = found[0] if found else self._tokenizer.eos_token_id
        if end is None:
            raise ModelError("the base model has no token that ends an answer")
        return int(end)

    def _fitted(self, example: Asked, limit: int) -> tuple[Chat | None, bool]:
        text, answer = example.text, self.answer(example.answer)
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
        places = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)[
            "offset_mapping"
        ]
        return text[: places[-over - 1][1]].rstrip() if over < len(places) else ""

    def _tokens(self, part: Part) -> list[int]:
        return self._markup(part.text) if part.markup else self._data(part.text)

    def _markup(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"]) if text else []

    def _data(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"])
