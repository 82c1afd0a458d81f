"""Makes a picture of every live window without a display: `python -m staff.evidence.screenshots [--output DIR]`.

The functions that draw in the windows draw into files here, while the reference solutions train for a short time on
part of the data: three pictures for each core question that trains, untrained, early and at the end. Question 6 and the
electives are graded, and the last picture of each window is drawn. Same machine, same pictures. Where there is a
Chromium, pictures of the report follow (`staff.evidence.report_screenshot`).
"""

from __future__ import annotations

import argparse
import importlib
import io
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

import data
from grading.console import Console
from grading.engine import Engine, Settings
from grading.questions import ELECTIVE, discover, natural_order
from pictures import style
from pictures.panels import WindowPicture
from pictures.windows import viewer
from pictures.windows.live import Live
from staff.evidence import report_screenshot
from staff.evidence.rehearsals import DatasetTraining, HaikuTraining, TextTraining, Training, Watchers
from startup import ending, student_modules
from startup.project import PROJECT_DIRECTORY

SECONDS_PER_LOOK_AT_THE_CLOCK = 1 / 64  # pictures shall not depend on how fast the machine is

# long enough for pictures that show something
TRAININGS: dict[str, Training] = {
    "q1": DatasetTraining("q1", "points", "models.PerceptronModel", "train.train_perceptron"),
    "q2": DatasetTraining("q2", "sine", "models.RegressionModel", "train.train_regression"),
    "q3": DatasetTraining("q3", "digits", "models.DigitClassificationModel", "train.train_digitclassifier", stride=6),
    "q4": DatasetTraining("q4", "words", "models.LanguageIDModel", "train.train_languageid", stride=4),
    "q5": DatasetTraining("q5", "easy_digits", "models.DigitConvolutionalModel", "train.train_digitconvolution"),
    "q7": TextTraining(steps=300),
    "q8": HaikuTraining(pretraining_epochs=0.8, fine_tuning_epochs=0.2),
}
EXHIBITED = ["q6", *(question.id for question in discover() if question.group == ELECTIVE)]
QUESTIONS = sorted([*TRAININGS, *EXHIBITED], key=natural_order)
IN_THE_HAND_OUT = (
    "q1-early.png",
    "q2-early.png",
    "q3-early.png",
    "q4-early.png",
    "q5-early.png",
    "q6.png",
    "q7-trained.png",
    "q8-trained.png",
    *(f"{name}.png" for name in EXHIBITED if name != "q6"),
)
HAND_OUT_IMAGES = PROJECT_DIRECTORY / "docs" / "students" / "images"
PICTURES_IN_A_ROW = 3
WINDOWS = {"e8": 0}  # by question: the verse, not the digit
COLOURS = 128  # fewer turn thin coloured lines on shades grey


class Camera:
    """A window that keeps what it is shown; see `pictures.windows.live.Window`."""

    is_gone, is_idle = False, True

    def __init__(self) -> None:
        self.picture = ""
        self.frames: list[tuple[float | None, dict[str, Any]]] = []

    def open(self, title: str, picture: str) -> Camera:
        """Be the window of a picture."""
        self.picture = picture
        return self

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


def photograph(training: Training, title: str, library: data.Library) -> Camera:
    """Train a reference solution and return every state that its window would have shown."""
    camera, ticks = Camera(), itertools.count()
    clock = (tick * SECONDS_PER_LOOK_AT_THE_CLOCK for tick in ticks)
    training.run(library, Watchers(Live(title, camera.open, lambda: next(clock))))
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
    parser = argparse.ArgumentParser(prog="python -m staff.evidence.screenshots", description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=PROJECT_DIRECTORY / "out" / "screenshots", metavar="DIR")
    parser.add_argument(
        "-q", "--question", action="append", choices=QUESTIONS, metavar="qN", help="this question only; may be repeated"
    )
    parser.add_argument("--documentation", action="store_true", help="write those that the hand-out shows, too")
    parser.add_argument(
        "--sheet", type=Path, metavar="FILE", help="put the hand-out's pictures of the electives on one sheet; no more"
    )
    arguments = parser.parse_args(argv)
    if arguments.sheet:
        electives = [HAND_OUT_IMAGES / f"{name}.png" for name in QUESTIONS if name in EXHIBITED and name != "q6"]
        contact_sheet(electives, arguments.sheet)
        print(arguments.sheet)
        return 0
    arguments.output.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    student_modules.install(PROJECT_DIRECTORY / "staff" / "solutions")
    library = data.Library()
    titles = {question.id: f"{question.id} {question.title}" for question in discover()}
    for question in arguments.question or QUESTIONS:
        title = titles[question]
        if question in EXHIBITED:
            path, panel = arguments.output / f"{question}.png", _exhibited(question)
            develop(path, panel.module, title, None, panel.state)
            print(path, flush=True)
            continue
        camera = photograph(TRAININGS[question], title, library)
        for name, place in (("untrained", 0), ("early", max(1, len(camera.frames) // 8)), ("trained", -1)):
            epochs, values = camera.frames[place]
            path = arguments.output / f"{question}-{name}.png"
            state = importlib.import_module(camera.picture).State(**values)
            develop(path, camera.picture, title, epochs, state)
            print(path, flush=True)
    if arguments.documentation:
        for name in IN_THE_HAND_OUT:
            question = name.removesuffix(".png").partition("-")[0]
            if question in (arguments.question or QUESTIONS):
                _compress(arguments.output / name, HAND_OUT_IMAGES / f"{question}.png")
    if arguments.question:
        return 0
    try:
        report_screenshot.find_browser()
    except report_screenshot.NoBrowser as error:
        print(f"no pictures of the report: {error}")
        return 0
    return report_screenshot.main(["--output", str(arguments.output)])


def contact_sheet(pictures: Sequence[Path], path: Path) -> None:
    """Pictures of one size side by side, in rows of three, into a PNG file."""
    from PIL import Image  # comes with matplotlib

    opened = [Image.open(picture).convert("RGB") for picture in pictures]
    width, height = opened[0].size
    sheet = Image.new("RGB", (PICTURES_IN_A_ROW * width, -(-len(opened) // PICTURES_IN_A_ROW) * height), "white")
    for place, picture in enumerate(opened):
        row, column = divmod(place, PICTURES_IN_A_ROW)
        sheet.paste(picture, (column * width, row * height))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)


def _compress(source: Path, target: Path) -> None:
    """A copy with few colours: a quarter of the size, and hardly a difference."""
    from PIL import Image  # comes with matplotlib

    with Image.open(source) as picture:
        picture.convert("RGB").quantize(COLOURS).save(target, optimize=True)
    print(target)


def _exhibited(name: str) -> WindowPicture:
    """What a window shows at the end of a question, for the reference solution: the last one, or that of `WINDOWS`."""
    [question] = [question for question in discover() if question.id == name]
    settings = Settings(PROJECT_DIRECTORY / "staff" / "solutions", exhibits=True)
    with Engine(settings, Console(io.StringIO())) as engine:
        [result] = engine.grade([question])
    panels = [panel for exhibit in result.exhibits for panel in exhibit.panels()]
    return [panel for panel in panels if isinstance(panel, WindowPicture)][WINDOWS.get(name, -1)]


if __name__ == "__main__":
    ending.run(main)
