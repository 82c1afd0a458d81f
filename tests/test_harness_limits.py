"""The container's limits, made by the kernel: what passes the memory is killed, what computes waits for its share."""

from __future__ import annotations

import subprocess
import sys

import pytest

from staff.evidence import harness_limits
from staff.evidence.cgroup import ControlGroup, NoControlGroup

COMPUTE = "import time; end = time.monotonic() + 1.5\nwhile time.monotonic() < end: pass\nprint(time.process_time())"


@pytest.fixture
def group():
    try:
        with ControlGroup(100 * 2**20, 0.5) as made:
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
    finished = run(COMPUTE, group)
    assert 0.2 < float(finished.stdout) < 0.9  # of 1.5 seconds; less on a machine that is busy otherwise
    assert group.processor_seconds() == pytest.approx(float(finished.stdout), abs=0.3)


def test_a_machine_without_control_groups_is_told_what_to_do_instead(monkeypatch, capsys):
    def refuse(*_):
        raise NoControlGroup("not here")

    monkeypatch.setattr(harness_limits, "ControlGroup", refuse)
    assert harness_limits.main(["--shipped"]) == 2
    assert "--as-gradescope" in capsys.readouterr().err
