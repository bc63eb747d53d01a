"""A request -> the body that a server of a dialect understands.

llama-server      https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
vLLM              https://docs.vllm.ai/en/latest/features/structured_outputs.html
Ollama            https://docs.ollama.com/api/openai-compatibility
llama-cpp-python  https://llama-cpp-python.readthedocs.io/en/latest/server/
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from adapter.errors import ModelError
from adapter.extraction.generative.backend import Request

NAME: Final = "answer"  # of the schema
_CONTROL: Final = re.compile(
    r"<(?=[|｜][^<>]{1,64}[|｜]>)"  # <|im_end|>, <|eot_id|>
    r"|<(?=/?(?:s|bos|eos|pad|unk|mask|think|tool_call|tool_response|\w{1,16}_of_\w{1,16})>)"
    r"|\[(?=/?(?:INST|SYS|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|THINK)\])"
    r"|<(?=</?SYS>>)",
    re.IGNORECASE,
)


def body(
    request: Request, *, model: str, dialect: str, adapters: Mapping[str, int], logprobs: bool
) -> dict[str, Any]:
    """The body of a chat completion, streamed. `adapters`: the numbers of the LoRA adapters by name.

    Raises ModelError for adapters that the server cannot be asked for.
    """
    written: dict[str, Any] = {
        "model": model,
        "messages": [{"role": one.role, "content": inert(one.content)} for one in request.messages],
        "max_tokens": request.max_tokens + request.think,
        "temperature": request.temperature,
        "seed": request.seed,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if logprobs and dialect != "llama-cpp-python":  # that server loses letters of several bytes with them
        written |= {"logprobs": True, "top_logprobs": 1}
    return (
        written
        | _form(plain(request.schema), dialect)
        | _thinking(request.think, dialect)
        | _adapted(request.adapters, dialect, adapters)
    )


def inert(text: str) -> str:
    """A text in which nothing is a control token: a space is put into what looks like one.

    Servers read control tokens wherever they stand, so a note could else end its own turn.
    """
    return _CONTROL.sub(lambda found: found[0] + " ", text)


def plain(schema: Any) -> Any:
    """A schema without the words that are ours alone ("x-...")."""
    if isinstance(schema, list):
        return [plain(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {
        key: {name: plain(one) for name, one in value.items()} if _names(key, value) else _word(key, value)
        for key, value in schema.items()
        if not key.startswith("x-")
    }


def _names(key: str, value: Any) -> bool:
    return key in ("properties", "$defs") and isinstance(value, Mapping)


def _word(key: str, value: Any) -> Any:
    return value if key in ("enum", "const", "default", "examples") else plain(value)


def _form(schema: dict[str, Any], dialect: str) -> dict[str, Any]:
    """How the answer is bound to the schema."""
    if dialect == "llama-cpp-python":
        return {"response_format": {"type": "json_object", "schema": schema}}
    if dialect == "vllm-guided":
        return {"guided_json": schema}
    named = {"name": NAME, "schema": schema, "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": named}}


def _thinking(budget: int, dialect: str) -> dict[str, Any]:
    """Thinking turned off, or bounded where the server has a bound for it."""
    template = {"chat_template_kwargs": {"enable_thinking": budget > 0}}
    if dialect == "llama-server":
        return template | {"thinking_budget_tokens": budget}
    if dialect == "vllm":
        return template | ({"thinking_token_budget": budget} if budget else {})
    if dialect == "vllm-guided":
        return template
    if dialect == "ollama" and not budget:
        return {"reasoning_effort": "none"}
    return {}


def _adapted(asked: tuple[tuple[str, float], ...], dialect: str, known: Mapping[str, int]) -> dict[str, Any]:
    """The LoRA adapters: all are named to llama-server, for it leaves those not named as they were."""
    if dialect == "llama-server" and (known or asked):
        scales = dict(asked)
        if unknown := set(scales) - set(known):
            raise ModelError(f"The model server has not loaded {len(unknown)} of the LoRA adapters asked for")
        return {"lora": [{"id": number, "scale": scales.get(name, 0.0)} for name, number in known.items()]}
    if dialect.startswith("vllm") and len(asked) == 1 and asked[0][1] == 1.0:
        return {"model": asked[0][0]}
    if asked:
        raise ModelError("The model server cannot be asked for these LoRA adapters or scales")
    return {}
