"""The training room: the loop ends where it should, steps do what they say, student code is found, bars start again."""

from __future__ import annotations

import io
import os
import runpy
import sys
from itertools import repeat
from typing import Any

import pytest
import torch

from startup import EXIT_INTERRUPTED, launch
from tests.support import PROJECT, SOLUTIONS, fresh_student_modules
from training import checkpoint, student
from training.errors import FAILED, UserError, exit_status
from training.loop import Length, Loop
from training.optimizers import cosine_decay
from training.progress import Bar
from training.trainer import MAX_GRADIENT_NORM, Trainer


def test_a_loop_gives_the_share_before_each_step_and_ends_at_the_whole():
    loop = Loop(Length(steps=4))
    assert list(loop.steps()) == [0, 0.25, 0.5, 0.75]
    assert (loop.is_done, loop.steps_done) == (True, 4)


def test_a_loop_that_is_stopped_goes_on_where_it_was():
    first = Loop(Length(steps=4))
    assert list(first.steps(lambda: first.steps_done == 3)) == [0, 0.25, 0.5]
    assert not first.is_done
    second = Loop(Length(steps=4))
    second.resume(first.steps_done, first.seconds)
    assert list(second.steps()) == [0.75]
    assert second.seconds >= first.seconds


def test_a_length_in_seconds_is_of_the_whole_run():
    loop = Loop(Length(seconds=100.0))
    loop.resume(steps_done=7, seconds=100.0)
    assert list(loop.steps()) == []
    assert loop.is_done


def line(slope: float, **keywords: Any) -> Trainer:
    """A trainer of one weight, from 0, whose loss is `slope` times its output for 1."""
    model = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.zeros_(model.weight)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    batches = repeat((torch.ones(2, 1), torch.full((2, 1), slope)))
    return Trainer(model, lambda output, slopes: (output * slopes).mean(), batches, [(optimizer, 0.5)], **keywords)


def test_a_step_moves_by_highest_rate_times_schedule_times_gradient():
    trainer = line(0.25, schedule=lambda progress: progress)
    losses = [trainer.step(0.0).item(), trainer.step(1.0).item(), trainer.step(0.5).item()]
    assert losses == pytest.approx([0, 0, -0.25 * 0.5 * 0.25])
    assert trainer.model.weight.item() == pytest.approx(-0.25 * 0.5 * (1 + 0.5))


def test_a_gradient_that_is_too_long_is_shortened():
    trainer = line(1000.0, schedule=lambda progress: 1.0)
    trainer.step(0.0)
    assert trainer.model.weight.item() == pytest.approx(-0.5 * MAX_GRADIENT_NORM, rel=1e-4)


def test_training_tells_of_every_step_and_works_where_gradients_are_off():
    told = []
    trainer = line(0.25, schedule=lambda progress: 1.0)
    trainer.model.eval()
    with torch.no_grad():
        trainer.train(3, lambda progress, loss: told.append((progress, loss.item())))
    assert [progress for progress, _ in told] == pytest.approx([1 / 3, 2 / 3, 1])
    assert told[2][1] < told[0][1]
    assert trainer.model.training


def test_the_cosine_rises_over_a_twentieth_and_falls_to_a_twentieth():
    steps = 200
    factors = [cosine_decay(steps)(step / steps) for step in range(steps)]
    assert factors[:10] == pytest.approx([(step + 1) / 10 for step in range(10)], abs=0.01)
    assert factors[10:] == sorted(factors[10:], reverse=True)
    assert factors[100] == pytest.approx((1 + 0.05) / 2)
    assert factors[-1] == pytest.approx(0.05, abs=1e-3)


def test_a_student_class_is_found_under_the_name_of_another_edition():
    with fresh_student_modules():
        assert student.model_class(PROJECT / "tests" / "other_edition").__name__ == "Character_GPT"
    with fresh_student_modules():
        assert student.model_class(SOLUTIONS).__name__ == "GPT"


