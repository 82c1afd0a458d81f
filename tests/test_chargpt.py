"""The trainer of question 7: exact resume, equal processes, clear errors, nothing lost."""

from __future__ import annotations

import errno
import math
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from startup import EXIT_INTERRUPTED
from tests.chargpt import SMALL, TEXT, interrupt_after, load, program_in_an_empty_folder, weights  # noqa: F401 - a fixture
from tests.support import PROJECT, SECONDS_UNTIL_IT_HANGS, SOLUTIONS


def test_a_run_that_was_stopped_and_resumed_ends_with_the_very_same_weights(run, tmp_path, monkeypatch, capsys):
    assert run("--text", "text.txt", "--steps", 30, "--out", "whole", *SMALL) == 0
    with monkeypatch.context() as patch:
        interrupt_after(patch, 13)
        assert run("--text", "text.txt", "--steps", 30, "--out", "parts", *SMALL) == EXIT_INTERRUPTED
    assert "stopped at step 13" in capsys.readouterr().out
    assert run("--text", "text.txt", "--resume", "--out", "parts") == 0
    whole, parts = (load(tmp_path / name) for name in ("whole", "parts"))
    assert whole["model"].keys() == parts["model"].keys()
    assert all(torch.equal(whole["model"][name], parts["model"][name]) for name in whole["model"])
    assert whole["history"]["training"] == parts["history"]["training"]
    assert len(whole["history"]["training"]) == 30


def test_the_last_line_states_the_validation_loss_in_nats_and_bits(run, capsys):
    assert run("--text", "text.txt", "--steps", 5, *SMALL) == 0
    lines = capsys.readouterr().out.strip().splitlines()
    found = re.fullmatch(r"validation loss (\d\.\d\d) nats/char \((\d\.\d\d) bits/char\)", lines[-1])
    assert found is not None, lines[-1]
    assert float(found[2]) == pytest.approx(float(found[1]) / math.log(2), abs=0.02)
    assert re.fullmatch(r"training loss \d\.\d\d nats/char \(\d\.\d\d bits/char\)", lines[-2])


def test_a_run_leaves_a_checkpoint_and_a_picture_in_the_ignored_folder(run, tmp_path):
    assert run("--text", "text.txt", "--steps", 5, *SMALL) == 0
    assert {path.name for path in (tmp_path / "out" / "chargpt").iterdir()} == {"checkpoint.pt", "loss.png"}
    assert "/out/" in (PROJECT / ".gitignore").read_text().splitlines()


def test_minutes_end_the_run_by_the_clock(run, capsys):
    assert run("--text", "text.txt", "--minutes", 0.01, *SMALL) == 0
    assert "0.01 minutes" in capsys.readouterr().out


def test_a_text_beside_the_program_is_picked_up(run, tmp_path, capsys):
    (tmp_path / "text.txt").rename(tmp_path / "input.txt")
    assert run("--steps", 2, *SMALL) == 0
    assert "on input.txt" in capsys.readouterr().out


def test_a_sample_follows_from_seed_and_prompt(run, capsys):
    run("--text", "text.txt", "--steps", 5, *SMALL)
    written = []
    for seed in (1, 1, 2):
        capsys.readouterr()
        assert run("sample", "--prompt", "wheel", "--length", 40, "--seed", seed, "--top-k", 9) == 0
        written.append(capsys.readouterr().out)
    assert written[0] == written[1] != written[2]
    assert all(text.startswith("wheel") and len(text) == len("wheel") + 40 + 1 for text in written)


def test_temperature_zero_writes_the_same_whatever_the_seed(run, capsys):
    run("--text", "text.txt", "--steps", 5, *SMALL)
    written = set()
    for seed in (1, 2):
        capsys.readouterr()
        run("sample", "--temperature", 0, "--length", 30, "--seed", seed)
        written.add(capsys.readouterr().out)
    assert len(written) == 1


def test_a_checkpoint_of_another_architecture_is_refused_and_kept(run, tmp_path, capsys):
    run("--text", "text.txt", "--steps", 3, *SMALL)
    before = (tmp_path / "out/chargpt/checkpoint.pt").read_bytes()
    assert run("--text", "text.txt", "--resume", "--steps", 9, code=PROJECT / "tests" / "other_edition") == 1
    assert "another architecture" in capsys.readouterr().err
    assert run("sample", code=PROJECT / "tests" / "other_edition") == 1
    assert run("--text", "text.txt", "--resume", "--n-embd", 32) == 1
    assert "n_embd = 16, not 32" in capsys.readouterr().err
    assert (tmp_path / "out/chargpt/checkpoint.pt").read_bytes() == before


def test_a_checkpoint_of_another_text_is_refused(run, tmp_path, capsys):
    run("--text", "text.txt", "--steps", 3, *SMALL)
    (tmp_path / "other.txt").write_text(TEXT[::-1])
    assert run("--text", "other.txt", "--resume") == 1
    assert "another text (text.txt)" in capsys.readouterr().err


def test_training_that_diverges_ends_in_a_sentence(run, capsys):
    extreme = ["--learning-rate", 1000, "--matrix-learning-rate", 1000, "--weight-decay", 1000]
    assert run("--text", "text.txt", "--steps", 200, *SMALL, *extreme) == 1
    assert "chargpt: the model's scores reach nan" in capsys.readouterr().err


