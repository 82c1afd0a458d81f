"""The memory meter sees what a command and its children hold."""

from __future__ import annotations

import sys

import pytest

from staff.evidence import peak_memory

HOLD = "import subprocess, sys, time; block = bytearray(60 * 2**20); time.sleep(0.5)"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_of_a_child_process_is_counted(capfd):
    command = [sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HOLD!r}])"]
    assert peak_memory.main(command) == 0
    mebibytes = int(capfd.readouterr().out.split("together: ")[1].split()[0])
    assert 60 < mebibytes < 160


def test_without_a_command_it_says_how_to_call_it(capfd):
    assert peak_memory.main([]) == 2
    assert "usage" in capfd.readouterr().err
