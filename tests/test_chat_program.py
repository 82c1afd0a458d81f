"""The chat as a page, as a program: before it is ready, where a function is unfinished or broken, and until Ctrl-C."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from haiku_bot import checkpoint, functions
from haiku_bot.bot import HaikuBot
from haiku_bot.corpus import load_corpus
from haiku_bot.functions import Parts
from haiku_bot.trainer import Recipe, create_model
from haiku_bot.web import program
from haiku_bot.web.room import Room
from tests.chat_server import (  # noqa: F401 - fixtures
    Client,
    bot_of_the_reference,
    client_of_the_reference,
    opened,
    reference_in_place,
    served,
    small_pool,
)
from tests.support import PROJECT, SECONDS_UNTIL_IT_HANGS, SOLUTIONS, eventually

posix = pytest.mark.skipif(os.name != "posix", reason="needs signals")


# faults


def test_before_the_bot_is_ready_the_page_is_told_how_far_it_is():
    room = Room(SOLUTIONS)
    with served(room) as client:
        assert client.get("state").json["state"] == "preparing"
        room.note("pre-training", 0.25, torch.tensor(4.5))
        assert client.get("state").json == {"state": "preparing", "stage": "pre-training", "share": 0.25, "loss": 4.5}
        assert client.answer("rain").status == client.post("trace", {}).status == 409


def broken(made: tuple[HaikuBot, Parts], folder: Path, source: str, name: str) -> HaikuBot:
    """A bot whose `write_haiku` is one of a file in the folder."""
    (folder / "haiku.py").write_text(source)
    found: dict[str, Any] = {}
    exec(compile(source, str(folder / "haiku.py"), "exec"), found)
    bot = HaikuBot.__new__(HaikuBot)
    students = functions.StudentFunctions(**{**vars(made[0]._students), "write_haiku": found[name]})
    bot.__dict__ = made[0].__dict__ | {"_students": students}
    return bot


@pytest.mark.parametrize(
    ("source", "title", "text"),
    [
        ("def write_haiku(*_):\n    raise NotImplementedError('write_haiku: your code here')\n", "haiku.py: write_haiku is not implemented yet", "python autograder.py -q q8"),
        ("def write_haiku(*_):\n    return 1 / 0\n", "haiku.py, line 2: write_haiku stopped", "ZeroDivisionError"),
        ("def write_haiku(model, prompts, *_):\n    return model(prompts.float())\n", "haiku.py, line 2: write_haiku stopped", "RuntimeError"),
    ],
)  # fmt: skip
def test_an_unfinished_or_broken_function_is_named_and_the_next_message_is_heard(
    made, tmp_path, capsys, source, title, text
):
    room = Room(tmp_path)
    room.open(broken(made, tmp_path, source, "write_haiku"), made[1])
    with served(room) as client:
        for _ in range(2):
            reply = client.answer("rain")
            assert [event["event"] for event in reply.events if event["event"] != "growing"] == ["reading", "fault"]
            assert reply.event("fault")["title"] == title
            assert text in reply.event("fault")["text"]
    assert capsys.readouterr().err


def test_a_layer_of_another_file_is_named_with_its_class(tmp_path, made):
    source = "class AttentionBlock:\n    def forward(self):\n        raise NotImplementedError('AttentionBlock.forward: your code here')\n"
    (tmp_path / "models.py").write_text(source)
    found: dict[str, Any] = {}
    exec(compile(source, str(tmp_path / "models.py"), "exec"), found)
    room = Room(tmp_path)
    with pytest.raises(NotImplementedError) as caught:
        found["AttentionBlock"]().forward()
    room.close(caught.value)
    assert room.state["title"] == "models.py: AttentionBlock.forward is not implemented yet"


# the program


class Running:
    """`python chat.py --web` in a process of its own, in whose page a test looks."""

    def __init__(self, *arguments: object) -> None:
        command = [sys.executable, str(PROJECT / "chat.py"), "--web", *map(str, arguments)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.fullmatch(r"\s*http://127\.0\.0\.1:(\d+)/([\w-]+)/\n", line):
                self.client = Client(int(found[1]), found[2])
                return
        raise AssertionError(self.process.communicate())

    def state(self) -> dict[str, Any]:
        assert eventually(lambda: self.client.get("state").json["state"] != "preparing")
        return self.client.get("state").json

    def interrupted(self) -> tuple[int, str, str]:
        """The exit status after Ctrl-C, and the rest of what was printed."""
        self.process.send_signal(signal.SIGINT)
        printed, errors = self.process.communicate(timeout=SECONDS_UNTIL_IT_HANGS)
        return self.process.returncode, printed.strip(), errors.strip()


@posix
def test_the_program_answers_until_ctrl_c_also_while_it_answers(tmp_path):
    """With an untrained model of full size."""
    corpus, students = load_corpus(), functions.load(SOLUTIONS)
    checkpoint.save(create_model(Recipe(), corpus.vocabulary, students), corpus, Recipe(), tmp_path / "haiku.pt")
    running = Running("--code-directory", SOLUTIONS, "--checkpoint", tmp_path / "haiku.pt", "--seed", 5, "--renku")
    state = running.state()
    assert (state["state"], state["seed"], state["renku"], state["model"]) == ("ready", 5, True, "GPT")
    response = opened(running.client, "rain")
    response.readline()
    assert running.interrupted() == (0, "The chat has ended.", "")


@posix
def test_starters_get_a_page_that_names_the_first_part_to_write(tmp_path):
    for name in ("haiku.py", "gpt_model.py", "models.py"):
        shutil.copy(PROJECT / name, tmp_path)
    running = Running("--code-directory", tmp_path, "--checkpoint", tmp_path / "haiku.pt")
    state = running.state()
    assert state["title"] == "haiku.py: encode_example is not implemented yet"
    assert "python autograder.py -q q8" in state["text"]
    assert running.client.get().status == 200
    status, printed, errors = running.interrupted()
    assert (status, printed.splitlines()[-1]) == (1, "The chat has ended.")
    assert errors == "chat: encode_example: your code here. `python autograder.py -q q8` checks each part."


def test_ctrl_c_during_the_training_passes_through(monkeypatch):
    def prepare(watch: Any) -> tuple[HaikuBot, Parts]:
        with watch() as note:
            note("pre-training", 0.5, torch.tensor(3.0))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        program.run(prepare, SOLUTIONS, 0, 0, False)
