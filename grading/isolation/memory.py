"""How much memory a process and what it has started hold, and how this process returns what it has freed."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

SECONDS_TO_MEASURE = 0.5
SECONDS_BETWEEN_MEASUREMENTS = 0.0 if sys.platform == "linux" else 1.0  # elsewhere a program runs for each
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # of mallopt(3)
MIN_BYTES_TO_RETURN = 6 * 2**20  # below, asking the system again and again takes a fifth of elective 4's processor time


def return_freed_arrays() -> None:
    """Have the C library return an array's memory to the system as soon as the array is freed (glibc).

    By itself, glibc does so only until the first large array is freed. From then on it keeps every array below that
    size, 32 MiB at most, in its heaps, and a thread's heap seldom shrinks.
    """
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError):  # another C library
            library = ctypes.CDLL(None)
            library.mallopt(MMAP_THRESHOLD, MIN_BYTES_TO_RETURN)
            library.mallopt(TRIM_THRESHOLD, MIN_BYTES_TO_RETURN)


def group_bytes(pid: int) -> int:
    """Resident bytes of a process and what it has started; 0 where the platform does not tell, or not in time.

    On Linux its descendants count, on macOS its process group, on Windows the process alone. Pages shared between the
    processes count once for each: the figure errs on the high side.
    """
    with contextlib.suppress(OSError, ValueError, subprocess.TimeoutExpired):
        if sys.platform == "linux":
            return _linux_group_bytes(pid)
        if sys.platform == "win32":
            return _windows_bytes(pid)
        listing = subprocess.run(["ps", "-axo", "pgid=,rss="], capture_output=True, text=True, check=False, timeout=5)
        rows = [line.split() for line in listing.stdout.splitlines()]
        return sum(int(kibibytes) * 1024 for group, kibibytes in rows if int(group) == pid)
    return 0


def processes_of(user: int) -> list[int]:
    """Process ids of a user's processes, the ended ones left out (Linux)."""
    found = []
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc"):
            if name.isdigit():
                with contextlib.suppress(OSError, ValueError, IndexError):
                    status = Path(f"/proc/{name}/status").read_text()
                    ended = status.split("State:", 1)[1].split(None, 1)[0] in "ZX"
                    if not ended and int(status.split("Uid:", 1)[1].split(None, 1)[0]) == user:
                        found.append(int(name))
    return found


def user_bytes(user: int, enough: int) -> int:
    """Memory of all processes of a user (Linux).

    Args:
        user: the user id.
        enough: below this the quick figure, which counts shared pages once for each process, will do. It is also the
            answer if the exact figure has not passed it in the time there is: processes that fork without end
            delay their measurement.

    The exact figure divides a shared page among all who share it, the fork server and other programs with torch
    included. Torch's libraries then count for less, never for more: a limit is not passed because of them.
    """
    resident: dict[int, int] = {}
    for pid in processes_of(user):
        with contextlib.suppress(OSError, ValueError, IndexError):
            resident[pid] = _linux_resident_bytes(pid, os.sysconf("SC_PAGE_SIZE"))
    if (total := sum(resident.values())) <= enough:
        return total
    shares, end = 0, time.monotonic() + SECONDS_TO_MEASURE
    for pid in sorted(resident, key=lambda pid: -resident[pid]):
        shares += pages_of(pid).get("Pss", 0)
        if time.monotonic() > end:
            return max(shares, enough)
    return shares or total  # some systems do not tell shares


def family_bytes(pid: int) -> int:
    """Memory of a process and all that it has started, each page counted once (Linux)."""
    return distinct_bytes(family(pid))


def distinct_bytes(pids: Iterable[int]) -> int:
    """Resident bytes of related processes, each page counted once (Linux). Other programs do not change the figure.

    Private pages of all processes count, and the shared pages of the process that has most of them: the others share
    theirs with this one, which has the same libraries or was there before a fork. A figure that divides each shared
    page among all who share it would fall with every other torch program on the machine.
    """
    private, shared = 0, 0
    for pid in pids:
        pages = pages_of(pid)
        private += pages.get("Private_Clean", 0) + pages.get("Private_Dirty", 0)
        shared = max(shared, pages.get("Shared_Clean", 0) + pages.get("Shared_Dirty", 0))
    return private + shared


def pages_of(pid: int) -> dict[str, int]:
    """Bytes of a process by kind, such as `Rss` and `Private_Dirty`; see proc_pid_smaps(5). Empty if it has ended."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        rows = (line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
        return {row[0].rstrip(":"): int(row[1]) * 1024 for row in rows}
    return {}


def family(pid: int) -> list[int]:
    """A process and its descendants (Linux)."""
    return [pid, *_linux_descendants(pid)]


def _linux_group_bytes(group: int) -> int:
    page_bytes = os.sysconf("SC_PAGE_SIZE")
    total = _linux_resident_bytes(group, page_bytes)
    for child in _linux_descendants(group):
        with contextlib.suppress(OSError, ValueError, IndexError):
            total += _linux_resident_bytes(child, page_bytes)
    return total


def _linux_resident_bytes(pid: int, page_bytes: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * page_bytes


def _linux_descendants(pid: int) -> list[int]:
    """Children, their children and so on, as the kernel lists them for each thread."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError):
                children = Path(f"/proc/{pid}/task/{task}/children").read_text().split()
                for child in map(int, children):
                    found += [child, *_linux_descendants(child)]
    return found


def _windows_bytes(pid: int) -> int:
    """The working set of one process, by `tasklist`."""
    listing = subprocess.run(
        ["tasklist", "/FI", f"PID eq {pid}", "/FO", "CSV", "/NH"],
        capture_output=True,
        text=True,
        check=False,
        timeout=5,
    )
    digits = "".join(character for character in listing.stdout.strip().rpartition('","')[2] if character.isdigit())
    return int(digits or 0) * 1024
