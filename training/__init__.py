"""Makes the shipped models: data, trainer, converter. The only place that knows PyTorch."""
