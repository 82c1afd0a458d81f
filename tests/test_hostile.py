"""Attacks on the grader under its harness: one or more for each kind here, all of them by `make hostile`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from grading.isolation.sandbox import is_root, owned_in
from staff.evidence.hostile import crowd
from staff.evidence.hostile.__main__ import hidden_files
from staff.evidence.hostile.attack import BREACH, HANDED_IN, Attack, load_all
from staff.evidence.hostile.harness import NoHarness, autograder_archive
from staff.evidence.hostile.verdict import leftovers, run_side_by_side
from tests.support import PROJECT
from tests.warm.harness import WarmHarness

ATTACKS = {attack.name: attack for attack in load_all()}
# What has been seen in the wild or is known from other graders, and who tries it here. Those of a row run at the same
# time; the rows together take what half the minutes of `make hostile` would.
CHOSEN = {
    "rewriting the results or the run script": ("write_results", "write_harness"),
    "reading test data or checks from disk": ("read_hidden_data", "read_checks"),
    "reading earlier hidden results; links in place of files": ("read_metadata", "link_to_hidden_data"),
    "ending the process in the middle": ("exit_process", "exit_system"),
    "replacing library functions and methods of datasets": ("replace_comparisons", "replace_dataset_methods"),
    "objects that lie about equality and shape": ("lying_equality", "lying_shape"),
    "tensor subclasses; pickles that execute": ("lying_tensor", "pickle"),
    "walking frames and objects": ("walk_frames", "search_objects"),
    "endless loops and output floods": ("endless_loop", "output_flood"),
    "memory and disk floods": ("memory_flood", "disk_flood"),
    "fork bombs; processes that outlive the call": ("fork_bomb", "lasting_processes"),
    "killing the parent; asking for root": ("kill_everything", "become_root"),
    "shadowing modules: the grader's, and files of the package": ("shadow_grading", "shadow_from_the_package"),
    "training on the test set; wrong predictions": ("train_on_the_test_set", "wrong_length"),
    "forging what the channel carries": ("forged_answers", "boundless_message"),
    "threads that outlive the call; NaN": ("lasting_threads", "nan_predictions"),
    "probes that make answers up; a path that no recipe gives": ("forged_probes", "forged_path"),
    "answers of probes in shapes that no check expects": ("malformed_probes", "lying_updates"),
    "opening the network; state kept between requests": ("network", "state_between_requests"),
    "learning from test inputs; networks made up": ("learn_from_test_inputs", "forged_networks"),
    "models that share weights; answers from memory": ("shared_encoder", "remembers_the_split"),
    "stored images and known lines in place of a trained model": ("stored_images", "known_lines"),
    "notes in the kernel; a file in an encoding that is none of texts": ("notes_without_files", "encoding_no_text"),
    "root of a namespace of its own; a crash told at length": ("namespace_of_its_own", "tracebacks_without_end"),
    "generators that show stored digits, or known sentences": ("moved_digits", "known_translations"),
}
# Their rows take more than ten seconds: most of them train, and the bomb takes the processor until it is stopped.
SLOW = {"fork_bomb", "learn_from_test_inputs", "shared_encoder", "stored_images", "moved_digits"}
# They look for what the start of a process leaves behind: theirs start as the release's do. So do those of the crowd.
STARTED_ANEW = {"walk_frames", "search_objects", "shadow_grading", "shadow_from_the_package"}
# They compute until their time is up. Their seconds allow for the import of torch, half of them for what is warm.
WITHOUT_END = {"endless_loop", "output_flood", "fork_bomb"}


@pytest.fixture(scope="module")
def harnesses():
    if not is_root():
        pytest.skip("attacks need root: the grader drops it for each, else they would attack the user of the tests")
    try:
        archive = autograder_archive(hidden_files())
        with WarmHarness(archive=archive) as one, WarmHarness(source=one.root / "source") as other:
            yield one, other
    except NoHarness as reason:
        pytest.skip(str(reason))


def attack_named(name: str) -> Attack:
    attack = ATTACKS[name]
    return replace(attack, seconds=attack.seconds / 2) if name in WITHOUT_END else attack


@pytest.mark.parametrize(
    "names",
    [pytest.param(row, marks=pytest.mark.slow if SLOW & set(row) else ()) for row in CHOSEN.values()],
    ids=" and ".join,
)
def test_attacks_gain_nothing_and_leave_the_grader_whole(harnesses, names):
    """Slow in rows with an attack of `SLOW`: see there. The other rows take two runs of the harness."""
    for harness in harnesses:
        harness.is_warm = not STARTED_ANEW & set(names)
    for verdict in run_side_by_side([attack_named(name) for name in names], harnesses):
        assert verdict.broken + verdict.late == (), verdict.attack.name
        assert verdict.scores == verdict.attack.points, verdict.attack.name


def test_there_are_at_least_forty_attacks_and_each_declares_what_it_must_score():
    assert len(ATTACKS) >= 40
    why, staff = (" ".join((PROJECT / "docs" / name).read_text("utf-8").split()) for name in ("why.md", "staff.md"))
    assert f"{len(ATTACKS)} attacks are tried" in why
    assert f"therefore CI, run {sum(map(len, CHOSEN.values()))} attacks" in staff
    for attack in ATTACKS.values():
        assert set(attack.points) == set(attack.questions), attack.name
        assert attack.what


def test_every_attack_that_reaches_for_something_would_say_that_it_got_there():
    for name in (name for name in ATTACKS if re.match("read_|write_|become_|network|trace_parent|kill_", name)):
        assert any(BREACH.encode() in ATTACKS[name].files.get(file, b"") for file in HANDED_IN), name


def test_a_file_that_another_program_removes_meanwhile_hides_no_leftover_behind_it(tmp_path):
    for number in range(5):
        (tmp_path / f"file {number}").touch()
    looked_at = []

    class Everyone:
        def __contains__(self, user: object) -> bool:
            looked_at.append(user)
            if len(looked_at) == 1:
                removed.unlink()
            return user is not None

    with os.scandir(tmp_path) as entries:
        removed = Path([entry.path for entry in entries][2])  # neither the first nor the last that is looked at
    assert len(owned_in(str(tmp_path), Everyone())) == 4


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_a_process_that_runs_in_the_harness_is_seen_whatever_it_is_called(tmp_path):
    (tmp_path / "tmp").mkdir()
    harness = SimpleNamespace(root=tmp_path)
    assert leftovers(harness, ()) == []
    with subprocess.Popen([sys.executable, "-c", "input()"], cwd=tmp_path, stdin=subprocess.PIPE) as process:
        assert leftovers(harness, ()) == ["left running: 1 processes"]
        process.communicate(b"\n")


@pytest.mark.slow
def test_submissions_graded_at_the_same_time_get_what_they_get_alone():
    """Slow: seven runs of the harness. Five submissions here, one of them an attack on the others; thirty by `python -m staff.evidence.hostile.crowd`."""
    try:
        assert crowd.run(["q6"], 5).faults == ()
    except NoHarness as reason:
        pytest.skip(str(reason))
