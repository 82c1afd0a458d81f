"""Attacks on the grader under its harness: a few of each kind here, all of them by `make hostile`."""

from __future__ import annotations

import re

import pytest

from staff.hostile.__main__ import SECRET
from staff.hostile.attack import BREACH, HANDED_IN, load_all
from staff.hostile.harness import Harness, NoHarness, is_root
from staff.hostile.verdict import run
from staff.release import hidden

ATTACKS = {attack.name: attack for attack in load_all()}
CHOSEN = (
    "write_results",
    "write_harness",
    "read_hidden_data",
    "read_metadata",
    "read_other_processes",
    "read_environment",
    "kill_everything",
    "become_root",
    "network",
    "forged_answers",
    "boundless_message",
    "memory_flood",
    "disk_flood",
    "lasting_processes",
    "lying_tensor",
    "train_on_the_test_set",
    "shadow_grading",
    "markup_in_messages",
    "link_to_hidden_data",
)


@pytest.fixture(scope="module")
def harness():
    if not is_root():
        pytest.skip("attacks need root: the grader drops it for each, else they would fall on whoever runs the tests")
    try:
        files = {"hidden/digits.npz": hidden.digits_file(SECRET), "hidden/words.npz": b"not read"}
        with Harness(files) as made:
            yield made
    except NoHarness as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize("name", CHOSEN)
def test_an_attack_gains_nothing_and_leaves_the_grader_whole(harness, name):
    verdict = run(ATTACKS[name], harness)
    assert verdict.broken == ()
    assert verdict.scores == ATTACKS[name].points


def test_there_are_at_least_forty_attacks_and_each_declares_what_it_must_score():
    assert len(ATTACKS) >= 40
    for attack in ATTACKS.values():
        assert set(attack.points) == set(attack.questions), attack.name
        assert attack.what


def test_every_attack_that_reaches_for_something_would_say_that_it_got_there():
    for name in (name for name in ATTACKS if re.match("read_|write_|become_|network|trace_parent|kill_", name)):
        assert any(BREACH.encode() in ATTACKS[name].files.get(file, b"") for file in HANDED_IN), name
