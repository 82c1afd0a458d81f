"""Windows of questions 6 to 8 and of the dependency check: what is shown, and that training comes out the same."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
import torch

from grading import dependencies
from grading.console import Console
from grading.dependencies import check_dependencies
from grading.engine import Engine, Settings
from grading.pages import exhibit_window
from grading.questions import discover
from pictures import attention
from pictures.windows import window
from pictures.windows.live import Live
from startup import packages, student_modules
from tests.support import PROJECT, SECONDS_UNTIL_IT_HANGS
from tests.windows import AggWindow, Keeping, Opener


@pytest.fixture(scope="module")
def reference() -> Iterator[None]:
    """The reference solutions in place of the starters; one thread, which suits such small models."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    student_modules.install(PROJECT / "staff" / "solutions")
    yield
    student_modules.uninstall()
    torch.set_num_threads(threads)


@pytest.fixture
def usable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every package can be used: trying them takes seconds, and is tested in tests/test_startup.py."""
    monkeypatch.setattr(packages, "examine", lambda package: packages.Examined(package, version="1.0"))


def learn_text(live: Live | None, steps: int = 25) -> torch.Tensor:
    """A tiny GPT's weights after some steps on a tiny text, and what chance brings after that."""
    import gpt_model
    from test_cases.q7.public.probes import fit

    torch.manual_seed(3)
    ids = torch.tensor([0, 1, 2, 3, 1, 2] * 20)
    model = gpt_model.GPT(8, 16, 1, 4)
    watch = {"watch": live.watcher("gpt.picture", characters="\nabc", block_size=8)} if live else {}
    fit(model, ids, 4, 8, steps, 0, **watch)
    return torch.cat([*(value.detach().flatten() for value in model.parameters()), torch.rand(3)])


def learn_haiku(live: Live | None) -> torch.Tensor:
    """The same of a tiny haiku model."""
    from haiku_bot import functions
    from haiku_bot.corpus import load_corpus
    from haiku_bot.trainer import Recipe, create_model, train
    from training.watching import unwatched as nobody_watches

    torch.manual_seed(3)
    students, corpus = functions.load(PROJECT / "staff" / "solutions"), load_corpus()
    recipe = Recipe(n_embd=16, n_layer=1, pretraining_epochs=0.01, fine_tuning_epochs=0.02)
    model = create_model(recipe, corpus.vocabulary, students)
    watch = live.watcher("haiku_bot.picture") if live else nobody_watches
    with watch(model, corpus.vocabulary, students) as report:
        train(model, corpus, recipe, students, report)
    return torch.cat([*(value.detach().flatten() for value in model.parameters()), torch.rand(3)])


@cache
def unwatched(learn: Callable[[Live | None], torch.Tensor]) -> torch.Tensor:
    """What comes out when nobody looks."""
    return learn(None)


@pytest.mark.parametrize("learn", [learn_text, learn_haiku])
def test_provided_trainers_give_the_same_weights_and_leave_the_same_chance_with_and_without_pictures(learn, reference):
    opener = Opener(Keeping)
    ticks = iter(range(10**9))
    watched = learn(Live("q0 Test", opener, clock=lambda: next(ticks) / 20))
    states = opener.windows[0].states
    assert len(states) > 2
    assert not len(states[0].steps)
    assert len(states[-1].steps) > len(states[1].steps) > 0
    assert torch.equal(watched, unwatched(learn))


def test_a_sample_is_of_the_trained_model_at_the_end_and_repeats_with_its_seed(reference):
    first, second = Opener(Keeping), Opener(Keeping)
    for opener in (first, second):
        learn_text(Live("q0 Test", opener))
    last = first.windows[0].states[-1]
    assert last.sample_step == 25
    assert last.sample
    assert last.sample == second.windows[0].states[-1].sample
    assert last.progress == 1


def test_a_haiku_in_the_window_is_in_form_and_about_the_theme_it_names(reference):
    from data import haiku as texts

    opener = Opener(Keeping)
    learn_haiku(Live("q0 Test", opener))
    last = opener.windows[0].states[-1]
    assert last.theme in texts.themes()
    assert last.stages == ["pre-training", "fine-tuning"]
    counts = texts.syllables()
    assert [sum(counts[word] for word in texts.words_of(line)) for line in last.lines] == list(texts.FORM)


@pytest.mark.parametrize("learn", [learn_text, learn_haiku])
def test_a_window_that_fails_leaves_a_provided_trainer_going(learn, reference, capsys):
    class Breaking(AggWindow):
        def show(self, epochs: float | None, state: dict[str, Any]) -> None:
            self.shown += 1
            if self.shown > 1:
                raise OSError("the display went away")

    ticks = iter(range(10**9))
    assert torch.equal(learn(Live("q0 Test", Opener(Breaking), clock=lambda: next(ticks) / 20)), unwatched(learn))
    assert capsys.readouterr().out == "(no more pictures: the display went away; training goes on)\n"


def test_attention_is_shown_once_the_checks_are_through_whatever_they_found(monkeypatch, display):
    shown: list[Any] = []

    class Window(window.ViewerWindow):
        def show(self, epochs: float | None, state: dict[str, Any]) -> None:
            shown.append(attention.State(**state))
            super().show(epochs, state)

        def linger(self, seconds: float) -> None:
            assert self.is_idle, "the picture is drawn"

    monkeypatch.setattr(window, "ViewerWindow", Window)
    monkeypatch.setattr(exhibit_window, "SECONDS", SECONDS_UNTIL_IT_HANGS)  # to draw it; nobody lingers here
    [question] = [question for question in discover() if question.id == "q6"]
    settings = Settings(PROJECT / "staff" / "solutions", graphics=True, in_process=True)
    with Engine(settings, Console(io.StringIO())) as engine:
        [result] = engine.grade([question])
    assert result.score == 2
    assert "".join(shown[0].names) == "abracadabra"
    assert "each row sums to 1" in shown[0].caption


def test_check_dependencies_turns_the_segment_in_a_window(display, usable, monkeypatch, capsys):
    monkeypatch.setattr(dependencies, "WINDOW_SECONDS", 0.2)
    assert check_dependencies() == 0
    assert "window      yes (tkagg)" in capsys.readouterr().out


def test_check_dependencies_says_why_there_is_no_window_and_what_would_help(usable, monkeypatch, capsys):
    monkeypatch.setenv("DISPLAY", ":987")
    monkeypatch.setenv("MPLBACKEND", "agg")
    assert check_dependencies() == 0
    output = capsys.readouterr().out
    assert "MPLBACKEND is set to agg, which opens no windows" in output
    assert "python3-tk" in output


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is always a display to hope for")
def test_check_dependencies_opens_nothing_without_a_display(usable, monkeypatch, capsys):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(window, "ViewerWindow", None)
    assert check_dependencies() == 0
    assert "there is no display" in capsys.readouterr().out
