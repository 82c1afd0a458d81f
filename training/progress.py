"""The progress bar of a training run."""

from __future__ import annotations

import sys

from tqdm import tqdm

PARTS = 1000  # of a whole bar
FORMAT = "{percentage:3.0f}% |{bar:24}| {desc}, {remaining} left"


class Bar(tqdm):
    """Shows how far a run has come, if it is wanted and standard error is a terminal; `write` prints lines above it."""

    def __init__(self, progress: float = 0.0, wanted: bool = True) -> None:
        hidden = not (wanted and sys.stderr.isatty())
        done = int(PARTS * progress)
        super().__init__(total=PARTS, initial=done, bar_format=FORMAT, disable=hidden, mininterval=0.5)

    def show(self, progress: float, text: str) -> None:
        """Move the end to the share that is done, with a text beside it; where the share falls, a stage begins."""
        done = min(int(PARTS * progress), PARTS)
        if done < self.n:
            self.reset()
        self.set_description_str(text, refresh=False)
        self.update(done - self.n)
