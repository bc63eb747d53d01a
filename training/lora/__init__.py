"""Fine-tuning of a language model for a task by LoRA: data in, adapter or merged GGUF out (`docs/fine-tuning.md`)."""
