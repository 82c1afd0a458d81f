"""The memory meter sees what a command and its children hold."""

from __future__ import annotations

import subprocess
import sys

import pytest

from staff.evidence import peak_memory

HOLD = "block = bytearray(60 * 2**20); print('held', flush=True); input()"
START = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HOLD!r}])"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_of_a_child_process_is_counted():
    with subprocess.Popen([sys.executable, "-c", START], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        for peak in peak_memory.peak_bytes(process.pid, range(2)):
            assert 60 < peak / 2**20 < 300
        process.communicate(b"\n")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_commands_status_and_its_peaks_are_told(capfd):
    assert peak_memory.main([sys.executable, "-c", "raise SystemExit(3)"]) == 3
    assert "peak memory of all processes together: " in capfd.readouterr().out


def test_without_a_command_that_can_be_run_it_says_how_to_call_it(capfd):
    assert peak_memory.main([]) == 2
    assert "usage" in capfd.readouterr().err
    assert peak_memory.main(["--help"]) == 0
    assert "usage" in capfd.readouterr().out
    if sys.platform == "linux":
        assert peak_memory.main(["no-such-program"]) == 2
        assert "no-such-program cannot be run (No such file or directory)" in capfd.readouterr().err