def test_a_temperature_that_is_almost_zero_writes_as_zero_does(run, capsys):
    assert run("--text", "text.txt", "--steps", 3, *SMALL) == 0
    written = set()
    for temperature in ("0", "1e-320", "1e-30"):
        capsys.readouterr()
        assert run("sample", "--length", 30, "--temperature", temperature) == 0
        written.add(capsys.readouterr().out)
    assert len(written) == 1


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half a file", b"\x80\x04."])
def test_a_damaged_checkpoint_is_told(run, tmp_path, capsys, content):
    (tmp_path / "checkpoint.pt").write_bytes(content)
    assert run("sample", "--out", ".") == 1
    told = capsys.readouterr().err
    assert "not a readable checkpoint (" in told
    assert "()" not in told
    assert len(told) < 200, "torch's own text fills a page"


def test_a_disk_that_fills_up_loses_neither_the_old_checkpoint_nor_the_results(run, tmp_path, monkeypatch, capsys):
    run("--text", "text.txt", "--steps", 3, *SMALL)
    before = weights(tmp_path / "out" / "chargpt")
    capsys.readouterr()
    tries = iter(range(10**6))

    def full(descriptor: int) -> None:
        if next(tries) > 0:  # the first is the trial before training
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        assert run("--text", "text.txt", "--resume", "--steps", 6) == 1
    told = capsys.readouterr()
    assert "checkpoint.pt could not be written: the disk is full. The earlier one is untouched." in told.err
    assert "no loss curve: " in told.out
    assert told.out.splitlines()[-1].startswith("validation loss ")
    after = weights(tmp_path / "out" / "chargpt")
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert [path.name for path in (tmp_path / "out" / "chargpt").glob("*.part")] == []


@pytest.mark.parametrize("out", ["text.txt", "text.txt/deeper"])
def test_a_folder_that_cannot_be_made_is_told_before_training(run, capsys, out):
    assert run("--text", "text.txt", "--steps", 3, "--out", out, *SMALL) == 1
    told = capsys.readouterr()
    assert told.err.startswith(f"chargpt: {Path(out) / 'checkpoint.pt'} cannot be written: a file is in the place of")
    assert "name another folder" in told.err
    assert "training" not in told.out


def test_a_disk_without_room_for_the_checkpoint_is_told_before_training(run, capsys, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**6, 10**6 - 2**15, 2**15))
    assert run("--text", "text.txt", "--steps", 3, *SMALL, "--n-embd", 64) == 1
    told = capsys.readouterr()
    assert "checkpoint.pt cannot be written: the disk is full. Make room, or name another folder." in told.err
    assert "training" not in told.out


def test_without_matplotlib_there_is_no_loss_curve_and_everything_else(run, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # as if it were not installed
    assert run("--text", "text.txt", "--steps", 3, *SMALL) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("no loss curve: matplotlib is not installed. Run: ") for line in lines)
    assert lines[-1].startswith("validation loss ")


def test_another_editions_model_trains_and_writes(run, capsys):
    other = PROJECT / "tests" / "other_edition"
    assert run("--text", "text.txt", "--steps", 3, *SMALL, code=other) == 0
    assert run("sample", "--length", 20, code=other) == 0


@pytest.mark.skipif(
    not (torch.distributed.is_available() and torch.distributed.is_gloo_available()), reason="this torch has no gloo"
)
def test_two_processes_follow_the_loss_curve_of_one(run, tmp_path):
    """In float32: sums in another order differ in the last bits, and ten steps of training carry that to 1e-4."""
    arguments = ["--text", "text.txt", "--steps", "10", "--precision", "float32", *SMALL]
    assert run(*arguments, "--out", "one") == 0
    # port 0: the launcher takes a free one itself, so that no other test can take it first
    launcher = ["-m", "torch.distributed.run", "--nproc_per_node=2", "--local_addr=127.0.0.1"]
    launcher += ["--rdzv_backend=c10d", "--rdzv_endpoint=127.0.0.1:0"]
    launcher += [str(PROJECT / "chargpt.py"), "--code-directory", str(SOLUTIONS)]
    finished = subprocess.run(
        [sys.executable, *launcher, *arguments, "--device", "cpu", "--threads", "1", "--out", str(tmp_path / "two")],
        capture_output=True,
        text=True,
        timeout=SECONDS_UNTIL_IT_HANGS,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "GLOO_SOCKET_IFNAME": "lo"} if sys.platform == "linux" else None,
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    assert finished.stdout.count("nats/char") == 3, "only one process should report"
    one, two = (load(tmp_path / name)["history"]["training"] for name in ("one", "two"))
    assert two == pytest.approx(one, abs=1e-4)


def test_processes_that_cannot_share_a_batch_evenly_are_told(run, monkeypatch, capsys):
    monkeypatch.setenv("WORLD_SIZE", "3")
    assert run("--text", "text.txt", "--batch-size", 4) == 1
    assert "shared evenly by 3 processes" in capsys.readouterr().err


def test_importing_the_program_starts_nothing():
    finished = subprocess.run(
        [sys.executable, "-c", "import chargpt"],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        timeout=SECONDS_UNTIL_IT_HANGS,
        check=True,
    )
    assert (finished.stdout, finished.stderr) == ("", "")
