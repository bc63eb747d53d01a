"""A language model on an OpenAI-compatible server: llama-server, vLLM, Ollama, llama-cpp-python.

The text of notes leaves the process here. It goes to the one server that was named and nowhere else.
"""

from adapter.extraction.generative.remote.endpoint import DIALECTS, Endpoint
from adapter.extraction.generative.remote.server import RemoteBackend

__all__ = ["DIALECTS", "Endpoint", "RemoteBackend"]
