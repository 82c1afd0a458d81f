"""The grader's side of the channel against a peer that may send anything: it always comes back, with an outcome that
is declared, and the next question is graded."""

from __future__ import annotations

import contextlib
import io
import math
import os
import random
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grading.checks import expect
from grading.console import Console
from grading.engine import Engine, Settings
from grading.isolation import channel, forkserver
from grading.isolation.channel import Handle
from grading.isolation.process import StudentProcess
from grading.outcomes import CRASHED, FAILED, NOT_FINISHED, PASSED, OutOfLimits, RunEnded, StudentCrashed
from grading.questions import Check, Question
from grading.status import status_text
from tests.support import Clock
from tests.test_channel import values

NO_PROCESS = 2**22 + 1  # above the largest process id that Linux gives
SECONDS = 0.4  # for a question, on the clock that the peers move
SECONDS_TO_GIVE_UP = 60.0  # a test that has failed ends its peers
INPUTS = np.zeros((3, 2), np.float32)
FACTS = {"changed": True, "finite": True, "examples": 10, "fetched": 20, "distinct": 10, "steps": 2}
PROGRESS = {"progress": {"epochs": 0.5, "validation_accuracy": 0.25}}
# What an honest process says to the check below: configured, seeded, then an answer to each of its requests.
HONEST = [
    {"result": None},
    {"result": None},
    {"result": Handle(0)},
    PROGRESS,
    {"result": FACTS},
    {"result": np.zeros((3, 1), np.float32)},
    {"result": {"weight": np.zeros((1, 2), np.float32)}},
    {
        "result": {
            "output": INPUTS[:, :1],
            "differentiable": True,
            "inputs": [INPUTS],
            "parameters": {"weight": INPUTS[:1]},
        }
    },
]


def check(student: Any, library: Any, thresholds: Any) -> None:
    """Uses every kind of answer that a check can ask for."""
    model = student.create("models.Thing")
    student.train("train.train_thing", model, library.load("sine"))
    expect.array(model(INPUTS), (3, 1), "three inputs should give three numbers")
    model.parameters()
    found = model.gradients(INPUTS)
    expect.array(found.parameters.get("weight"), (1, 2), "the weight should have a gradient")


def question(name: str, seconds: float = SECONDS) -> Question:
    made = Question(
        id=name,
        title="A thing",
        folder=Path("nowhere"),
        targets=("models.Thing", "train.train_thing"),
        aliases={},
        thresholds={},
        time_limit_seconds=seconds,
        memory_limit_bytes=2**30,
        extra_credit=False,
        allowed_imports=(),
        forbidden_names=(),
        checks=(Check("check", "It answers", 1.0, ()),),
    )
    made.__dict__["functions"] = {"check": check}  # as if its checks.py had been imported
    return made


class Peer:
    """Stands where the fork server is: its "processes" write what they are told to, whatever is asked.

    Args:
        pieces: bytes to write, and by how many seconds the clock moves before each.
        stays: keep the channel open afterwards, while the clock moves past every limit.
    """

    def __init__(self, pieces: list[tuple[float, bytes]], stays: bool = False) -> None:
        self._pieces, self._stays = pieces, stays
        self._ended, self._lock = threading.Event(), threading.Lock()
        self.clock = Clock()
        self.pieces_begun = 0

    def _time_passes(self, seconds: float) -> bool:
        """Move the clock, but not once the process is ended: the next question has begun by then."""
        with self._lock:
            if not self._ended.is_set():
                self.clock.advance(seconds)
        return not self._ended.is_set()

    def fork(self, confinement: object) -> tuple[int, BinaryIO, BinaryIO, BinaryIO]:
        requests_read, requests_write = os.pipe()
        replies_read, replies_write = os.pipe()
        output_read, output_write = os.pipe()
        os.close(output_write)

        def play() -> None:
            with contextlib.suppress(OSError), os.fdopen(replies_write, "wb", buffering=0) as replies:
                for seconds, piece in self._pieces:
                    if not self._time_passes(seconds):
                        break
                    self.pieces_begun += 1
                    replies.write(piece)
                if self._stays and self._time_passes(10 * SECONDS):
                    self._ended.wait(SECONDS_TO_GIVE_UP)
            os.close(requests_read)

        threading.Thread(target=play, daemon=True).start()
        streams = os.fdopen(requests_write, "wb"), os.fdopen(replies_read, "rb")
        return NO_PROCESS, *streams, os.fdopen(output_read, "rb", buffering=0)

    def wait(self, pid: int, seconds: float) -> int:
        with self._lock:
            self._ended.set()
        return 0


