"""A LoRA adapter as GGUF, as llama.cpp's convert_lora_to_gguf.py lays it out."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import gguf


@contextmanager
def writing(output: Path, architecture: str, *, name: str, alpha: float) -> Iterator[gguf.GGUFWriter]:
    """A writer that knows it writes an adapter; the file is there once the block has ended."""
    writer = gguf.GGUFWriter(output, architecture)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, alpha)
    writer.add_name(name)
    yield writer
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
