"""Which top-level modules are the project's, which are the student's, and which mean installed packages."""

from __future__ import annotations

import sys

# The project's own top-level modules. A student file of such a name is passed over: the project's own is used.
PROVIDED = (
    "autograder",
    "backend",
    "chargpt",
    "chat",
    "data",
    "gpt",
    "grading",
    "haiku_bot",
    "pictures",
    "startup",
    "test_cases",
    "training",
)
IMPORTABLE = ("backend", "chargpt", "data", "gpt", "haiku_bot", "training")  # those that student files may import
PACKAGES = ("electives",)  # folders of student files

REQUIRED = ("numpy", "torch", "matplotlib", "tqdm", "jinja2")  # the installed packages that the project uses
RESERVED = frozenset({*sys.stdlib_module_names, *PROVIDED, *REQUIRED})


def is_reserved(name: str) -> bool:
    """Whether a top-level name never means a student's file, even where there is a file of that name.

    A file `random.py` beside the student's files changes nothing: `random` stays the standard library's module.
    """
    return name in RESERVED
