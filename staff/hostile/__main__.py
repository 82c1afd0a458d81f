"""`make hostile`: runs every attack as the grader would run there, and prints what came of each."""

from __future__ import annotations

import argparse
import sys
import time

from staff.hostile.attack import Attack, load_all
from staff.hostile.harness import Harness, NoHarness, is_root
from staff.hostile.verdict import Verdict, run
from staff.release import hidden

SECRET = "hidden digits of the hostile runs"


def main(argv: list[str] | None = None) -> int:
    """Print the table; returns 1 if any attack got anywhere, 2 if this machine cannot run them."""
    parser = argparse.ArgumentParser(prog="python -m staff.hostile", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="run these attacks only")
    arguments = parser.parse_args(argv)
    attacks = [attack for attack in load_all() if not arguments.names or attack.name in arguments.names]
    started = time.monotonic()
    try:
        verdicts = run_all(attacks)
    except NoHarness as reason:
        print(f"staff.hostile: {reason}", file=sys.stderr)
        return 2
    held = sum(verdict.holds for verdict in verdicts)
    print(f"{held} of {len(attacks)} as declared, in {time.monotonic() - started:.0f} seconds")
    return 0 if held == len(attacks) else 1


def run_all(attacks: list[Attack]) -> list[Verdict]:
    """Run attacks one after another in one harness, printing a line for each.

    Raises:
        NoHarness: without root the attacks would run as whoever runs this, and fall on their own processes and files.
    """
    if not is_root():
        raise NoHarness("needs root, in a container or a machine of its own: the grader then drops it for every attack")
    verdicts = []
    files = {"hidden/digits.npz": hidden.digits_file(SECRET), "hidden/words.npz": b"not read by these questions"}
    with Harness(files) as harness:
        print(f"{'attack':<27}{'must score':<13}{'scored':<13}{'grader':<9}{'time':>6}")
        for attack in attacks:
            verdict = run(attack, harness)
            verdicts.append(verdict)
            intact = "intact" if not verdict.broken else "BROKEN"
            expected, scored = (_points(points) for points in (attack.points, verdict.scores))
            print(f"{attack.name:<27}{expected:<13}{scored:<13}{intact:<9}{verdict.seconds:5.1f}s", flush=True)
            for phrase in verdict.broken:
                print(f"    {phrase}")
    return verdicts


def _points(points: dict[str, float]) -> str:
    return " ".join(f"{name}={value:g}" for name, value in points.items())


if __name__ == "__main__":
    sys.exit(main())
