"""Names of modules: which are the student's, which are provided, and which file holds what.

A target such as `models.PerceptronModel` is a module and a name in it. Student files lie beside autograder.py, and in
the folders of `PACKAGES`: `electives.optimizers.adam` is `adam` in electives/optimizers.py.
"""

from __future__ import annotations

from collections.abc import Iterable

from startup.names import PACKAGES, PROVIDED


def split(target: str) -> tuple[str, str]:
    """The module and the name of a target: `("electives.optimizers", "adam")`, `("models", "GPT.forward")`."""
    parts = target.split(".")
    if parts[0] in PROVIDED:  # a class or function of the project's own, however deep its module lies
        return ".".join(parts[:-1]), parts[-1]
    count = 2 if parts[0] in PACKAGES else 1
    return ".".join(parts[:count]), ".".join(parts[count:])


def file_name(module: str) -> str:
    """Where a student module lies in the student's folder: `electives/optimizers.py`."""
    return module.replace(".", "/") + ".py"


def of_file(name: str) -> str:
    """The student module that a file in the student's folder holds: the other way round."""
    return name.removesuffix(".py").replace("/", ".")


def student_files(targets: Iterable[str]) -> list[str]:
    """The files that hold these targets, each once, in alphabetical order."""
    return sorted({file_name(split(target)[0]) for target in targets})
