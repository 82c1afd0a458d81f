"""Readers of what stands behind a flag, for argparse's `type`, and the error that a wrong flag is."""

from __future__ import annotations

import argparse
from collections.abc import Callable

MAX_SECONDS = 1_000_000  # more than eleven days


class UsageError(Exception):
    """The command line asks for something that cannot be done; the text says what and how to fix it."""


def count_from(least: int) -> Callable[[str], int]:
    """The reader of whole numbers from `least` on; it raises argparse.ArgumentTypeError for anything else."""

    def count(text: str) -> int:
        if not text.isascii() or not text.isdigit() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} on")
        return int(text)

    return count


def seconds(text: str) -> float:
    """Read a duration above 0 and below `MAX_SECONDS`; raises argparse.ArgumentTypeError for anything else."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 < number < MAX_SECONDS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0 and below {MAX_SECONDS:,}")
    return number
