"""Live pictures: every one draws, training never notices, and nothing that happens to a window matters."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

import backend
from pictures import attention, turning_segment, verse, writing
from pictures.windows import live as live_pictures
from pictures.windows import window
from pictures.windows.live import Live
from staff.solutions import models
from tests.datasets import READERS, built
from tests.support import PROJECT, SECONDS_UNTIL_IT_HANGS, SOLUTIONS, eventually
from tests.warm import start as warm
from tests.windows import AggWindow, Opener, drawn

MODELS = {
    "points": lambda: models.PerceptronModel(3),
    "sine": models.RegressionModel,
    "digits": models.DigitClassificationModel,
    "easy_digits": models.DigitConvolutionalModel,
    "words": models.LanguageIDModel,
}


STEPS, LOSSES = np.arange(1, 41), np.linspace(4, 1, 40, dtype=np.float32)
STATES = {
    "pictures.attention": attention.State(np.tril(np.full((5, 5), 0.2, np.float32)), []),
    "pictures.writing": writing.State(STEPS, LOSSES, LOSSES + 0.1, 0.4, "KING:\nIt costs $1 and $2\t\0", 40, 0.35),
    "pictures.verse": verse.State(
        "old age", ["a grey sky", "we share", "$x$"], [["one", "two", "three"]], STEPS, LOSSES, LOSSES + 0.1, 0.2,
        ["pre-training", "fine-tuning"], np.array([0, 30]),
    ),
    "pictures.turning_segment": turning_segment.State(1.0),
}  # fmt: skip
UNCERTAIN = ("probabilities", "predictions", "weights", "losses", "smooth")  # what a diverged model turns into NaN


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Suits such small models."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@cache
def state_of(name: str) -> Any:
    if name in STATES:
        return STATES[name]
    torch.manual_seed(0)
    with torch.no_grad():
        return import_module(READERS[name]).Reader(built(name, MODELS[name]())).read()


@pytest.mark.parametrize("name", [*READERS, *STATES])
def test_every_picture_draws_and_differs_with_what_it_shows(name):
    state = state_of(name)
    picture = drawn(READERS.get(name, name), state)
    assert picture.shape == (480, 640, 3)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 50
    values = dict(vars(state))
    if name == "pictures.turning_segment":
        values["angle"] += 1
    else:
        changing = next(key for key in UNCERTAIN if key in values)
        values[changing] = values[changing] * np.linspace(0.2, 0.9, values[changing].shape[-1], dtype=np.float32)
    assert (drawn(READERS.get(name, name), type(state)(**values)) != picture).any()


@pytest.mark.parametrize("name", [*READERS, *STATES])
def test_a_model_that_has_diverged_can_still_be_drawn(name):
    state = state_of(name)
    values = {key: np.full_like(value, np.nan) if key in UNCERTAIN else value for key, value in vars(state).items()}
    assert drawn(READERS.get(name, name), type(state)(**values)).shape == (480, 640, 3)


@pytest.mark.parametrize("name", [*READERS, *STATES])
def test_states_are_data_that_the_channel_carries(name):
    from grading.isolation import channel

    state = vars(state_of(name))
    back = channel.decode(channel.encode(dict(state))[8:])
    assert back.keys() == state.keys()
    assert all(np.array_equal(back[key], state[key]) for key in state)


class Drawing(torch.nn.Module):
    """Draws random numbers whenever it is called, and behaves differently in training."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(inputs, 20), torch.nn.BatchNorm1d(20), torch.nn.Dropout(0.5))
        self.last = torch.nn.Linear(20, outputs)

    def forward(self, x):
        return self.last(self.layers(x)) + np.random.rand() * 1e-3 + torch.rand(1) * 1e-3


def train(
    name: str, live: Live | None, epochs: int = 3, on_batch: Any = lambda: None, workers: int = 0
) -> torch.Tensor:
    torch.manual_seed(5)
    np.random.seed(5)
    model = Drawing(1, 1) if name == "sine" else Drawing(784, 10)
    examples = built(name, model)
    optimizer = torch.optim.Adam(model.parameters())
    loss = torch.nn.functional.mse_loss if name == "sine" else torch.nn.functional.cross_entropy
    with live.watching(READERS[name], examples) if live else nullcontext():
        for _ in range(epochs):
            for batch in DataLoader(examples, batch_size=20, shuffle=True, num_workers=workers):
                optimizer.zero_grad()
                loss(model(batch["x"]), batch["label"]).backward()
                optimizer.step()
                on_batch()
    assert not {"__getitems__", "get_validation_accuracy"} & set(vars(examples))
    return torch.cat([value.flatten() for value in model.state_dict().values()])


