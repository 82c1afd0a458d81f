"""The grader's side of isolation: a request of any length arrives, a failed start and a failed measurement cost nothing."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch

from grading.checks import expect
from grading.child import conversion
from grading.isolation import channel, forkserver, memory, process, sandbox
from grading.isolation.process import StudentProcess
from grading.isolation.sandbox import Sandbox, is_available, is_root, remove
from grading.outcomes import CheckFailed
from startup import packages
from tests.support import PROJECT, SECONDS_UNTIL_IT_HANGS

BYTES = 2**30


@pytest.mark.skipif(not forkserver.is_available(), reason="there is no fork server here")
def test_a_request_that_is_longer_than_any_buffer_reaches_the_fork_server(tmp_path):
    session, server = Sandbox(tmp_path, own_users=False).open(BYTES), forkserver.ForkServer()
    private = [str(tmp_path / "a long name of a folder" / str(number)) for number in range(10_000)]
    try:
        held = server.probe(session.confinement() | {"private": private, "public": []})
    finally:
        server.close()
        session.close()
    assert held["own folder"] and held["private files"]


GRADER_THAT_ENDS = """
import os, signal, socket
from grading.child import host
host._request_handler = lambda: None
ours, theirs = socket.socketpair()
ours.sendall({unread!r})
theirs.close()
host.serve_forks(ours)
os.kill(os.getpid(), signal.SIGCHLD)
"""


@pytest.mark.skipif(not forkserver.is_available(), reason="there is no fork server here")
@pytest.mark.parametrize("unread", [b"", b"ended 1 0\n"], ids=["everything was read", "an answer was not read"])
def test_a_fork_server_whose_grader_was_killed_ends_without_a_word(unread):
    """Its last child may end at any moment after that."""
    program = [sys.executable, "-c", GRADER_THAT_ENDS.format(unread=unread)]
    ended = subprocess.run(program, cwd=PROJECT, capture_output=True, text=True, timeout=SECONDS_UNTIL_IT_HANGS)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.fixture
def scripted(monkeypatch) -> Iterator[tuple[forkserver.ForkServer, Callable[[bytes], None]]]:
    """A fork server whose answers the test writes itself."""
    theirs: list[socket.socket] = []

    class Ended:
        def wait(self, timeout: float = 0) -> int:
            return 0

        kill = wait

    def start(control: socket.socket, *_: object) -> Any:
        theirs.append(control.dup())
        return Ended()

    monkeypatch.setattr(forkserver, "start", start)
    server = forkserver.ForkServer()
    with theirs[0]:
        yield server, theirs[0].sendall
        server.close()


def forked(server: forkserver.ForkServer) -> int:
    pid, *streams = server.fork()
    for stream in streams:
        stream.close()
    return pid


@pytest.mark.skipif(not forkserver.is_available(), reason="there is no fork server here")
def test_an_exit_status_is_that_of_the_latest_process_of_its_number(scripted):
    """The system uses numbers again: a class of 500 starts more processes than there are numbers."""
    server, answer = scripted
    answer(b"started 7\nended 7 9\n")
    assert (forked(server), server.wait(7, SECONDS_UNTIL_IT_HANGS)) == (7, -9)
    answer(b"started 7\n")
    assert (forked(server), server.wait(7, 0)) == (7, None)


@pytest.mark.skipif(not forkserver.is_available(), reason="there is no fork server here")
def test_a_fork_server_that_does_not_answer_in_time_is_asked_no_more(scripted, monkeypatch):
    """Its late answer would be taken for that to the next request."""
    server, _ = scripted
    monkeypatch.setattr(packages, "SECONDS_TO_IMPORT", 0)
    monkeypatch.setattr(packages, "problem", lambda *names: "")
    with pytest.raises(RuntimeError, match="did not answer"):
        server.fork()
    assert not server.is_alive()


def test_a_process_prints_on_where_the_graders_own_output_is_closed():
    """As in `autograder.py --json FILE | head`: what is graded must not be the student's BrokenPipeError."""
    read, write = os.pipe()

    def closed(text: str) -> None:
        raise BrokenPipeError

    reader = threading.Thread(target=process._pump, args=(os.fdopen(read, "rb", buffering=0), closed))
    reader.start()
    with os.fdopen(write, "wb", buffering=0) as output:
        for _ in range(3):
            output.write(bytes(2**17))  # more than a pipe holds
    reader.join(SECONDS_UNTIL_IT_HANGS)


