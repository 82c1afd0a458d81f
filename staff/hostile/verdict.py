"""Runs attacks in the harness and looks whether anything gave way."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from grading.sandbox import FIRST_USER, SHARED_FOLDERS
from staff.hostile.attack import BREACH, Attack
from staff.hostile.harness import Finished, Harness

MARGIN_SECONDS = 60.0  # as in settings.toml: what the grader ends before the harness
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
        seconds: how long the run took.
    """

    attack: Attack
    scores: dict[str, float]
    broken: tuple[str, ...]
    seconds: float

    @property
    def holds(self) -> bool:
        """The declared points and nothing broken."""
        return self.scores == self.attack.points and not self.broken


def run_together(attacks: Sequence[Attack], harnesses: Sequence[Harness]) -> list[Verdict]:
    """Run attacks at the same time, each in its own harness, and look at what they leave when all have ended."""
    littered, processes = litter(), strangers()
    with ThreadPoolExecutor(len(attacks)) as pool:
        verdicts = list(pool.map(_run, attacks, harnesses))
    broken = []
    if left := sorted(litter() - littered):
        broken.append(f"left on disk: {', '.join(left[:3])}")
    if running := strangers() - processes:
        broken.append(f"left running: {len(running)} processes")
    if broken and len(attacks) > 1:
        broken.append(f"(by one of {', '.join(attack.name for attack in attacks)})")
    return [replace(verdict, broken=(*verdict.broken, *broken)) for verdict in verdicts]


def _run(attack: Attack, harness: Harness) -> Verdict:
    """Hand an attack in, let the harness grade it, and look at what has become of the harness."""
    harness.settings(questions=list(attack.questions))
    harness.hand_in(attack.files, METADATA)
    for name in attack.links:
        (harness.root / "submission" / name).symlink_to(harness.root / "source" / "hidden" / "digits.npz")
    before = _digests(harness.root)
    started = time.monotonic()
    finished = harness.run(seconds=attack.seconds + MARGIN_SECONDS, timeout=attack.seconds + 2 * MARGIN_SECONDS)
    seconds = time.monotonic() - started
    broken = _report_faults(finished, attack)
    if _digests(harness.root) != before:
        broken.append("a file of the harness was changed")
    if seconds > attack.seconds + MARGIN_SECONDS / 2:
        broken.append(f"took {seconds:.0f} seconds")
    scores = {name: finished.points(name) for name in attack.questions} if finished.results else {}
    return Verdict(attack, scores, tuple(broken), seconds)


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

    path = Path(__file__).resolve().parents[2] / "tests" / "results_schema.json"
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


def litter() -> set[str]:
    """What users made for student processes own where everybody may write, and workplaces of graders."""
    found = set()
    for folder in SHARED_FOLDERS:
        for path in Path(folder).iterdir() if Path(folder).is_dir() else ():
            try:
                if path.lstat().st_uid >= FIRST_USER or path.name.startswith("nn-grading-"):
                    found.add(str(path))
            except OSError:
                pass
    return found


def strangers() -> set[int]:
    """Processes of users made for student processes, and fork servers."""
    found = set()
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            user = int(Path(f"/proc/{name}/status").read_text().split("Uid:")[1].split()[0])
            is_server = b"grading.child" in Path(f"/proc/{name}/cmdline").read_bytes()
        except (OSError, IndexError):
            continue
        if (user >= FIRST_USER and user != 65534) or (is_server and b"nn-harness-" in _command(name)):
            found.add(int(name))
    return found


def _command(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
