"""The command line of the student process's program: text, not an import, since the trusted side loads none of it."""

from __future__ import annotations

import sys

from startup.project import PROJECT_DIRECTORY


def program(*arguments: str) -> list[str]:
    """The command line; see `grading.child.host.main` for the arguments."""
    return [sys.executable, "-P", str(PROJECT_DIRECTORY / "grading" / "child" / "__main__.py"), *arguments]
