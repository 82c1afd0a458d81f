"""A container's limits without the container: a control group with a bound on memory and a share of a processor.

Both kinds of control groups that Linux has are tried, version 2 and version 1; either needs root. The kernel enforces
the limits as it does for a container: who passes the memory is killed, who has used up the share waits.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from types import TracebackType

ROOT = Path("/sys/fs/cgroup")
PERIOD_MICROSECONDS = 100_000  # the kernel's default, and that of the usual container tools
VERSION_2 = "cgroup v2: memory.max, memory.swap.max, cpu.max"
VERSION_1 = "cgroup v1: memory.limit_in_bytes, cpu.cfs_quota_us"


class NoControlGroup(Exception):
    """No control group with these limits can be made here; the text says why."""


class ControlGroup:
    """A group with limits. Use as a context manager; leaving it kills what is in the group and removes it.

    Args:
        memory_bytes: of all its processes together, file cache included.
        processors: its share, such as 0.5.
    Raises:
        NoControlGroup: not here.
    """

    def __init__(self, memory_bytes: int, processors: float) -> None:
        quota = int(processors * PERIOD_MICROSECONDS)
        name = f"nn-limits-{os.getpid()}"
        self.is_version_2 = (ROOT / "cgroup.controllers").is_file()
        try:
            if self.is_version_2:
                self._folders = {"memory": ROOT / name}
                (ROOT / "cgroup.subtree_control").write_text("+memory +cpu")
                (ROOT / name).mkdir()
                self._write("memory", "memory.max", memory_bytes)
                with contextlib.suppress(FileNotFoundError):  # kernels without swap
                    self._write("memory", "memory.swap.max", 0)
                self._write("memory", "cpu.max", f"{quota} {PERIOD_MICROSECONDS}")
            else:
                self._folders = {kind: ROOT / kind / name for kind in ("memory", "cpu", "cpuacct")}
                for folder in self._folders.values():
                    folder.mkdir(exist_ok=True)  # cpu and cpuacct can be one hierarchy
                self._write("memory", "memory.limit_in_bytes", memory_bytes)
                self._write("cpu", "cpu.cfs_period_us", PERIOD_MICROSECONDS)
                self._write("cpu", "cpu.cfs_quota_us", quota)
        except OSError as error:
            self._remove()
            raise NoControlGroup(f"{error.filename}: {error.strerror}; this needs Linux and root") from error
        self.kind = VERSION_2 if self.is_version_2 else VERSION_1

    def __enter__(self) -> ControlGroup:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for pid in self.processes():
            with contextlib.suppress(OSError):
                os.kill(pid, 9)
        self._remove()

    def enter(self) -> None:
        """Move the calling process into the group; what it starts from then on is in it too."""
        for kind in self._folders:
            self._write(kind, "cgroup.procs", os.getpid())

    def processes(self) -> list[int]:
        """Who is in it."""
        return [int(line) for line in self._read("memory", "cgroup.procs").split()]

    def held_bytes(self) -> int:
        """What its processes hold now that the kernel could not take back: all but the cache of files."""
        table = _table(self._read("memory", "memory.stat"))
        if self.is_version_2:
            total, names = int(self._read("memory", "memory.current")), ("inactive_file", "active_file")
        else:
            total = int(self._read("memory", "memory.usage_in_bytes"))
            names = ("total_inactive_file", "total_active_file")
        return max(0, total - sum(table.get(name, 0) for name in names))

    def kills(self) -> int:
        """How often the kernel has killed somebody for memory."""
        name = "memory.events" if self.is_version_2 else "memory.oom_control"
        return _table(self._read("memory", name)).get("oom_kill", 0)

    def processor_seconds(self) -> float:
        """What all its processes have computed."""
        if self.is_version_2:
            return _table(self._read("memory", "cpu.stat"))["usage_usec"] / 1e6
        return int(self._read("cpuacct", "cpuacct.usage")) / 1e9

    def _write(self, kind: str, name: str, value: object) -> None:
        (self._folders[kind] / name).write_text(str(value))

    def _read(self, kind: str, name: str) -> str:
        return (self._folders[kind] / name).read_text()

    def _remove(self) -> None:
        for folder in self._folders.values():
            for _ in range(50):  # a killed process leaves its group when it has been waited for
                with contextlib.suppress(FileNotFoundError):
                    try:
                        folder.rmdir()
                    except OSError:
                        time.sleep(0.1)
                        continue
                break


def _table(text: str) -> dict[str, int]:
    """`name value` lines."""
    rows = (line.split() for line in text.splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}
