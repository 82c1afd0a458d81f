"""`python autograder.py --check-dependencies`: which versions are here, and can a window be opened?"""

from __future__ import annotations

import importlib
import platform
import sys
import time

PACKAGES = ("torch", "numpy", "matplotlib", "tqdm")
WINDOW_SECONDS = 2.0
TURNS_PER_SECOND = 0.5
# backends that draw into files only: no window will come of them
SILENT_BACKENDS = ("agg", "cairo", "pdf", "pgf", "ps", "svg", "template")


def check_dependencies(show_window: bool = True) -> int:
    """Print versions, turn a line segment in a window for two seconds; returns 0, or 1 if a package is missing.

    That no window can be opened is told, with the mend, but is no failure: everything works with --no-graphics.
    """
    print(f"Python      {platform.python_version()}  ({sys.executable})")
    missing = []
    for package in PACKAGES:
        try:
            module = importlib.import_module(package)
            print(f"{package:<12}{getattr(module, '__version__', 'unknown version')}")
        except ImportError as error:
            print(f"{package:<12}MISSING ({error})")
            missing.append(package)
    if missing:
        print(f"\nMissing: {', '.join(missing)}. Run: {sys.executable} -m pip install -r requirements.txt")
        return 1
    if show_window:
        print(f"window      {_try_window()}")
    print("\nEverything that grading needs is here.")
    return 0


def _try_window() -> str:
    """Draw the turning segment if a window can be opened; say in a phrase how it went."""
    import matplotlib
    import matplotlib.pyplot as pyplot

    try:
        figure, axes = pyplot.subplots(figsize=(4, 4))  # the first figure makes matplotlib choose its backend
    except Exception as error:  # each windowing toolkit raises its own kind
        return f"none ({error}); training runs with --no-graphics"
    backend = matplotlib.get_backend()
    if backend.lower().removeprefix("module://").split(".")[-1] in SILENT_BACKENDS:
        pyplot.close(figure)
        return (
            f"none (matplotlib's backend is {backend}: no display, or no toolkit such as python3-tk is installed); "
            "training runs with --no-graphics"
        )
    _turn_segment(figure, axes)
    return f"yes ({backend})"


def _turn_segment(figure, axes) -> None:  # type: ignore[no-untyped-def]  # matplotlib is imported only when drawn
    import math

    import matplotlib.pyplot as pyplot

    axes.set(xlim=(-1, 1), ylim=(-1, 1), aspect="equal", xticks=[], yticks=[], title="Dependencies work")
    (segment,) = axes.plot([-1, 1], [0, 0], linewidth=3)
    pyplot.show(block=False)
    started = time.monotonic()
    while (elapsed := time.monotonic() - started) < WINDOW_SECONDS and pyplot.fignum_exists(figure.number):
        angle = 2 * math.pi * TURNS_PER_SECOND * elapsed
        x, y = 0.9 * math.cos(angle), 0.9 * math.sin(angle)
        segment.set_data([-x, x], [-y, y])
        figure.canvas.draw_idle()
        figure.canvas.flush_events()
        time.sleep(0.02)
    pyplot.close(figure)
