"""A harness whose graders may get their fork servers warm (see `tests.warm.start`)."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from grading.isolation.forkserver import KEPT_VARIABLES
from staff.evidence.hostile.harness import Harness
from tests.warm import start

GRADER = Path(__file__).with_name("gradescope.py")


class WarmHarness(Harness):
    """A harness with a process of its own that has imported torch and the release's code. Use as a context manager.

    Args: those of `Harness`.

    Attributes:
        is_warm: whether the next run gets its fork server from that process, or starts one as the release does.
    """

    def __init__(
        self, hidden: Mapping[str, bytes] | None = None, archive: bytes | None = None, source: Path | None = None
    ) -> None:
        super().__init__(hidden, archive, source)
        self.is_warm = True
        folder = self.root / "warm"
        folder.mkdir(mode=0o700)
        kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        environment = kept | ({"PYTHONPATH": self._python_path} if self._python_path else {})
        self._server = start.Warm(folder, self.root / "source", self._python, environment)
        self._warm_python = folder / "python"
        command = shlex.join(["exec", "env", f"{start.PLACE}={self._server.place}", self._python, str(GRADER)])
        self._warm_python.write_text(f'#!/bin/sh\nshift 2  # -m grading.gradescope\n{command} "$@"\n')
        self._warm_python.chmod(0o700)

    @property
    def python(self) -> str:
        """What stands for Python in the next run."""
        return str(self._warm_python) if self.is_warm else self._python

    def __exit__(self, *error: object) -> None:
        self._server.__exit__()
        super().__exit__(*error)
