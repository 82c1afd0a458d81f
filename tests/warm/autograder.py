"""`autograder.py` of the project, whose fork servers start warm (see `tests.warm.start`)."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]

if __name__ in ("__main__", "__mp_main__"):
    sys.path.insert(0, str(PROJECT))
    from grading.isolation import forkserver
    from tests.warm.start import start

    forkserver.start = start  # type: ignore[assignment]
    runpy.run_path(str(PROJECT / "autograder.py"), run_name=__name__)
