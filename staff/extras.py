"""What programs of the staff need beyond the packages of students: which one is missing, and how to install it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from startup import EXIT_USAGE, packages

# The names that the extras of pyproject.toml are imported by.
EXTRAS = {
    "staff": ("copydetect", "dask", "distributed", "pygments", "yaml"),
    "site": ("furo", "latex2mathml", "myst_nb", "sphinx"),
    "browser": ("axe_playwright_python", "playwright"),
}


@contextmanager
def needed(program: str) -> Iterator[None]:
    """Import packages of an extra in this block: where one is not installed, the program says so and ends with 2."""
    try:
        yield
    except ModuleNotFoundError as error:
        if fault := explained(error):
            print(f"{program}: error: {fault}", file=sys.stderr)
            sys.exit(EXIT_USAGE)
        raise


def explained(error: ModuleNotFoundError) -> str:
    """What to do about a package that is not installed; empty if it belongs to no extra."""
    package = (error.name or "").partition(".")[0]
    extra = next((name for name, members in EXTRAS.items() if package in members), "")
    return f'{package} is not installed. Run: {packages.pip()} install -e ".[{extra}]"' if extra else ""


def missing(extra: str) -> str:
    """What to do about the first package of an extra that is not installed; empty if all are."""
    absent = (package for package in EXTRAS[extra] if find_spec(package) is None)
    return next((explained(ModuleNotFoundError(name=package)) for package in absent), "")
