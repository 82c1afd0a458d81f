"""Runs attacks in the harness and looks whether anything gave way."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Container, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from grading.isolation.sandbox import SHARED_FOLDERS, owned_in
from staff.evidence.hostile.attack import BREACH, Attack
from staff.evidence.hostile.harness import Finished, Harness
from startup.project import PROJECT_DIRECTORY

MARGIN_SECONDS = 60.0  # as in settings.toml: what the grader ends before the harness
SECONDS_UNTIL_IT_HANGS = 300.0  # beyond what the harness allows
PATIENCE = 6  # times an attack's seconds, where they were too few
METADATA = {
    "previous_submissions": [
        {
            "submission_time": "2026-03-01T10:00:00-08:00",
            "score": 1.0,
            "autograder_error": False,
            "results": {"tests": [{"name": "hidden", "output": "secret", "visibility": "hidden"}]},
        }
    ]
}


@dataclass(frozen=True)
class Verdict:
    """What came of an attack.

    Attributes:
        scores: what each question was given.
        broken: what gave way, a phrase each; empty if the grader stood.
        late: what a busy machine explains, a phrase each.
        seconds: how long the run took.
    """

    attack: Attack
    scores: dict[str, float]
    broken: tuple[str, ...]
    late: tuple[str, ...]
    seconds: float

    @property
    def holds(self) -> bool:
        """The declared points, nothing broken, nothing late."""
        return self.scores == self.attack.points and not self.broken and not self.late

    @property
    def may_lack_time(self) -> bool:
        """Nothing gave way and nobody gained a point, and yet it does not hold."""
        gained = any(score > self.attack.points.get(name, 0) for name, score in self.scores.items())
        return not (self.holds or self.broken or gained)


def run(attack: Attack, harness: Harness) -> Verdict:
    """Hand an attack in, let the harness grade it, and look at what is left.

    On a busy machine an attack's seconds may be over before honest work is done. If time may be all that was missing,
    the attack is run once more with `PATIENCE` times as many seconds, and that is the verdict.
    """
    verdict = _run(attack, harness, attack.seconds)
    return _run(attack, harness, PATIENCE * attack.seconds) if verdict.may_lack_time else verdict


def _run(attack: Attack, harness: Harness, allowed_seconds: float) -> Verdict:
    harness.settings(questions=list(attack.questions))
    harness.hand_in(attack.files, METADATA)
    for name in attack.links:
        (harness.root / "submission" / name).symlink_to(harness.root / "source" / "hidden" / "digits.npz")
    before = _digests(harness.root)
    started = time.monotonic()
    with harness.followed() as users:
        finished = harness.run(allowed_seconds + MARGIN_SECONDS, allowed_seconds + SECONDS_UNTIL_IT_HANGS)
    seconds = time.monotonic() - started
    broken = _report_faults(finished, attack)
    if _digests(harness.root) != before:
        broken.append("a file of the harness was changed")
    broken += leftovers(harness, users)
    late = []
    if len(users) < len(attack.questions):
        late.append(f"only {len(users)} users were seen for {len(attack.questions)} questions")
    if seconds > allowed_seconds + MARGIN_SECONDS / 2:
        late.append(f"took {seconds:.0f} seconds")
    scores = {name: finished.points(name) for name in attack.questions} if finished.results else {}
    return Verdict(attack, scores, tuple(broken), tuple(late), seconds)


def run_side_by_side(attacks: Sequence[Attack], harnesses: Sequence[Harness]) -> Iterator[Verdict]:
    """Run attacks, as many at the same time as there are harnesses; gives the verdicts in the attacks' order."""
    free: SimpleQueue[Harness] = SimpleQueue()
    for harness in harnesses:
        free.put(harness)

    def run_in_a_free_one(attack: Attack) -> Verdict:
        harness = free.get()
        try:
            return run(attack, harness)
        finally:
            free.put(harness)

    with ThreadPoolExecutor(len(harnesses)) as pool:
        yield from pool.map(run_in_a_free_one, attacks)


def leftovers(harness: Harness, users: Container[int]) -> list[str]:
    """What a run has left behind, a phrase each.

    Args:
        harness: where it ran.
        users: those that its student processes had.
    """
    left = [str(path) for path in (harness.root / "tmp").iterdir()]
    for folder in filter(os.path.isdir, SHARED_FOLDERS):
        left += owned_in(folder, users)
    running = [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _belongs(pid, harness, users)]
    faults = [f"left on disk: {', '.join(sorted(left)[:3])}"] if left else []
    return faults + ([f"left running: {len(running)} processes"] if running else [])


def _report_faults(finished: Finished, attack: Attack) -> list[str]:
    faults = []
    for text in (finished.output, finished.text() if finished.results else ""):
        faults += [line.strip()[:100] for line in text.splitlines() if line.strip().startswith(BREACH)][:2]
    if finished.results is None:
        return [*faults, "results.json is missing or no JSON"]
    if "grader_failure" in finished.results.get("extra_data", {}):
        faults.append(f"the grader failed: {finished.results['extra_data']['grader_failure']}"[:200])
    try:
        import jsonschema

        jsonschema.validate(finished.results, _schema())
    except ImportError:
        pass
    except jsonschema.ValidationError as error:
        faults.append(f"results.json: {error.message[:100]}")
    total = sum(test["score"] for test in finished.results["tests"])
    if finished.results["score"] != total:
        faults.append("the score is not the sum of the tests")
    graded = {test["extra_data"]["question"] for test in finished.results["tests"]}
    if graded != set(attack.questions):
        faults.append(f"only {', '.join(sorted(graded))} are reported")
    return faults


def _schema() -> object:
    import json

    path = PROJECT_DIRECTORY / "tests" / "results_schema.json"
    return json.loads(path.read_text(encoding="utf-8"))


def _digests(root: Path) -> dict[str, str]:
    """Contents of everything in the harness that a run should leave as it is; Python's own caches apart."""
    found = {}
    for top in ("source", "submission"):
        for path in sorted((root / top).rglob("*")):
            if path.is_file() and not path.is_symlink() and "__pycache__" not in path.parts:
                found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
            elif path.is_symlink():
                found[str(path)] = os.readlink(path)
    found["metadata"] = (root / "submission_metadata.json").read_text(encoding="utf-8")
    return found


def _belongs(pid: int, harness: Harness, users: Container[int]) -> bool:
    """Whether a process is one of these users', or the harness's own: by its command line, or where it runs."""
    try:
        user = int(Path(f"/proc/{pid}/status").read_text().split("Uid:")[1].split()[0])
        if user in users or os.fsencode(harness.root) in Path(f"/proc/{pid}/cmdline").read_bytes():
            return True
        return Path(os.readlink(f"/proc/{pid}/cwd")).is_relative_to(harness.root)
    except (OSError, IndexError):
        return False  # it has just ended