@pytest.mark.skipif(not forkserver.is_available(), reason="there is no fork server here")
@pytest.mark.parametrize("status", [None, 1])
def test_a_process_that_has_ended_by_itself_is_not_killed_by_its_number(monkeypatch, status):
    """The number may be that of another student's process by then."""

    class Server:
        def fork(self, confinement: Any) -> Any:
            (requests_read, requests_write), (replies_read, replies_write), (output_read, output_write) = (
                os.pipe() for _ in range(3)
            )
            for descriptor in (requests_read, replies_write, output_write):
                os.close(descriptor)
            return 7, os.fdopen(requests_write, "wb"), os.fdopen(replies_read, "rb"), os.fdopen(output_read, "rb", 0)

        def wait(self, pid: int, seconds: float) -> int | None:
            return status

    killed: list[int] = []
    monkeypatch.setattr(os, "killpg", lambda group, signal: killed.append(group))
    StudentProcess(Server(), print, BYTES).kill()
    assert killed == ([7] if status is None else [])


def test_a_folder_is_removed_where_the_system_has_no_program_for_that(tmp_path, monkeypatch):
    """As on Windows, where `--as-gradescope` makes a folder for the files that would be handed in."""
    folder = tmp_path / "work"
    (folder / "inner").mkdir(parents=True)
    monkeypatch.setenv("PATH", "")
    remove(folder, 1)
    assert not folder.exists()


def test_a_tensor_that_is_too_large_to_be_read_is_told_with_its_shape(monkeypatch):
    """Shapes that broadcast by mistake make such tensors. Sent as they are, their message would be refused."""
    monkeypatch.setattr(conversion, "MAX_ARRAY_BYTES", 399)
    with pytest.raises(
        CheckFailed, match=r"give scores of shape \(10, 1\); got a tensor of shape \(10, 10\), which is"
    ):
        expect.array(conversion.outgoing(torch.zeros(10, 10)), (10, 1), "a batch should give scores")
    assert conversion.outgoing(torch.zeros(9, 10)).shape == (9, 10)


def test_an_array_of_the_largest_size_fits_into_a_reply():
    array = np.zeros(channel.MAX_ARRAY_BYTES, np.uint8)
    assert len(channel.encode({"result": array})) <= channel.MAX_REPLY_BYTES


@pytest.mark.skipif(not is_available(), reason="there is no sandbox here")
def test_a_process_that_cannot_be_started_leaves_no_folder_behind(tmp_path):
    class Broken:
        def fork(self, confinement: Any) -> Any:
            assert list(tmp_path.iterdir())
            raise packages.Unusable("torch is broken")

    with pytest.raises(packages.Unusable):
        StudentProcess(Broken(), print, BYTES, Sandbox(tmp_path, own_users=False))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_a_system_that_does_not_tell_the_memory_in_time_ends_no_question(monkeypatch, platform):
    def hang(command: list[str], timeout: float, **_: Any) -> None:
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(memory.sys, "platform", platform)
    monkeypatch.setattr(memory.subprocess, "run", hang)
    assert memory.group_bytes(os.getpid()) == 0


CONFINED = """
import ctypes, os, subprocess, sys, threading
from grading.child import confine
confine._has_gpu = lambda: len(sys.argv) > 1
confine._filter_system_calls()
grader = os.getpid()
libc = ctypes.CDLL(None, use_errno=True)
clone, key, new_user = {"x86_64": 56, "aarch64": 220}[os.uname().machine], 0x6E6F7465, 0x10000000
words = (ctypes.c_uint64 * 11)(new_user, 0, 0, 0, 17)
tried = {
    "memory segment": lambda: libc.shmget(key, 4096, 0o1600), "semaphore": lambda: libc.semget(key, 1, 0o1600),
    "message queue": lambda: libc.msgget(key, 0o1600), "posix queue": lambda: libc.mq_open(b"/x", 0o102, 0o600, None),
    "file in memory": lambda: libc.memfd_create(b"x", 0), "clone": lambda: libc.syscall(clone, new_user | 17, 0, 0, 0, 0),
    "clone3": lambda: libc.syscall(435, words, 88), "unshare": lambda: libc.unshare(new_user),
}
given = [name for name, call in tried.items() if call() != -1]
if os.getpid() != grader:
    os._exit(0)  # a clone
thread = threading.Thread(target=lambda: given.append("a thread"))
thread.start()
thread.join()
given.append(subprocess.run(["echo", "a program"], capture_output=True, text=True).stdout.strip())
print(given)
"""


