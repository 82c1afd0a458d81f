"""The trial on a bare Debian: what it needs, what it passes on, and what its setup does without the index it prefers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from staff.release import bare
from tests.support import PROJECT

SETUP = PROJECT / "staff" / "release" / "harness" / "setup.sh"


@pytest.mark.parametrize(
    ("platform", "user", "programs", "said"),
    [
        ("win32", 0, True, "needs Linux"),
        ("linux", 1000, True, "only root"),
        ("linux", 0, False, "debootstrap is missing: apt-get install debootstrap"),
        ("linux", 0, True, ""),
    ],
)
def test_a_machine_that_cannot_try_it_says_why(monkeypatch, capsys, platform, user, programs, said):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(os, "geteuid", lambda: user, raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}" if programs else None)
    assert (said in bare.why_not()) and bool(said) == bool(bare.why_not())
    if said:
        assert bare.main([]) == 0
        assert f"skipped: {bare.why_not()}" in capsys.readouterr().out


def test_the_bare_machine_gets_the_way_to_the_network_and_nothing_else(monkeypatch, tmp_path):
    monkeypatch.setenv("PIP_FIND_LINKS", "/wheels with space")
    monkeypatch.setenv("https_proxy", "http://proxy:1")
    monkeypatch.setenv("NNPROJECT_HIDDEN_SEED", "secret")
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    script = bare.inside(tmp_path / "root", "true", [wheels, tmp_path / "missing"])[-1]
    assert "PIP_FIND_LINKS='/wheels with space'" in script
    assert "https_proxy=http://proxy:1" in script
    assert "secret" not in script
    assert f"mount --bind {wheels} .{wheels.resolve()}" in script
    assert "missing" not in script


def test_a_failed_step_is_named_with_the_end_of_its_output(capsys):
    with pytest.raises(bare.NotBare, match="setup.sh ended with exit status 3"):
        bare._step("setup.sh", [sys.executable, "-c", "print('why'); raise SystemExit(3)"])
    assert "why" in capsys.readouterr().out


@pytest.mark.skipif(shutil.which("bash") is None, reason="setup.sh needs bash")
@pytest.mark.parametrize("answers", [True, False])
def test_setup_takes_torch_from_the_ordinary_index_if_that_of_cpu_builds_does_not_answer(tmp_path, answers):
    """setup.sh with a pip that notes what it was asked: the lines between making the environment and compiling."""
    pip = tmp_path / "bin" / "pip"
    pip.parent.mkdir()
    failing = "" if answers else 'case "$*" in *--index-url*) exit 1;; esac\n'
    pip.write_text(f'#!/usr/bin/env bash\necho "$*" >> {tmp_path}/asked\n{failing}')
    pip.chmod(0o755)
    (tmp_path / "requirements.txt").write_text("torch==2.13.0\n")
    lines = (
        SETUP.read_text(encoding="utf-8").partition('-m venv --clear "$environment"\n')[2].partition("-m compileall")
    )
    part = lines[0].rpartition("\n")[0]
    script = f"set -euo pipefail\nenvironment={tmp_path}\nsource_folder={tmp_path}\n{part}\n"
    finished = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    asked = (tmp_path / "asked").read_text().splitlines()
    assert finished.returncode == 0, finished.stderr
    assert "--index-url" in asked[0] and asked[0].endswith("torch==2.13.0")
    assert asked[1].endswith(f"-r {tmp_path}/requirements.txt")
    assert ("did not answer" in finished.stderr) == (not answers)
