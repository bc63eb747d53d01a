"""What a model server says of itself: which model, how long its context, how many requests at once.

Only what it says is known. No server tells the digest of the model's file, so there is none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, Final

from adapter.errors import EngineError, ModelError
from adapter.extraction.generative.remote.endpoint import Endpoint
from adapter.extraction.generative.remote.exchange import Exchange
from adapter.model import ModelInfo

OWNERS: Final = {"llamacpp": "llama-server", "vllm": "vllm"}  # servers that say in /models what they are
COUNTERS: Final = {  # path, member that holds the text, what else is said, member of the answer
    "llama-server": ("/tokenize", "content", {"add_special": False, "parse_special": False}, "tokens"),
    "vllm": ("/tokenize", "prompt", {"add_special_tokens": False}, "count"),
    "vllm-guided": ("/tokenize", "prompt", {"add_special_tokens": False}, "count"),
    "llama-cpp-python": ("/extras/tokenize/count", "input", {}, "count"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a model server."""

    id: str  # of the model, as requests name it
    dialect: str
    model: ModelInfo
    context: int = 0  # tokens; 0: not known
    slots: int = 1
    adapters: Mapping[str, int] = field(default_factory=dict)  # LoRA adapters by name


def learnt(endpoint: Endpoint, exchange: Exchange) -> Facts:
    """What the server says.

    Raises EngineError when it cannot be asked, ModelError when it serves no one model that is meant.
    """
    listed = _listed(exchange.told(endpoint.base + "/models"), exchange)
    chosen = _chosen(listed, endpoint)
    dialect = endpoint.dialect
    if dialect == "openai":
        dialect = OWNERS.get(str(chosen.get("owned_by")), dialect)
    facts = Facts(
        id=chosen["id"], dialect=dialect, model=_info(chosen["id"]), context=_whole(chosen, "max_model_len")
    )
    asked = {"llama-server": _llama, "vllm": _vllm, "vllm-guided": _vllm, "ollama": _ollama}.get(dialect)
    facts = asked(facts, chosen, endpoint, exchange) if asked else facts
    return replace(
        facts, context=endpoint.context or facts.context, slots=endpoint.slots or max(1, facts.slots)
    )


def counted(text: str, facts: Facts, endpoint: Endpoint, exchange: Exchange) -> int | None:
    """How many tokens the server's tokenizer makes of a text; None where it does not tell.

    Raises EngineError when it cannot be asked.
    """
    if facts.dialect not in COUNTERS:
        return None
    path, member, more, answer = COUNTERS[facts.dialect]
    found = exchange.told(endpoint.root + path, {"model": facts.id, member: text, **more})
    if found is None:
        return None
    count = found.get(answer) if isinstance(found, dict) else None
    count = len(count) if isinstance(count, list) else count
    if not isinstance(count, int) or count < 0:
        raise exchange.failed("counted tokens in a way that is not known")
    return count


