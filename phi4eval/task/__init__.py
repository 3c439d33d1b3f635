"""What is asked: task files, where they lie, and the items of their data sets."""

from __future__ import annotations

from phi4eval.task.find import expand, find_task, is_packaged, list_suites, list_tasks
from phi4eval.task.items import load_dataset

__all__ = ["expand", "find_task", "is_packaged", "list_suites", "list_tasks", "load_dataset"]
