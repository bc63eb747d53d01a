"""Extraction tasks as data: what is asked of a language model, and the shape of its answer.

A task is a folder, `mappings/tasks/<name>/` or one of a site's own: `task.toml` and a JSON Schema. Nothing in
it is executed. Knows neither engines nor FHIR.
"""

from adapter.tasks.task import Detail, Example, Task, View

__all__ = ["Detail", "Example", "Task", "View"]