@pytest.fixture(scope="module")
def code(tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("code")
    (directory / "models.py").write_text("class Thing:\n    pass\n")
    (directory / "train.py").write_text("def train_thing(model, dataset):\n    return 1\n")
    return directory


def graded(
    code: Path, peers: dict[str, Peer], seconds: float = SECONDS, seconds_for_all: float | None = None
) -> dict[str, str]:
    """Statuses of the check of questions whose processes are these peers, which share a clock."""
    clock = Clock()
    for peer in peers.values():
        peer.clock = clock

    class Scripted(Engine):
        def _new_fork_server(self):  # no real process is needed
            return None

        def _connect(self, question):
            return StudentProcess(peers[question.id], lambda text: None, 2**30, clock=clock)

    deadline = None if seconds_for_all is None else clock() + seconds_for_all
    with Scripted(Settings(code, deadline=deadline), Console(io.StringIO()), clock) as engine:
        results = engine.grade([question(name, seconds) for name in peers])
    return {result.id: result.outcomes[0].status for result in results}


def conversation() -> list[bytes]:
    return [channel.encode(message) for message in HONEST]


def test_an_honest_peer_passes(code):
    assert graded(code, {"q1": Peer([(0.0, frame) for frame in conversation()])}) == {"q1": PASSED}


@st.composite
def scripts(draw: st.DrawFn) -> Peer:
    """An honest conversation, then up to four things wrong with it."""
    frames = conversation()
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(frames)))
        inside = min(place, len(frames) - 1)
        wrong = draw(st.sampled_from(["noise", "length", "cut", "flip", "swap", "repeat", "drop", "other", "many"]))
        if wrong == "noise":
            frames.insert(place, draw(st.binary(max_size=60)))
        elif wrong == "length":
            frames.insert(place, draw(st.integers(0, 2**64 - 1)).to_bytes(8, "little") + draw(st.binary(max_size=20)))
        elif wrong == "other":
            key = draw(st.sampled_from(["result", "error", "progress", "something"]))
            message = draw(st.one_of(values, st.builds(lambda value, key=key: {key: value}, values)))
            frames[inside : inside + 1] = [channel.encode(message)]
        elif wrong == "many":
            frames[place:place] = frames[inside : inside + 1] * draw(st.integers(2, 200))
        elif not frames[inside:]:
            continue
        elif wrong == "cut":
            frames[inside] = frames[inside][: draw(st.integers(0, len(frames[inside])))]
        elif wrong == "flip" and frames[inside]:
            flipped = bytearray(frames[inside])
            flipped[draw(st.integers(0, len(flipped) - 1))] ^= draw(st.integers(1, 255))
            frames[inside] = bytes(flipped)
        elif wrong == "swap":
            other = draw(st.integers(0, len(frames) - 1))
            frames[inside], frames[other] = frames[other], frames[inside]
        elif wrong == "repeat":
            frames.insert(inside, frames[inside])
        elif wrong == "drop":
            del frames[inside]
        frames = frames or [b""]
    slow = draw(st.sampled_from([0.0] * 9 + [0.05]))
    return Peer([(slow, frame) for frame in frames], stays=draw(st.integers(0, 19)) == 0)


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(peer=scripts())
def test_whatever_the_peer_sends_the_question_ends_and_the_next_one_is_graded(code, peer):
    statuses = graded(code, {"q1": peer, "q2": Peer([(0.0, frame) for frame in conversation()])})
    assert statuses["q1"] in (PASSED, FAILED, CRASHED, NOT_FINISHED)
    assert statuses["q2"] == PASSED


def test_a_peer_that_drips_or_says_nothing_runs_out_of_time(code):
    drip = [(0.02, bytes([byte])) for byte in b"".join(conversation())]
    for peer in (Peer(drip, stays=True), Peer([], stays=True)):
        assert graded(code, {"q1": peer}) == {"q1": NOT_FINISHED}


@pytest.mark.parametrize(
    ("loops_for", "works_for", "told"),
    [
        (7.5, 8.0, [PASSED, PASSED]),
        (8.5, 7.0, [NOT_FINISHED, PASSED]),  # at most half of the 16 seconds while another waits
        (8.5, 8.0, [NOT_FINISHED, NOT_FINISHED]),  # and no more than what is left
    ],
)
def test_under_a_deadline_no_question_takes_the_others_time(code, loops_for, works_for, told):
    first, second = conversation(), conversation()
    peers = {
        "q1": Peer([(loops_for, first[0]), *((0.0, frame) for frame in first[1:])]),
        "q2": Peer([(works_for, second[0]), *((0.0, frame) for frame in second[1:])]),
    }
    assert list(graded(code, peers, seconds=600, seconds_for_all=16).values()) == told


