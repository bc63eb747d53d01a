"""How good answers are, against labels that people gave. Knows tasks, and no engine."""
