"""Where the project lies."""

from __future__ import annotations

from pathlib import Path

from startup import PROJECT_PATH

PROJECT_DIRECTORY = Path(PROJECT_PATH)