def test_a_flood_of_messages_ends_with_the_time_there_is_and_is_not_read_to_its_end(code):
    pieces_in_time = 10
    frame = channel.encode({"progress": {"epochs": 1.0}})
    flood = Peer([(SECONDS / pieces_in_time, frame * 1000)] * 10_000)
    assert graded(code, {"q1": flood}) == {"q1": NOT_FINISHED}
    assert flood.pieces_begun <= 10 * pieces_in_time


@given(values)
def test_whatever_is_reported_as_progress_can_be_shown(value):
    received: list[dict[str, Any]] = []
    report = value if isinstance(value, dict) else {"epochs": value, "validation_accuracy": 10**400, "loss": value}
    frames = [channel.encode({"progress": report}), channel.encode({"result": None})]
    process = StudentProcess(Peer([(0.0, frame) for frame in frames]), lambda text: None, 2**30)
    process.request({}, math.inf, received.append)
    process.kill()
    assert status_text("q1 A thing", 1.0, received[0]).startswith("q1 A thing  0:01")


def test_a_request_ends_when_another_thread_kills_the_process():
    frames = [channel.encode({"progress": {"epochs": 1.0}}), channel.encode({"result": None})]
    process = StudentProcess(Peer([(0.0, frame) for frame in frames]), lambda text: None, 2**30)
    with pytest.raises(RunEnded):
        process.request({}, time.monotonic() + SECONDS_TO_GIVE_UP, lambda report: process.kill())


def test_a_patient_process_is_not_charged_for_time_without_a_processor(monkeypatch):
    def is_ended(starved: float, seconds: float) -> bool:
        """Whether a process with a limit of a second that has starved for so long is ended after so many seconds."""
        monkeypatch.setattr(StudentProcess, "_starved_seconds", lambda self: starved)
        peer = Peer([(seconds, channel.encode({"result": None}))])
        deadline = peer.clock() + 1.0
        process = StudentProcess(peer, lambda text: None, 2**30, patient=True, clock=peer.clock)  # type: ignore[arg-type]
        try:
            process.request({}, deadline, lambda report: None)
        except OutOfLimits as reason:
            return str(reason) == "time"
        finally:
            process.kill()
        return False

    assert [is_ended(0.0, seconds) for seconds in (0.9, 1.1)] == [False, True]
    assert [is_ended(0.5, seconds) for seconds in (1.4, 1.6)] == [False, True]
    assert [is_ended(1e9, seconds) for seconds in (20.9, 21.1)] == [False, True]  # 20 times the limit on top of it


# --- the same against a real process, whose code has the channel's descriptor

SECONDS_OF_SILENCE = 1.0  # then a process that waits for the rest of a message is ended, which is a fair outcome
BABBLE = """
import os, random, stat, sys


class Thing:
    def __init__(self, seed):
        generator = random.Random(seed)
        for number in range(3, 64):
            try:
                is_pipe = stat.S_ISFIFO(os.fstat(number).st_mode)
            except OSError:
                continue
            for _ in range(generator.randrange(1, 4) if is_pipe else 0):
                try:
                    length = generator.choice([0, 1, 12, 40, 2**20, 2**62]).to_bytes(8, "little")
                    os.write(number, generator.choice([b"", length]) + generator.randbytes(generator.randrange(60)))
                except OSError:
                    pass
        if seed % 3 == 0:
            os._exit(seed)
"""


@pytest.mark.skipif(not forkserver.is_available(), reason="starts processes quickly, as only Linux can")
def test_a_real_process_that_babbles_on_its_channel_ends_with_an_answer_or_a_crash(tmp_path):
    (tmp_path / "models.py").write_text(BABBLE)
    server = forkserver.ForkServer()
    crashes = 0
    try:
        for seed in random.Random(0).sample(range(1000), 12):
            process = StudentProcess(server, lambda text: None, 2**31)
            configure = {"op": "configure", "code_directory": str(tmp_path), "threads": 1, "window_title": None}
            try:
                process.request(configure, math.inf, lambda report: None)
                create = {"op": "create", "names": [("models", "Thing")], "args": [seed]}
                for _ in range(3):
                    process.request(create, time.monotonic() + SECONDS_OF_SILENCE, lambda report: None)
            except (StudentCrashed, OutOfLimits):
                crashes += 1
            finally:
                process.kill()
    finally:
        server.close()
    assert crashes >= 6, "hardly a message was malformed: does the code find the channel?"
