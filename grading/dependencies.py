"""`python autograder.py --check-dependencies`: which packages are here, can they be used, can a window be opened?"""

from __future__ import annotations

import importlib.metadata
import math
import platform
import sys
import time

from startup import packages

WINDOW_SECONDS = 2.0
TURNS_PER_SECOND = 0.5
WITHOUT = "            (training runs all the same, and shows nothing)"
HOW_TO_FIX = (
    "            Does the display answer? Is a toolkit installed? On Debian or Ubuntu: sudo apt install python3-tk;\n"
    "            elsewhere: python -m pip install pyqt6"
)


def installed_versions() -> dict[str, str]:
    """Versions by name: python, torch, numpy."""
    versions = {"python": platform.python_version()}
    for package in ("torch", "numpy"):
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return versions


def check_dependencies(show_window: bool = True) -> int:
    """Print versions, and what to do about each package that is missing or cannot be used; try a window.

    Every package is tried in a process of its own, because some faults end the process. That no window can be opened is
    told, with how to fix it, but is no failure: everything works without one.

    Returns:
        0 if every package can be used, else 1.
    """
    print(f"{'Python':<12}{platform.python_version()}  ({sys.executable})")
    missing, faults = [], []
    for package in packages.REQUIRED:
        found = packages.examine(package)
        state = found.version or ("MISSING" if found.is_missing else "CANNOT BE USED")
        print(f"{package:<12}{state}", flush=True)
        if found.is_missing:
            missing.append(package)
        elif found.fault:
            faults.append(found.fault)
    if missing:
        faults.append(packages.not_installed(*missing))
    if faults:
        print("", *dict.fromkeys(faults), sep="\n")  # one broken package may break others
        return 1
    if show_window:
        print(f"{'window':<12}{_try_window()}")
    print("\nEverything that grading needs is here.")
    return 0


def _try_window() -> str:
    """Turn the segment in a window such as training opens, if one can be opened; say in a phrase how it went."""
    from pictures.turning_segment import State
    from pictures.windows.display import has_display
    from pictures.windows.window import ViewerWindow, WindowFailed

    if not has_display():
        return f"none: there is no display; DISPLAY is not set\n{WITHOUT}"
    try:
        window = ViewerWindow("Dependencies work", "pictures.turning_segment")
    except (WindowFailed, OSError) as error:
        return f"none: {error}\n{HOW_TO_FIX}\n{WITHOUT}"
    try:
        started = time.monotonic()
        while (elapsed := time.monotonic() - started) < WINDOW_SECONDS and not window.is_gone:
            window.show(None, vars(State(2 * math.pi * TURNS_PER_SECOND * elapsed)))
            window.wait_until_idle(WINDOW_SECONDS)
        return f"yes ({window.backend})"
    finally:
        window.close()
