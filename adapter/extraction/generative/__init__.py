"""Language models as extraction engines: grounded, and bound to the schema of a task."""
