"""Where a student process runs when the grader must not trust it: a user, a folder and limits for each process.

Used under a grading harness on Linux. As root every process gets a user id of its own. It then reaches neither the
grader, nor the fork server, nor another student process. Without root the limits and the filter on system calls hold,
and the user id does not change. What is ordered here is carried out by `grading.child.confine`.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grading.isolation import memory
from grading.outcomes import DISK, MEMORY

FIRST_USER = 20_000  # above the users that systems make, below the 65,536 that a small container has
USERS_OF_A_SMALL_CONTAINER = 40_000
USERS = 1_000_000_000
SHARED_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/run/lock")  # where anybody may write on an ordinary system
SECONDS_BETWEEN_MEASUREMENTS = 0.25
MAX_FILES = 5_000
SECONDS_TO_REMOVE = 30.0
SECONDS_TO_KILL = 20.0
SECONDS_BETWEEN_SWEEPS = 0.05
MAX_PATH_CHARACTERS = 2_000  # the kernel follows 4,096


@dataclass(frozen=True)
class Sandbox:
    """How student processes are confined.

    Attributes:
        directory: in which each gets its working folder; others must be able to pass through it.
        private: paths that a student process must not reach; only for `probe`.
        public: paths that it must be able to read; only for `probe`.
        disk_bytes: what it may write, all files together.
        processes: how many processes and threads it may have.
        own_users: as root, give each process a user of its own.
    """

    directory: Path
    private: tuple[Path, ...] = ()
    public: tuple[Path, ...] = ()
    disk_bytes: int = 128 * 2**20
    processes: int = 64
    own_users: bool = True

    def open(self, memory_bytes: int) -> SandboxSession:
        """Start the session of one student process."""
        user = _unused_user() if self.own_users and is_root() else None
        folder = Path(tempfile.mkdtemp(dir=self.directory, prefix="work-"))
        if user is not None:
            os.chown(folder, user, user)
        return SandboxSession(self, folder, user, memory_bytes)


@dataclass
class SandboxSession:
    """One student process's user and folder."""

    sandbox: Sandbox
    folder: Path
    user: int | None
    memory_bytes: int
    _measured: float = field(default=0.0, repr=False)

    def confinement(self) -> dict[str, Any]:
        """For `grading.child.confine.apply`."""
        folder = str(self.folder)
        environment = {"HOME": folder, "TMPDIR": folder, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
        limits = {"CORE": 0, "FSIZE": self.sandbox.disk_bytes, "NOFILE": 512}
        if self.user is not None:  # without a user of its own, the grader's other processes would count
            limits["NPROC"] = self.sandbox.processes
        return {
            "user": self.user,
            "directory": folder,
            "environment": environment,
            "limits": limits,
            "data_bytes": self.memory_bytes + self.memory_bytes // 4,  # the measured limit speaks first, with words
        }

    def exceeded(self, pid: int) -> str:
        """Which limit is exceeded, `MEMORY` or `DISK`; empty if none is, or if it was looked at just now."""
        now = time.monotonic()
        if now - self._measured < SECONDS_BETWEEN_MEASUREMENTS:
            return ""
        self._measured = now
        if self._memory(pid) > self.memory_bytes:
            return MEMORY
        count, size = _owned(self.folder, self.user, SHARED_FOLDERS if self.user is not None else ())
        size += nameless_bytes(memory.processes_of(self.user) if self.user is not None else memory.family(pid))
        return DISK if size > self.sandbox.disk_bytes or count > MAX_FILES else ""

    def end(self) -> None:
        """Kill every process of this session's user, however many, whatever the fork server is busy with."""
        deadline = time.monotonic() + SECONDS_TO_KILL
        while self.user is not None and memory.processes_of(self.user) and time.monotonic() < deadline:
            with contextlib.suppress(OSError, subprocess.SubprocessError):
                # the kernel signals all of them in one step, which no fork can slip past; it spares who asks for it
                command = ["/bin/sh", "-c", "kill -KILL -1"]
                subprocess.run(command, user=self.user, group=self.user, extra_groups=[], check=False, timeout=5)
            time.sleep(SECONDS_BETWEEN_SWEEPS)

    def close(self) -> None:
        """Remove what the process left on disk; call when it is dead."""
        left_behind = [self.folder]
        if self.user is not None:
            left_behind += [Path(path) for shared in SHARED_FOLDERS for path in owned_in(shared, (self.user,))]
        for path in left_behind:
            remove(path, SECONDS_TO_REMOVE)

    def _memory(self, pid: int) -> int:
        if self.user is None:
            return memory.group_bytes(pid)
        return memory.user_bytes(self.user, self.memory_bytes)


def is_available() -> bool:
    """Confinement needs Linux: the fork server, and what it calls in the kernel."""
    return sys.platform == "linux"


def is_root() -> bool:
    """Whether this process may give student processes a user of their own; never on Windows."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _unused_user() -> int:
    """A user id that no process here has. Drawn, not counted: graders side by side must not share one."""
    with contextlib.suppress(OSError, ValueError):
        mapped = sum(int(line.split()[2]) for line in Path("/proc/self/uid_map").read_text().splitlines())
        count = USERS if mapped > FIRST_USER + USERS else min(mapped - FIRST_USER, USERS_OF_A_SMALL_CONTAINER)
        while count > 0:
            user = FIRST_USER + secrets.randbelow(count)
            if not memory.processes_of(user):
                return user
    return FIRST_USER + secrets.randbelow(USERS_OF_A_SMALL_CONTAINER)


def _owned(folder: Path, user: int | None, shared: tuple[str, ...]) -> tuple[int, int]:
    """Files and bytes in a folder, and of a user in folders that everybody shares; stops counting at the limit."""
    waiting = [os.fspath(folder)]
    count = size = 0
    for place in shared:
        waiting += owned_in(place, (user,))
    while waiting and count <= MAX_FILES:
        path = waiting.pop()
        if len(path) > MAX_PATH_CHARACTERS:
            return MAX_FILES + 1, size  # folders nested deeper than the kernel lets us follow
        with contextlib.suppress(OSError):
            status = os.lstat(path)
            count += 1
            size += status.st_blocks * 512
            if stat.S_ISDIR(status.st_mode):
                waiting += [entry.path for entry in _entries(path)]
    return count, size


def remove(path: Path, timeout_seconds: float) -> None:
    """Remove a file or a folder with all in it; gives up after a while.

    A student may nest folders deeper than Python's own removal follows, and so deep that the kernel needs minutes.
    """
    try:
        command = ["rm", "-rf", "--", str(path)]
        subprocess.run(command, stderr=subprocess.DEVNULL, check=False, timeout=timeout_seconds)
    except subprocess.TimeoutExpired:
        pass
    except FileNotFoundError:  # Windows has no such program; there, one's own code alone is graded
        shutil.rmtree(path, ignore_errors=True)


def nameless_bytes(pids: Iterable[int]) -> int:
    """What these processes hold in open files that were removed (Linux); 0 where the system does not let us look."""
    sizes = {}
    for pid in pids:
        for entry in _entries(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                status = os.stat(entry.path)
                if stat.S_ISREG(status.st_mode) and status.st_nlink == 0:
                    sizes[status.st_dev, status.st_ino] = status.st_blocks * 512
    return sum(sizes.values())


def owned_in(folder: str, users: Container[int | None]) -> list[str]:
    """The paths in a folder that belong to one of these users; others add and remove files meanwhile.

    What lies in one of these paths is not listed. Folders of root's in which anybody may write are looked through.
    """
    found = []
    for entry in _entries(folder):
        status = _status(entry)
        if (status and status.st_uid) in users:
            found.append(entry.path)
        elif status and status.st_uid == 0 and stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_IWOTH:
            found += owned_in(entry.path, users)
    return found


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except OSError:
        return None