def _listed(told: Any, exchange: Exchange) -> list[dict[str, Any]]:
    """The models a server lists; none when it has no such list."""
    if told is None:
        return []
    rows = told.get("data") if isinstance(told, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise exchange.failed("gave something else than a list of models")
    return [row for row in rows if isinstance(row.get("id"), str) and row["id"]]


def _chosen(listed: list[dict[str, Any]], endpoint: Endpoint) -> dict[str, Any]:
    """The model that is meant."""
    if not endpoint.model:
        if len(listed) == 1:
            return listed[0]
        raise ModelError(f"The model server at {endpoint.host} serves {len(listed)} models: name one")
    for row in listed:
        if endpoint.model in (row["id"], row["id"].removesuffix(":latest"), _base(row["id"])):
            return row
    if listed:
        raise ModelError(f"The model server at {endpoint.host} does not serve the model that was named")
    return {"id": endpoint.model}


def _info(id: str) -> ModelInfo:
    return ModelInfo(name=_base(id), version="", digest="", quantization="")


def _llama(facts: Facts, chosen: Mapping[str, Any], endpoint: Endpoint, exchange: Exchange) -> Facts:
    """With what llama-server says in /props and /lora-adapters."""
    told = exchange.told(endpoint.root + "/props")
    props = told if isinstance(told, dict) else {}
    meta = chosen.get("meta") if isinstance(chosen.get("meta"), dict) else {}
    settings = props.get("default_generation_settings")
    build, file = _said(props, "build_info"), _base(_said(props, "model_path"))
    details = {
        "server": f"llama-server {build}".strip(),
        "file": file,
        "bytes": str(_whole(meta, "size") or ""),
    }
    quantization = _said(props, "model_ftype") or _said(meta, "ftype")
    return replace(
        facts,
        model=_detailed(facts.model, details, quantization),
        context=(_whole(settings, "n_ctx") or _whole(meta, "n_ctx") or facts.context),
        slots=_whole(props, "total_slots"),
        adapters=_adapters(_optional(exchange, endpoint.root + "/lora-adapters")),
    )


def _vllm(facts: Facts, chosen: Mapping[str, Any], endpoint: Endpoint, exchange: Exchange) -> Facts:
    """With what vLLM says in /version and of the model's root."""
    version = _said(_optional(exchange, endpoint.root + "/version"), "version")
    details = {"server": f"vLLM {version}".strip(), "root": _base(_said(chosen, "root"))}
    return replace(facts, model=_detailed(facts.model, details))


def _ollama(facts: Facts, chosen: Mapping[str, Any], endpoint: Endpoint, exchange: Exchange) -> Facts:
    """With what Ollama says in /api/version, /api/tags and /api/ps; the context only once it is loaded."""
    version = _said(_optional(exchange, endpoint.root + "/api/version"), "version")
    row = _row(_optional(exchange, endpoint.root + "/api/tags"), facts.id)
    loaded = _row(_optional(exchange, endpoint.root + "/api/ps"), facts.id)
    about = row.get("details")
    details = {"server": f"Ollama {version}".strip(), "manifest": _said(row, "digest")}
    return replace(
        facts,
        model=_detailed(facts.model, details, _said(about, "quantization_level")),
        context=_whole(loaded, "context_length"),
    )


def _optional(exchange: Exchange, url: str) -> Any:
    """What is good to know; None when the server does not say it to us."""
    try:
        return exchange.told(url)
    except ModelError:
        return None


def _row(told: Any, id: str) -> Mapping[str, Any]:
    rows = told.get("models") if isinstance(told, dict) else None
    matching = (row for row in rows or () if isinstance(row, dict) and row.get("name") == id)
    return next(matching, {})


def _adapters(told: Any) -> dict[str, int]:
    """The numbers of LoRA adapters by the name of their file, without its ending."""
    rows = told if isinstance(told, list) else []
    known = (row for row in rows if isinstance(row, dict) and isinstance(row.get("id"), int))
    return {_base(_said(row, "path")).removesuffix(".gguf"): row["id"] for row in known}


def _detailed(model: ModelInfo, details: Mapping[str, str], quantization: str = "") -> ModelInfo:
    kept = {name: value for name, value in details.items() if value}
    return replace(model, details={**model.details, **kept}, quantization=quantization)


def _said(told: Any, name: str) -> str:
    value = told.get(name) if isinstance(told, Mapping) else None
    return value if isinstance(value, str) else ""


def _whole(told: Any, name: str) -> int:
    value = told.get(name) if isinstance(told, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _base(path: str) -> str:
    """The last part of what may be a path; the folders of a server are its own business."""
    windows = PureWindowsPath(path)
    if windows.is_absolute() or path.endswith(".gguf"):
        return windows.name
    return PurePosixPath(path).name if path.startswith("/") else path


def unserved(endpoint: Endpoint) -> EngineError:
    """The error of a server that does not say how long its context is."""
    return ModelError(f"The model server at {endpoint.host} does not say how long its context is: set it")
