"""Extraction tasks as data: what is asked of a language model, and the shape of its answer.

A task is a folder, `mappings/tasks/<name>/` or one of a site's own: `task.toml` and a JSON Schema. Nothing in
it is executed. Knows neither engines nor FHIR.
"""

from adapter.tasks.fact import Fact
from adapter.tasks.task import Binding, Detail, Example, Task, View

__all__ = ["Binding", "Detail", "Example", "Fact", "Task", "View"]