@pytest.mark.skipif(not is_available(), reason="there is no filter on system calls here")
@pytest.mark.parametrize("gpu", ["", "gpu"])
def test_the_filter_lets_threads_and_programs_start_and_nothing_that_lasts_or_becomes_root(gpu):
    """A memory segment or a queue outlives its process, and is found by the next one. CUDA needs a file in memory."""
    program = [sys.executable, "-c", CONFINED, *filter(None, [gpu])]
    ended = subprocess.run(program, cwd=PROJECT, capture_output=True, text=True, timeout=SECONDS_UNTIL_IT_HANGS)
    given = ["file in memory"] * bool(gpu) + ["a thread", "a program"]
    assert (ended.stdout, ended.stderr) == (f"{given}\n", "")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_a_process_holds_in_removed_files_is_counted_once_for_all_its_descriptors(tmp_path):
    size = 2**20
    before = sandbox.nameless_bytes([os.getpid()])
    with open(tmp_path / "named", "wb") as named, open(tmp_path / "removed", "wb") as removed:
        for file in (named, removed):
            file.write(bytes(size))
            file.flush()
        os.unlink(tmp_path / "removed")
        again = os.dup(removed.fileno())
        try:
            assert size <= sandbox.nameless_bytes([os.getpid()]) - before < 1.5 * size
        finally:
            os.close(again)


@pytest.mark.skipif(not is_root(), reason="makes files of another user")
def test_files_in_folders_of_roots_where_anybody_may_write_are_found(tmp_path):
    """A system has such folders inside of /tmp, such as /tmp/.X11-unix."""
    places = {"open": 0o1777, "closed": 0o755}
    for name, mode in places.items():
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(mode)
        (tmp_path / name / "note").touch()
        os.chown(tmp_path / name / "note", 20_001, 20_001)
    assert sandbox.owned_in(str(tmp_path), (20_001,)) == [str(tmp_path / "open" / "note")]


FORKS_WITH_A_BLOCK = """
import os, sys
block = bytearray(b"x") * (60 * 2**20)  # written to, so that the pages are there, and shared after the forks
children = [os.fork() for _ in range(2)]
if 0 not in children:
    print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_page_that_a_family_shares_is_counted_once_whoever_else_shares_it():
    program = [sys.executable, "-c", FORKS_WITH_A_BLOCK]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        family = memory.family(process.pid)
        assert len(family) in (3, 4)  # the first child forks, too
        resident = sum(memory.pages_of(pid)["Rss"] for pid in family)
        assert resident > 3 * 60 * 2**20
        assert 60 * 2**20 < memory.family_bytes(process.pid) < 100 * 2**20
        assert memory.distinct_bytes(family[1:]) > 60 * 2**20, "their share of the block is not divided with the parent"
        process.communicate(b"")


@pytest.mark.parametrize(
    ("pages", "wanted"),
    [
        ([], 0),
        ([{"Private_Clean": 1, "Private_Dirty": 2, "Shared_Clean": 30, "Shared_Dirty": 40}], 73),
        ([{"Private_Dirty": 2, "Shared_Clean": 30}, {"Private_Dirty": 5, "Shared_Clean": 40}, {}], 47),
    ],
)
def test_private_pages_add_up_and_of_the_shared_ones_the_most_count(monkeypatch, pages, wanted):
    monkeypatch.setattr(memory, "pages_of", lambda pid: pages[pid])
    assert memory.distinct_bytes(range(len(pages))) == wanted
