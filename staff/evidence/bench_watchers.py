"""What watching costs training: `python -m staff.evidence.bench_watchers [--repeats N]`.

The reference solutions train on part of the data, unwatched, with the progress report, and with progress and pictures,
taking turns within one run. `progress` is the median of its ratios to the unwatched turn beside it, `pictures` that of
the ratios to the turn with progress alone. Compared is the processor time of the thread that trains, so that a busy
machine changes little. Opening a window and leaving it up afterwards happen outside training and are shown apart. With
a display, real windows open; without one only what happens in the student process is measured. Exit status 1 if a goal
is missed.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

import data
from pictures.windows.display import has_display
from pictures.windows.live import Live, Window
from pictures.windows.window import ViewerWindow
from staff.evidence import screenshots
from staff.evidence.rehearsals import DatasetTraining, HaikuTraining, TextTraining, Training, Watchers
from startup import ending, student_modules

PROGRESS_GOAL = 1.05
PICTURES_GOAL = 1.15
# long enough for a window to settle, short enough to be repeated
TRAININGS: dict[str, Training] = screenshots.TRAININGS | {
    "q3": DatasetTraining("q3", "digits", "models.DigitClassificationModel", "train.train_digitclassifier", stride=3),
    "q4": DatasetTraining("q4", "words", "models.LanguageIDModel", "train.train_languageid", stride=8),
    "q7": TextTraining(steps=120),
    "q8": HaikuTraining(pretraining_epochs=0.15, fine_tuning_epochs=0.05),
}


@dataclass(frozen=True)
class Turn:
    """One training: the processor's seconds for training itself, and the clock's for everything around it."""

    training_seconds: float
    around_seconds: float


def take_turn(question: str, library: data.Library, progress: bool, pictures: bool) -> Turn:
    """Train a question's reference solution once."""
    training_seconds = elapsed = 0.0

    @contextmanager
    def timer() -> Iterator[None]:
        nonlocal training_seconds, elapsed
        began, before = time.perf_counter(), time.thread_time()
        yield
        training_seconds, elapsed = time.thread_time() - before, time.perf_counter() - began

    opened: list[Window] = []

    def open_window(title: str, picture: str) -> Window:
        opened.append(ViewerWindow(title, picture) if has_display() else screenshots.Camera())
        return opened[-1]

    live = Live(question, open_window) if pictures else None
    started = time.perf_counter()
    TRAININGS[question].run(library, Watchers(live, progress, timer))
    if pictures and not opened:
        raise RuntimeError(f"{question}: no window opened, so that there is nothing to measure")
    return Turn(training_seconds, time.perf_counter() - started - elapsed)


def bench(question: str, library: data.Library, repeats: int) -> bool:
    """Print a question's row; returns whether both goals are met."""
    ratios: dict[str, list[float]] = {"progress": [], "pictures": []}
    unwatched, around = [], []
    for repeat in range(repeats + 1):
        bare = take_turn(question, library, progress=False, pictures=False)
        reported = take_turn(question, library, progress=True, pictures=False)
        pictured = take_turn(question, library, progress=True, pictures=True)
        if repeat:  # the first round warms up
            unwatched.append(bare.training_seconds)
            ratios["progress"].append(reported.training_seconds / bare.training_seconds)
            ratios["pictures"].append(pictured.training_seconds / reported.training_seconds)
            around.append(pictured.around_seconds)
    progress, pictures = (statistics.median(ratios[name]) for name in ("progress", "pictures"))
    print(
        f"{question}{statistics.median(unwatched):13.2f} s{progress:12.3f}{pictures:12.3f}"
        f"{statistics.median(around):14.2f} s",
        flush=True,
    )
    return progress <= PROGRESS_GOAL and pictures <= PICTURES_GOAL


def main(argv: list[str] | None = None) -> int:
    """Measure every question that trains; returns 1 if a goal is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m staff.evidence.bench_watchers", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--repeats", type=int, default=5, metavar="N", help="repeats of each measurement (default 5)")
    parser.add_argument("-q", "--question", action="append", metavar="qN", help="only this one; may be repeated")
    arguments = parser.parse_args(argv)
    torch.set_num_threads(1)
    student_modules.install(screenshots.PROJECT_DIRECTORY / "staff" / "solutions")
    library = data.Library()
    print("real windows" if has_display() else "no display: the student process's part alone")
    print(f"{'':2}{'unwatched':>15}{'progress':>12}{'pictures':>12}{'around':>16}")
    print(f"{'':2}{'':15}{f'<= {PROGRESS_GOAL:g}':>12}{f'<= {PICTURES_GOAL:g}':>12}")
    met = [bench(question, library, arguments.repeats) for question in arguments.question or TRAININGS]
    return 0 if all(met) else 1


if __name__ == "__main__":
    ending.run(main)
