"""Whether there is any point in preparing a window: asked before anything of the pictures is imported."""

from __future__ import annotations

import os
import sys


def has_display() -> bool:
    """Whether a window can be hoped for: on Linux the environment names a display, elsewhere there usually is one."""
    if sys.platform.startswith("linux"):
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True
