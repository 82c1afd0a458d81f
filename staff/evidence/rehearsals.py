"""Shortened trainings of the reference solutions, to be photographed or measured while they run."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch

import data
from data.plays import ENTROPY
from grading.checks import modules
from grading.child import watch
from grading.questions import Question, discover
from pictures.windows.live import Live
from staff.places import SOLUTIONS_DIRECTORY
from startup import student_modules


@dataclass(frozen=True)
class Watchers:
    """What surrounds a training.

    Attributes:
        live: opens windows; None for none.
        progress: whether progress is reported as it is to the grader.
        timer: entered when everything is prepared, left when training has ended.
    """

    live: Live | None = None
    progress: bool = False
    timer: Callable[[], AbstractContextManager[Any]] = nullcontext


@dataclass(frozen=True)
class DatasetTraining:
    """A student's training function on a dataset, of whose training rows every `stride`-th is enough."""

    question: str
    data_name: str
    model: str
    function: str
    stride: int = 1

    @property
    def picture(self) -> str:
        """The module of the reader of what the window shows."""
        return _questions()[self.question].picture

    def run(self, library: data.Library, watchers: Watchers) -> None:
        """Train once; same seed, same weights."""
        torch.manual_seed(0)
        model = _find(self.model)(*([3] if self.data_name == "points" else []))
        arrays = data.training_arrays(library.load(self.data_name))
        arrays |= {name: arrays[name][:: self.stride] for name in ("train_x", "train_y")}
        dataset = _found(_questions()[self.question].dataset)(model, arrays)
        train = _find(self.function)
        with ExitStack() as stack:
            if watchers.progress:
                stack.enter_context(watch.progress(dataset, _ignore))
                stack.enter_context(watch.losses(_ignore))
            if watchers.live:
                stack.enter_context(watchers.live.watching(self.picture, dataset))
            with watchers.timer():
                model.train()
                train(model, dataset)


@dataclass(frozen=True)
class TextTraining:
    """Question 7's check `learns`, with another number of steps."""

    steps: int
    picture = "gpt.picture"

    def run(self, library: data.Library, watchers: Watchers) -> None:
        """Train once; same seed, same weights."""
        from test_cases.q7.public.probes import fit

        splits = library.load("plays")
        torch.manual_seed(0)
        block_size, vocabulary = 64, len(splits.about["characters"])
        model = _find("gpt_model.GPT")(block_size, 128, 4, vocabulary)
        details = {"characters": splits.about["characters"], "block_size": block_size, "limit": ENTROPY}
        ids = torch.from_numpy(splits.train.x.astype(np.int64))
        with watch.losses(_ignore) if watchers.progress else nullcontext():
            fit(model, ids, vocabulary, block_size, self.steps, 0, _timed(watchers, self.picture, details))


@dataclass(frozen=True)
class HaikuTraining:
    """Question 8's check `bot`, with other shares of both stages."""

    pretraining_epochs: float
    fine_tuning_epochs: float
    picture = "haiku_bot.picture"

    def run(self, library: data.Library, watchers: Watchers) -> None:
        """Train once; same seed, same weights."""
        from haiku_bot import functions
        from haiku_bot.corpus import load_corpus
        from haiku_bot.trainer import Recipe, create_model, train

        students, corpus = functions.load(SOLUTIONS_DIRECTORY), load_corpus()
        recipe = Recipe(pretraining_epochs=self.pretraining_epochs, fine_tuning_epochs=self.fine_tuning_epochs)
        model = create_model(recipe, corpus.vocabulary, students)
        with (
            watch.losses(_ignore) if watchers.progress else nullcontext(),
            _timed(watchers, self.picture, {})(model, corpus.vocabulary, students) as report,
        ):
            train(model, corpus, recipe, students, report)


Training = DatasetTraining | TextTraining | HaikuTraining


def _timed(watchers: Watchers, picture: str, details: dict[str, Any]) -> Callable[..., AbstractContextManager[Any]]:
    """What a provided trainer is watched by: the window, and within it the timer."""

    @contextmanager
    def watched(*subject: Any) -> Iterator[Callable[..., None]]:
        live = watchers.live
        with live.watcher(picture, **details)(*subject) if live else nullcontext(_ignore) as note, watchers.timer():
            yield note

    return watched


def _ignore(*told: Any) -> None:
    """Nobody listens."""


def _find(name: str) -> Any:
    """Of the solutions that `student_modules.install` has made the student's."""
    return student_modules.find([modules.split(name)])


def _found(name: str) -> Any:
    """A provided class by its dotted name."""
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


@cache
def _questions() -> dict[str, Question]:
    return {question.id: question for question in discover()}
