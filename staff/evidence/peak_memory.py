"""The most memory a command and all it starts hold at once: `python -m staff.evidence.peak_memory COMMAND ...` (Linux).

Two sums over the processes, sampled many times a second: resident pages, which counts a shared page once for each
process, and proportional ones, which counts it once in all.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from startup import ending

SECONDS_BETWEEN_SAMPLES = 0.02


def main(argv: list[str] | None = None) -> int:
    """Run a command and print its peaks; returns the command's exit status, or 2 without a command."""
    command = sys.argv[1:] if argv is None else argv
    if not command:
        print("usage: python -m staff.evidence.peak_memory COMMAND ...", file=sys.stderr)
        return 2
    if sys.platform != "linux":
        print("peak_memory reads /proc, which only Linux has", file=sys.stderr)
        return 2
    process = subprocess.Popen(command)
    resident_peak, proportional_peak = peak_kibibytes(process.pid, _until_the_end_of(process))
    print(
        f"peak memory of all processes together: {resident_peak / 1024:.0f} MiB resident "
        f"({proportional_peak / 1024:.0f} MiB with shared pages counted once)"
    )
    return process.returncode


def peak_kibibytes(pid: int, moments: Iterable[object]) -> tuple[int, int]:
    """The largest sums over a process and its descendants, resident and proportional, seen at any of the moments."""
    resident_peak = proportional_peak = 0
    for _ in moments:
        samples = [_kibibytes(member) for member in _family(pid)]
        resident_peak = max(resident_peak, sum(resident for resident, _ in samples))
        proportional_peak = max(proportional_peak, sum(proportional for _, proportional in samples))
    return resident_peak, proportional_peak


def _until_the_end_of(process: subprocess.Popen[bytes]) -> Iterator[None]:
    while process.poll() is None:
        yield
        time.sleep(SECONDS_BETWEEN_SAMPLES)


def _family(pid: int) -> list[int]:
    """A process and its descendants."""
    found = [pid]
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += _family(int(child))
    return found


def _kibibytes(pid: int) -> tuple[int, int]:
    """Resident and proportional memory of one process; zeros if it has just ended."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        rows = (line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
        sizes = {row[0]: int(row[1]) for row in rows}
        return sizes["Rss:"], sizes["Pss:"]
    return 0, 0


if __name__ == "__main__":
    ending.run(main)
