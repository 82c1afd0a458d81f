"""The progress bar of a training run."""

from __future__ import annotations

import sys
from typing import Any, Self

from tqdm import tqdm

PARTS = 1000  # of a whole bar
FORMAT = "{percentage:3.0f}% |{bar:24}| {desc}, {remaining} left"


class Bar:
    """Shows on a terminal how far a run has come; where standard error is no terminal, nothing.

    Args:
        progress: the share of the run that is done already.
        wanted: whether to show anything.
    """

    def __init__(self, progress: float = 0.0, wanted: bool = True) -> None:
        self._progress = progress
        self._bar = tqdm(
            total=PARTS,
            initial=int(PARTS * progress),
            bar_format=FORMAT,
            disable=not (wanted and sys.stderr.isatty()),
            mininterval=0.5,
        )

    def show(self, progress: float, text: str) -> None:
        """Move the bar's end to the share that is done, a text beside it; where the share falls, a stage begins."""
        if progress < self._progress:
            self._bar.reset()
        self._progress = progress
        self._bar.set_description_str(text, refresh=False)
        self._bar.update(min(int(PARTS * progress), PARTS) - self._bar.n)

    def write(self, line: str) -> None:
        """Print a line above the bar."""
        self._bar.write(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: Any) -> None:
        self._bar.close()
