"""Makes a picture of every live window without a display: `python -m staff.screenshots [--output DIR]`.

The functions that draw in the windows draw into files here, while the reference solutions train for a short time on
part of the data: three pictures for each question, untrained, early and at the end. Same machine, same pictures.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from pathlib import Path
from typing import Any

import torch

import backend
import data
from grading.child import importing
from grading.child.pictures import attention, style, viewer
from grading.child.pictures.live import Live
from grading.child.pictures.table import PICTURES
from grading.questions import discover

PROJECT_DIRECTORY = Path(__file__).resolve().parent.parent
SECONDS_PER_LOOK_AT_THE_CLOCK = 1 / 64  # pictures shall not depend on how fast the machine is
POSITIONS, LAYER_SIZE = 6, 16  # of the attention that is shown

# question: dataset, model, training function, and which share of the training rows is enough for a picture
TRAININGS = {
    "q1": ("points", "models.PerceptronModel", "train.train_perceptron", 1),
    "q2": ("sine", "models.RegressionModel", "train.train_regression", 1),
    "q3": ("digits", "models.DigitClassificationModel", "train.train_digitclassifier", 6),
    "q4": ("words", "models.LanguageIDModel", "train.train_languageid", 4),
    "q5": ("easy_digits", "models.DigitConvolutionalModel", "train.train_digitconvolution", 1),
}


class Camera:
    """A window that keeps what it is shown; see `grading.child.pictures.live.Window`."""

    is_gone, is_idle = False, True

    def __init__(self) -> None:
        self.frames: list[tuple[float | None, dict[str, Any]]] = []

    def show(self, epochs: float | None, state: dict[str, Any]) -> None:
        """Keep a state."""
        self.frames.append((epochs, state))

    def take_draw_seconds(self) -> float:
        """Nothing has been drawn yet."""
        return 0.0

    def wait_until_idle(self, seconds: float) -> None:
        """It always is."""

    def linger(self, seconds: float) -> None:
        """Nobody is looking."""

    def close(self) -> None:
        """The pictures are kept."""


def photograph(question: str, title: str, library: data.Library) -> Camera:
    """Train a question's reference solution and return every state that its window would have shown."""
    dataset_name, model_name, train_name, stride = TRAININGS[question]
    torch.manual_seed(0)
    dimensions = [3] if dataset_name == "points" else []
    model = importing.find([model_name])(*dimensions)  # type: ignore[operator]
    arrays = data.training_arrays(library.load(dataset_name))
    arrays |= {name: arrays[name][::stride] for name in ("train_x", "train_y")}
    dataset = backend.build(dataset_name, model, arrays)
    camera, ticks = Camera(), itertools.count()
    clock = (tick * SECONDS_PER_LOOK_AT_THE_CLOCK for tick in ticks)
    with Live(title, lambda title, picture: camera, lambda: next(clock)).watching(dataset_name, dataset):
        model.train()
        importing.find([train_name])(model, dataset)  # type: ignore[operator]
    return camera


def develop(path: Path, picture: str, title: str, epochs: float | None, state: Any) -> None:
    """Draw one state into a PNG file."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context(style.SETTINGS):
        figure = Figure(figsize=(style.WIDTH_INCHES, style.HEIGHT_INCHES), dpi=style.DOTS_PER_INCH)
        FigureCanvasAgg(figure)
        viewer.draw(figure, picture, title, epochs, state)
        figure.savefig(path)


def main(argv: list[str] | None = None) -> int:
    """Make every picture; returns 0."""
    parser = argparse.ArgumentParser(prog="python -m staff.screenshots", description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=PROJECT_DIRECTORY / "out" / "screenshots", metavar="DIR")
    parser.add_argument(
        "-q", "--question", action="append", metavar="qN", help="of this question only; may be repeated"
    )
    arguments = parser.parse_args(argv)
    arguments.output.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    importing.install(PROJECT_DIRECTORY / "staff" / "solutions")
    library = data.Library()
    titles = {question.id: f"{question.id} {question.title}" for question in discover()}
    for question in arguments.question or [*TRAININGS, "q6"]:
        if question == "q6":
            path = arguments.output / "q6.png"
            develop(path, "attention", titles[question], None, _attention())
            print(path)
            continue
        frames = photograph(question, titles[question], library).frames
        for name, place in (("untrained", 0), ("early", max(1, len(frames) // 8)), ("trained", -1)):
            epochs, state = frames[place]
            path = arguments.output / f"{question}-{name}.png"
            picture = TRAININGS[question][0]
            develop(path, picture, titles[question], epochs, PICTURES[picture].State(**state))
            print(path)
    return 0


def _attention() -> attention.State:
    torch.manual_seed(0)
    block = importing.find(["models.AttentionBlock"])(LAYER_SIZE, POSITIONS)  # type: ignore[operator]
    with torch.no_grad():
        return attention.read(block, 2 * torch.randn(POSITIONS, LAYER_SIZE))


if __name__ == "__main__":
    sys.exit(main())
