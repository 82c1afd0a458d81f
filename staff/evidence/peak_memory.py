"""The most memory a command and all it starts hold at once: `python -m staff.evidence.peak_memory COMMAND ...` (Linux).

Two sums over the processes, sampled many times a second: resident pages, which counts a shared page once for each
process, and distinct ones, which counts a shared page once. Other programs change neither. How many processes run at
the same time changes the first: `autograder.py` grades one question a core unless `--jobs` says otherwise.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterable, Iterator

from grading.isolation import memory
from startup import ending

SECONDS_BETWEEN_SAMPLES = 0.02


def main(argv: list[str] | None = None) -> int:
    """Run a command and print its peaks; returns the command's exit status, or 2 if there is none that can be run."""
    command = sys.argv[1:] if argv is None else argv
    if not command or command[0] in ("-h", "--help"):
        print("usage: python -m staff.evidence.peak_memory COMMAND ...", file=sys.stdout if command else sys.stderr)
        return 0 if command else 2
    if sys.platform != "linux":
        print("peak_memory reads /proc, which only Linux has", file=sys.stderr)
        return 2
    try:
        process = subprocess.Popen(command)
    except OSError as error:
        print(f"peak_memory: {command[0]} cannot be run ({error.strerror})", file=sys.stderr)
        return 2
    resident_peak, distinct_peak = peak_bytes(process.pid, _until_the_end_of(process))
    print(
        f"peak memory of all processes together: {resident_peak / 2**20:.0f} MiB resident "
        f"({distinct_peak / 2**20:.0f} MiB with shared pages counted once)"
    )
    return process.returncode


def peak_bytes(pid: int, moments: Iterable[object]) -> tuple[int, int]:
    """The largest sums over a process and its descendants, resident and distinct, seen at any of the moments."""
    resident_peak = distinct_peak = 0
    for _ in moments:
        members = memory.family(pid)
        resident_peak = max(resident_peak, sum(memory.pages_of(member).get("Rss", 0) for member in members))
        distinct_peak = max(distinct_peak, memory.distinct_bytes(members))
    return resident_peak, distinct_peak


def _until_the_end_of(process: subprocess.Popen[bytes]) -> Iterator[None]:
    while process.poll() is None:
        yield
        time.sleep(SECONDS_BETWEEN_SAMPLES)


if __name__ == "__main__":
    ending.run(main)
