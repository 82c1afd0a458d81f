"""Do submissions that are graded together disturb one another? `python -m staff.evidence.hostile.crowd` (root).

Each has a harness of its own, as on a machine that grades a whole class at once, and every fifth attacks whatever it
can reach. First each kind is graded alone; then all together. Every check must come out as it did alone and every
number that was measured must be the same, nobody may be charged for the crowd, and nothing may be left behind.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from grading.arguments import count_from
from grading.isolation.sandbox import is_root
from grading.questions import discover
from staff.evidence.hostile.attack import HANDED_IN, load_all
from staff.evidence.hostile.harness import Finished, Harness, NoHarness, autograder_archive
from staff.evidence.hostile.verdict import MARGIN_SECONDS, leftovers
from staff.places import SOLUTIONS_DIRECTORY
from startup import cores, ending

ATTACKS = ("kill_everything", "disk_flood_everywhere", "lasting_processes", "message_for_later", "read_other_processes")
ATTACKERS_EVERY = 5
REFERENCE = "reference"
PATIENCE = 6.0  # times the seconds that a crowd should need; a question gets half of what is left at most


@dataclass(frozen=True)
class Crowd:
    """What came of it.

    Attributes:
        count: submissions.
        alone_seconds: that the reference took by itself.
        slowest_seconds: that the slowest took in the crowd.
        faults: a phrase for each thing that was not as it should be.
    """

    count: int
    alone_seconds: float
    slowest_seconds: float
    faults: tuple[str, ...]


def main(argv: list[str] | None = None) -> int:
    """Print what came of it; returns 1 if anybody was disturbed, 2 if this machine cannot tell."""
    parser = argparse.ArgumentParser(prog="python -m staff.evidence.hostile.crowd", description=__doc__.splitlines()[0])
    known = [question.id for question in discover()]
    parser.add_argument("-q", "--question", action="append", choices=known, metavar="qN", help="default q1 and q6")
    parser.add_argument("--submissions", type=count_from(1), default=30, metavar="N", help="how many (default 30)")
    arguments = parser.parse_args(argv)
    questions = [name for name in known if name in (arguments.question or ("q1", "q6"))]
    try:
        crowd = run(questions, arguments.submissions)
    except NoHarness as reason:
        print(f"staff.evidence.hostile.crowd: {reason}", file=sys.stderr)
        return 2
    for fault in crowd.faults:
        print(fault)
    print(
        f"{crowd.count} submissions at once, {crowd.count // ATTACKERS_EVERY} of them attacks, {', '.join(questions)}: "
        f"{crowd.alone_seconds:.1f} s alone, at most {crowd.slowest_seconds:.1f} s in the crowd, "
        f"{len(crowd.faults)} disturbed"
    )
    return 1 if crowd.faults else 0


def run(questions: Sequence[str], count: int) -> Crowd:
    """Grade a crowd of submissions and compare each with what it gets alone.

    Raises:
        NoHarness: this is not root, or Python lies where others cannot read it.
    """
    if not is_root():
        raise NoHarness("needs root, in a container or a machine of its own: a fifth of the crowd attacks")
    attacks = {attack.name: attack for attack in load_all() if attack.name in ATTACKS}
    files = {name: attack.files for name, attack in attacks.items()}
    files[REFERENCE] = {name: (SOLUTIONS_DIRECTORY / name).read_bytes() for name in HANDED_IN}
    names = [_kind(place) for place in range(count)]
    archive = autograder_archive({})
    with ExitStack() as stack:
        harnesses = [stack.enter_context(Harness(archive=archive))]
        harnesses += [stack.enter_context(Harness(source=harnesses[0].root / "source")) for _ in names[1:]]
        for harness in harnesses:
            harness.settings(questions=list(questions))
        alone, alone_seconds = {}, {}
        for name in sorted(set(names), key=names.index):
            alone[name], _, alone_seconds[name] = _graded(harnesses[names.index(name)], files[name], 600.0)
        computing = max(alone_seconds.values()) * count / cores()
        allowed = max(600.0, PATIENCE * computing + MARGIN_SECONDS)
        with ThreadPoolExecutor(count) as pool:
            finished = list(
                pool.map(lambda place: _graded(harnesses[place], files[names[place]], allowed), range(count))
            )
        faults = []
        for place, (name, (result, users, _)) in enumerate(zip(names, finished, strict=True)):
            wrong = [*filter(None, [_difference(alone[name], result)]), *leftovers(harnesses[place], users)]
            shared = [other for other in range(place) if users & finished[other][1]]
            wrong += [f"shares a user with submission {other}" for other in shared]
            faults += [f"submission {place}, {name}: {phrase}" for phrase in wrong]
    return Crowd(count, alone_seconds[REFERENCE], max(seconds for *_, seconds in finished), tuple(faults))


def _kind(place: int) -> str:
    """What a submission of the crowd is, by its place."""
    attacker, is_other = divmod(place + 1, ATTACKERS_EVERY)
    return REFERENCE if is_other else ATTACKS[(attacker - 1) % len(ATTACKS)]


def _graded(harness: Harness, files: dict[str, bytes], seconds: float) -> tuple[Finished, set[int], float]:
    """The run, the users that its student processes had, and how long it took."""
    started = time.monotonic()
    harness.hand_in(files)
    with harness.followed() as users:
        finished = harness.run(seconds, seconds + MARGIN_SECONDS)
    return finished, users, time.monotonic() - started


def _difference(alone: Finished, together: Finished) -> str:
    """What differs between two runs of the same submission, in words; empty if nothing does."""
    if alone.results is None or together.results is None:
        return "no results.json"
    for one, other in zip(_told(alone.results), _told(together.results), strict=True):
        if one != other:
            return "; ".join([f"alone {one}, in the crowd {other}", *_lost(alone.results, together.results)])
    return ""


def _lost(alone: dict[str, Any], together: dict[str, Any]) -> list[str]:
    """The checks that came out otherwise in the crowd, each with what it says there."""
    return [
        f"{other['number']} {other['extra_data']['outcome']}: {other.get('output', '')[:300]!r}"
        for one, other in zip(alone["tests"], together["tests"], strict=True)
        if one["extra_data"]["outcome"] != other["extra_data"]["outcome"]
    ]


def _told(results: dict[str, Any]) -> list[object]:
    """Everything that may not depend on who else is graded: each check's outcome and points, each measured number."""
    told: list[object] = [results["score"], results["extra_data"].get("grader_failure", "")]
    told += [(test["number"], test["extra_data"]["outcome"], test["score"]) for test in results["tests"]]
    graded = results["extra_data"].get("questions", {})
    return [*told, {name: row["metrics"] for name, row in graded.items()}]


if __name__ == "__main__":
    ending.run(main)