def ticking() -> Callable[[], float]:
    """A clock on which every look at it takes five milliseconds."""
    ticks = iter(range(10**9))
    return lambda: next(ticks) / 200


@pytest.mark.parametrize("name", ["sine", "easy_digits"])
def test_weights_are_bit_for_bit_the_same_with_and_without_pictures(name):
    opener = Opener()
    with_pictures = train(name, Live("q0 Test", opener, clock=ticking()))
    assert opener.windows[0].shown > 5
    assert torch.equal(with_pictures, train(name, None))


def test_a_window_that_cannot_be_opened_leaves_training_going(capsys):
    def refuse(title: str, picture: str) -> Any:
        raise RuntimeError("couldn't connect to display\nat all")

    live = Live("q0 Test", refuse)
    assert torch.equal(train("sine", live), train("sine", None))
    train("sine", live)
    assert capsys.readouterr().out == "(no more pictures: couldn't connect to display; training goes on)\n"


def test_a_window_that_is_closed_leaves_training_going_and_does_not_come_back(capsys):
    opener = Opener()
    live = Live("q0 Test", opener, clock=ticking())
    batches = iter(range(10**6))

    def close_in_the_middle() -> None:
        opener.windows[0].is_gone = next(batches) > 5

    assert torch.equal(train("sine", live, on_batch=close_in_the_middle), train("sine", None))
    train("sine", live)
    assert len(opener.windows) == 1
    assert capsys.readouterr().out == "(no more pictures: the window was closed; training goes on)\n"


def test_a_toolkit_that_fails_in_the_middle_leaves_training_going(capsys):
    class Breaking(AggWindow):
        def show(self, epochs: float | None, state: dict[str, Any]) -> None:
            self.shown += 1
            if self.shown > 1:
                raise OSError("the display went away")

    live = Live("q0 Test", Opener(Breaking), clock=ticking())
    assert torch.equal(train("sine", live), train("sine", None))
    assert capsys.readouterr().out.count("\n") == 1


def test_an_exception_of_the_students_passes_through_and_the_window_closes():
    class Closing(AggWindow):
        closed = False

        def close(self) -> None:
            self.closed = True

    opener = Opener(Closing)

    def fail() -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        train("sine", Live("q0 Test", opener), on_batch=fail)
    assert opener.windows[0].closed


def test_the_made_up_points_of_a_check_open_no_window():
    opener = Opener()
    few = backend.PerceptronDataset(models.PerceptronModel(3), {"train_x": np.ones((20, 3), np.float32), "train_y": np.ones((20, 1), np.float32)})  # fmt: skip
    with Live("q1 Test", opener).watching(READERS["points"], few):
        pass
    assert not opener.windows


@pytest.mark.skipif(sys.platform == "win32", reason="a loader's workers are slow to start there")
def test_a_loaders_worker_process_does_not_touch_the_window(capsys):
    class Guarded(AggWindow):
        owner = os.getpid()

        def show(self, epochs: float | None, state: dict[str, Any]) -> None:
            assert os.getpid() == self.owner

    train("sine", Live("q0 Test", Opener(Guarded)), epochs=1, workers=1)
    assert capsys.readouterr().out == ""


def test_the_caption_of_attention_says_what_is_wrong_with_it():
    weights = np.tril(np.ones((4, 4), np.float32)) / np.arange(1, 5, dtype=np.float32)[:, None]
    assert "each row sums to 1" in attention.State(weights, []).caption
    assert "6 weights on what comes later" in attention.State(weights.T, []).caption
    assert "not every row sums to 1" in attention.State(weights / 2, []).caption


def test_a_sample_is_cut_into_lines_that_fit_and_shows_nothing_unprintable():
    found = writing.lines("\n\n" + "x" * 100 + "\n\n\ta\x00b\n" * 9)
    assert found[:4] == ["x" * 64, "x" * 36, "", "·a·b"]
    assert len(found) == writing.LINES


TRAIN_IN_A_HANDLER = """
import sys
from grading.child.requests import RequestHandler
import data
for title in (None, *sys.argv[2:]):
    handler = RequestHandler(emit=lambda report: None)
    handler.answer({"op": "configure", "code_directory": sys.argv[1], "threads": 1, "window_title": title})
    handle = handler.answer({"op": "create", "names": [("models", "PerceptronModel")], "args": [3]})["result"]
    answer = handler.answer({"op": "train", "names": [("train", "train_perceptron")], "model": handle, "dataset": "backend.PerceptronDataset",
                          "arrays": data.training_arrays(data.Library().load("points"))})
    print(title, "result" in answer, "matplotlib" in sys.modules, "pictures.windows.live" in sys.modules)
"""


