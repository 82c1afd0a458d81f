"""`make hostile`: runs every attack as the grader would run there, and prints what came of each."""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import ExitStack
from dataclasses import replace

from grading.arguments import count_from
from grading.isolation.sandbox import is_root
from staff.evidence.hostile.attack import Attack, load_all
from staff.evidence.hostile.harness import Harness, NoHarness, autograder_archive
from staff.evidence.hostile.verdict import Verdict, run_side_by_side
from staff.release import hidden
from startup import ending

SECRET = "hidden digits of the hostile runs"


def main(argv: list[str] | None = None) -> int:
    """Print the table; returns 1 if any attack got anywhere, 2 if this machine cannot run them."""
    parser = argparse.ArgumentParser(prog="python -m staff.evidence.hostile", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="run these attacks only")
    parser.add_argument("--jobs", type=count_from(1), default=2, metavar="N", help="attacks side by side (default 2)")
    parser.add_argument(
        "--patience", type=float, default=1.0, metavar="F", help="times the seconds of each attack, on a busy machine"
    )
    arguments = parser.parse_args(argv)
    attacks = [attack for attack in load_all() if not arguments.names or attack.name in arguments.names]
    if unknown := set(arguments.names) - {attack.name for attack in attacks}:
        parser.error(f"there is no attack {', '.join(sorted(unknown))}; they lie in staff/evidence/hostile/attacks/")
    if not arguments.patience >= 1:
        parser.error(f"--patience {arguments.patience:g}: less than the seconds of each attack; give 1 or more")
    attacks = [replace(attack, seconds=attack.seconds * arguments.patience) for attack in attacks]
    started = time.monotonic()
    try:
        verdicts = run_all(attacks, arguments.jobs)
    except NoHarness as reason:
        print(f"staff.evidence.hostile: {reason}", file=sys.stderr)
        return 2
    held = sum(verdict.holds for verdict in verdicts)
    print(
        f"{held} of {len(attacks)} as declared, in {time.monotonic() - started:.0f} seconds "
        f"({_processor_seconds():.0f} of processor time), {arguments.jobs} at a time"
    )
    return 0 if held == len(attacks) else 1


def run_all(attacks: list[Attack], jobs: int = 2) -> list[Verdict]:
    """Run attacks, some at the same time, each in a harness of its own, printing a line for each.

    Raises:
        NoHarness: without root the attacks would run as, and against, the user of this command.
    """
    if not is_root():
        raise NoHarness("needs root, in a container or a machine of its own: the grader then drops it for every attack")
    verdicts = []
    archive = autograder_archive(hidden_files())
    with ExitStack() as stack:
        harnesses = [stack.enter_context(Harness(archive=archive))]
        others = range(1, min(jobs, len(attacks)))
        harnesses += [stack.enter_context(Harness(source=harnesses[0].root / "source")) for _ in others]
        print(f"{'attack':<27}{'must score':<13}{'scored':<13}{'grader':<9}{'time':>6}")
        for verdict in run_side_by_side(attacks, harnesses):
            verdicts.append(verdict)
            _print(verdict)
    return verdicts


def hidden_files() -> dict[str, bytes]:
    """What the attacks are after: hidden digits, those of electives, and words that no attack's question reads."""
    drawn = {"hidden/digits.npz": hidden.digits_file(SECRET), "hidden/words.npz": b"not read by these questions"}
    return drawn | hidden.own_files(SECRET)


def _print(verdict: Verdict) -> None:
    intact = "intact" if not verdict.broken else "BROKEN"
    expected, scored = (_points(points) for points in (verdict.attack.points, verdict.scores))
    print(f"{verdict.attack.name:<27}{expected:<13}{scored:<13}{intact:<9}{verdict.seconds:5.1f}s", flush=True)
    for phrase in verdict.broken + verdict.late:
        print(f"    {phrase}")


def _processor_seconds() -> float:
    """Of this process and all that it has started and seen end."""
    import resource

    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _points(points: dict[str, float]) -> str:
    return " ".join(f"{name}={value:g}" for name, value in points.items())


if __name__ == "__main__":
    ending.run(main)
