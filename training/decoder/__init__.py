"""A small decoder of ours for the built-in task: data, training, conversion, figures."""
