"""Which examples stand before a stretch of a note: those chosen for it, as far as they fit beside it."""

from collections.abc import Callable, Sequence

from adapter.errors import EngineError
from adapter.extraction.generative import prompts
from adapter.extraction.generative.backend import Message
from adapter.extraction.generative.chunks import Count
from adapter.tasks import Example, Task, answers, schema

Shots = Callable[[str], tuple[Example, ...]]

FRAME = 48  # tokens a chat template may put around a chat,
TURN = 8  # and around each turn of it


class Showing:
    """The chat about a stretch of a note, within a number of tokens."""

    def __init__(self, task: Task, shots: Shots, *, count: Count, room: int) -> None:
        """`room`: tokens of the whole chat; `shots` gives the examples for a text, the nearest last."""
        self._task, self._shots, self._count, self._room = task, shots, count, room
        self._node = schema.parse(task.schema)

    def messages(self, text: str) -> tuple[Message, ...]:
        """The chat. Where not all examples fit, the least near are not shown.

        Raises EngineError for an example that is none of the task: it would teach a wrong answer.
        """
        examples = self._shots(text)
        if any(answers.problems(self._node, one.answer) for one in examples):
            raise _strange(self._task)
        chat = prompts.messages(self._task, text, examples)
        while examples and size(chat, self._count) > self._room:
            examples = examples[1:]
            chat = prompts.messages(self._task, text, examples)
        return chat


def size(chat: Sequence[Message], count: Count) -> int:
    """How many tokens a chat has at most, its template's own among them."""
    return FRAME + sum(count(turn.content) + TURN for turn in chat)


def longest(task: Task) -> tuple[Example, ...]:
    """The longest of the examples that a task always shows, as many as it shows."""
    most = task.shots if task.strategy == "advanced" else 0
    return tuple(sorted(task.examples, key=lambda one: len(one.text), reverse=True)[:most])


def _strange(task: Task) -> EngineError:
    error = EngineError(f"an example to be shown with task {task.name} has an answer of another shape")
    error.issue_code, error.retryable = "processing", False
    return error
