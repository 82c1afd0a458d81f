"""Fork servers that start in milliseconds, for tests that are not about that start (docs/testing.md).

The start of a fork server takes two processor-seconds, nearly all of them for the import of torch. Here one process
imports torch, and forks fork servers, each with an environment, streams and processes of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path

from grading.isolation import forkserver

SERVER = Path(__file__).with_name("server.py")
AUTOGRADER = Path(__file__).with_name("autograder.py")
PLACE = "NNPROJECT_TESTS_WARM"  # the environment's variable that tells a program where to ask
SERVED = "NNPROJECT_TESTS_SERVED"  # and the one that tells `SERVER` the project whose student processes it makes
PROJECT = Path(__file__).resolve().parents[2]


class Warm:
    """The process that forks fork servers, and the socket where it is asked. Use as a context manager (Linux).

    Args:
        folder: where the socket shall be.
        project: whose student processes these are, and the Python that runs it.
        environment: of the process; None for this one's.

    Attributes:
        place: the path of that socket.
    """

    def __init__(
        self,
        folder: Path,
        project: Path = PROJECT,
        python: str = sys.executable,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.place = folder / "warm"
        self._owner, theirs = socket.socketpair()
        with socket.socket(socket.AF_UNIX) as listener, theirs:
            listener.bind(str(self.place))
            listener.listen()
            command = [python, "-P", str(SERVER), str(listener.fileno()), str(theirs.fileno())]
            given = dict(os.environ if environment is None else environment)
            given |= {"OPENBLAS_NUM_THREADS": "1", SERVED: str(project)}
            self._process = subprocess.Popen(
                command, pass_fds=[listener.fileno(), theirs.fileno()], start_new_session=True, env=given
            )

    def __enter__(self) -> Warm:
        return self

    def __exit__(self, *_: object) -> None:
        self._owner.close()
        self._process.wait()


class ForkServerProcess:
    """A fork server's process that is no child of this one: what `ForkServer` needs of a `subprocess.Popen`."""

    def __init__(self, pid: int) -> None:
        self._handle = os.pidfd_open(pid)
        weakref.finalize(self, os.close, self._handle)

    def wait(self, timeout: float | None = None) -> None:
        """Wait for the process's end; raises `subprocess.TimeoutExpired` as a Popen does."""
        if not select.select([self._handle], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("fork server", timeout or 0.0)

    def kill(self) -> None:
        """Kill the process if there still is one."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)


def start(control: socket.socket, arguments: Sequence[str], environment: dict[str, str] | None) -> ForkServerProcess:
    """Take the place of `grading.isolation.forkserver.start`; the environment's variable `PLACE` says whom to ask."""
    request = {
        "arguments": list(arguments),
        "environment": dict(os.environ) if environment is None else environment,
        "folder": os.getcwd(),
    }
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(os.environ[PLACE])
        frame = json.dumps(request).encode()
        socket.send_fds(connection, [frame[:1]], [control.fileno(), 1, 2])
        connection.sendall(frame[1:])
        connection.shutdown(socket.SHUT_WR)
        return ForkServerProcess(int(connection.makefile().read()))


def is_possible() -> bool:
    """Whether fork servers can start like that: where there are fork servers, and processes have handles."""
    return forkserver.is_available() and hasattr(os, "pidfd_open")