def test_matplotlib_is_not_imported_without_graphics_or_without_a_display():
    environment = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    titles = ["perceptron"] if sys.platform.startswith("linux") else []  # elsewhere, a display may always be there
    run = subprocess.run(
        [sys.executable, "-c", TRAIN_IN_A_HANDLER, str(PROJECT / "staff" / "solutions"), *titles],
        capture_output=True, text=True, timeout=SECONDS_UNTIL_IT_HANGS, check=False, cwd=PROJECT, env=environment,
    )  # fmt: skip
    wanted = [f"{title} True False False" for title in (None, *titles)]
    assert run.stdout.splitlines() == wanted, run.stdout + run.stderr


def test_a_viewer_without_a_display_says_why_and_training_goes_on(monkeypatch, capsys):
    monkeypatch.setenv("DISPLAY", ":987")  # nobody is there
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("MPLBACKEND", "agg")
    train("sine", Live("q0 Test"), epochs=1)
    assert capsys.readouterr().out == (
        "(no more pictures: MPLBACKEND is set to agg, which opens no windows. Unset MPLBACKEND to see windows; "
        "training goes on)\n"
    )


@pytest.mark.parametrize(
    ("backend", "said"),
    [
        ("nonsense", "cannot be used here (No module named 'matplotlib.backends.backend_nonsense')"),
        ("module://notebook.backend", "cannot be used here (No module named 'notebook')"),
        ("svg", "opens no windows"),
    ],
)
def test_a_backend_that_is_none_of_windows_is_named(monkeypatch, backend, said):
    monkeypatch.setenv("DISPLAY", ":987")
    monkeypatch.setenv("MPLBACKEND", backend)
    assert window.fault() == f"MPLBACKEND is set to {backend}, which {said}. Unset MPLBACKEND to see windows"


def test_it_is_named_once_and_before_training(monkeypatch, warm_starts):
    monkeypatch.setenv("DISPLAY", ":987")
    monkeypatch.setenv("MPLBACKEND", "nonsense")
    command = [sys.executable, warm.AUTOGRADER, "-q", "q6", "-q", "q2", "--code-directory", SOLUTIONS]
    finished = subprocess.run(
        command, cwd=PROJECT, capture_output=True, text=True, timeout=SECONDS_UNTIL_IT_HANGS, check=False
    )
    assert finished.returncode == 0
    assert finished.stdout.startswith(f"No windows while training. {window.fault()}.\n")
    assert (finished.stdout + finished.stderr).count("MPLBACKEND is set") == 1


def test_where_nothing_is_said_of_backends_no_window_is_tried(monkeypatch):
    monkeypatch.delenv("MPLBACKEND", raising=False)
    monkeypatch.setattr(subprocess, "run", None)
    monkeypatch.setenv("DISPLAY", ":987")
    assert window.fault() == ""


def test_without_matplotlib_there_are_no_windows_and_one_sentence(monkeypatch, tmp_path):
    (tmp_path / "matplotlib.py").write_text("raise ModuleNotFoundError('gone', name='matplotlib')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("MPLBACKEND", "tkagg")
    monkeypatch.setenv("DISPLAY", ":987")
    assert window.fault().startswith("matplotlib is not installed. Run: ")


def test_a_real_window_shows_training_and_its_violent_end_leaves_training_going(display, capsys, monkeypatch):
    monkeypatch.setattr(live_pictures, "SECONDS_FOR_THE_LAST_PICTURE", SECONDS_UNTIL_IT_HANGS)
    opened: list[window.ViewerWindow] = []

    def open_window(title: str, picture: str) -> window.ViewerWindow:
        opened.append(window.ViewerWindow(title, picture))
        return opened[-1]

    live = Live("q2 Non-linear regression", open_window)
    train("sine", live, epochs=1)
    assert opened[0].take_draw_seconds() > 0
    assert opened[0].is_gone
    assert capsys.readouterr().out == ""

    def kill() -> None:
        opened[1]._process.kill()
        assert eventually(lambda: opened[1].is_gone)

    train("sine", live, on_batch=kill, epochs=20)
    assert "training goes on" in capsys.readouterr().out
