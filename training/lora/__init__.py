"""Fine-tuning of a language model for a task by LoRA: data in, adapter or merged GGUF out.

How to use it, and what was measured: `docs/fine-tuning.md`.
"""