def test_student_code_that_is_not_there_is_told(tmp_path):
    with (
        fresh_student_modules(),
        pytest.raises(UserError, match=r"absent\.py is missing from .* check --code-directory"),
    ):
        student.find(tmp_path, "absent", "write")
    (tmp_path / "haiku.py").write_text("import no_such_module\n")
    with fresh_student_modules(), pytest.raises(ModuleNotFoundError, match="no_such_module"):
        student.find(tmp_path, "haiku", "write_haiku")
    (tmp_path / "haiku.py").write_text("")
    with fresh_student_modules(), pytest.raises(UserError, match=r"haiku\.py has no write_haiku; was it renamed"):
        student.find(tmp_path, "haiku", "write_haiku")


def test_another_programs_checkpoint_is_refused(tmp_path):
    path = tmp_path / "checkpoint.pt"
    checkpoint.save(path, {"parameters": {}})
    assert checkpoint.load(path, ["parameters"], "Train again.") == {"format": checkpoint.FORMAT, "parameters": {}}
    with pytest.raises(UserError, match=r"no checkpoint of this program's format 1\. Train again\."):
        checkpoint.load(path, ["model"], "Train again.")


def test_a_checkpoint_takes_the_place_of_no_code(tmp_path):
    with pytest.raises(UserError, match=r"models\.py is the name of a Python file"):
        checkpoint.require_writable(tmp_path / "models.py", torch.nn.Linear(1, 1))
    checkpoint.require_writable(tmp_path / "models.pt", torch.nn.Linear(1, 1))


def raising(error: BaseException) -> int:
    raise error


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (UserError("no such file"), FAILED, "chat: no such file\n"),
        (PermissionError("closed"), FAILED, "chat: closed\n"),
        (KeyboardInterrupt(), EXIT_INTERRUPTED, "\nchat: interrupted\n"),
        (
            NotImplementedError("masked_loss: your code here"),
            FAILED,
            "chat: masked_loss: your code here. `python autograder.py -q q8` checks each part.\n",
        ),
    ],
)
def test_a_program_that_cannot_go_on_says_why_in_one_line(capsys, error, status, told):
    assert exit_status("chat", "q8", lambda: raising(error)) == status
    assert capsys.readouterr().err == told


def test_our_own_mistakes_are_not_hidden():
    with pytest.raises(ZeroDivisionError):
        exit_status("chat", "q8", lambda: 1 // 0)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_starts_again_where_the_share_falls(monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    shown = []
    with Bar() as bar:
        for progress, text in [(0.5, "pre-training"), (1.0, "pre-training"), (0.25, "fine-tuning")]:
            bar.show(progress, text)
            bar.refresh()
            shown.append(terminal.getvalue().rpartition("\r")[2])
    assert [line.split("%")[0].strip() for line in shown] == ["50", "100", "25"]
    assert [line.split("| ")[1].split(",")[0] for line in shown] == ["pre-training", "pre-training", "fine-tuning"]


def test_a_bar_is_silent_where_standard_error_is_no_terminal(capsys):
    with Bar() as bar:
        bar.show(0.5, "loss 1.0")
    assert capsys.readouterr().err == ""


@pytest.fixture
def started_here(monkeypatch):
    """A function that runs a file of the project as a program, in this process: tests/test_startup.py has real starts."""
    monkeypatch.setattr(launch, "protect", lambda: None)  # of this process's own search path
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.setattr(sys, "path", list(sys.path))

    def start(program: str, *arguments: str) -> None:
        monkeypatch.setattr(sys, "argv", [program, *arguments])
        runpy.run_path(str(PROJECT / program), run_name="__main__")

    return start


@pytest.mark.parametrize("program", ["chargpt.py", "chat.py"])
def test_a_launcher_is_short_and_its_usage_is_its_docstring(program, started_here, capsys):
    assert len((PROJECT / program).read_text().splitlines()) <= 20
    with pytest.raises(SystemExit) as end:
        started_here(program, "--help")
    assert end.value.code == 0
    usage = capsys.readouterr().out
    assert f"python {program}" in usage
    assert "--code-directory" in usage


def test_the_file_with_the_chatbots_parts_names_the_program_that_chats(started_here, capsys):
    started_here("haiku.py")
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert "python chat.py" in printed
