"""The container's limits, made by the kernel: what passes the memory is killed, what computes waits for its share."""

from __future__ import annotations

import subprocess
import sys

import pytest

from staff.evidence import harness_limits
from staff.evidence.cgroup import ControlGroup, NoControlGroup

SHARE = 0.5  # of a processor
COMPUTE = """
import time
started, before = time.monotonic(), time.process_time()
while time.process_time() < before + 0.6: pass
print(time.process_time() - before, time.monotonic() - started)
"""


@pytest.fixture
def group():
    try:
        with ControlGroup(100 * 2**20, SHARE) as made:
            yield made
    except NoControlGroup as reason:
        pytest.skip(str(reason))


def run(program: str, group: ControlGroup) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], preexec_fn=group.enter, capture_output=True, text=True, check=False
    )


def test_a_program_that_takes_too_much_memory_is_killed_and_counted(group):
    assert run("x = bytearray(60 * 2**20)", group).returncode == 0
    assert group.kills() == 0
    assert run("x = bytearray(200 * 2**20)", group).returncode == -9
    assert group.kills() == 1


def test_a_program_that_computes_gets_its_share_of_a_processor(group):
    computed, waited = map(float, run(COMPUTE, group).stdout.split())
    assert computed < 1.3 * SHARE * waited  # whatever else runs can only add to the waiting
    assert computed < group.processor_seconds() < 5 * computed  # the interpreter's start comes on top


def test_a_machine_without_control_groups_is_told_what_to_do_instead(monkeypatch, capsys):
    def refuse(*_):
        raise NoControlGroup("not here")

    monkeypatch.setattr(harness_limits, "ControlGroup", refuse)
    assert harness_limits.main(["--shipped"]) == 2
    assert "--as-gradescope" in capsys.readouterr().err
