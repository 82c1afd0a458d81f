"""The trainer of question 7: exact resume, equal processes, clear errors, nothing lost."""

from __future__ import annotations

import codecs
import errno
import io
import math
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from gpt import command_line, corpus, inputs, losses
from gpt.config import Config
from gpt.run import FILE_NAME, KEYS
from gpt.trainer import Blocks
from tests.support import PROJECT, SECONDS_UNTIL_IT_HANGS, SOLUTIONS, fresh_student_modules
from training import checkpoint
from training import device as devices
from training.device import CPU
from training.errors import INTERRUPTED, UserError, exit_status
from training.muon import orthogonal
from training.optimizers import linear_decay
from training.trainer import Trainer

TEXT = "".join(f"{number} wheels and {number * number} gears turn. O wheel!\n" for number in range(200))
SMALL = ["--n-embd", "16", "--n-layer", "2", "--block-size", "8", "--batch-size", "4"]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A function that runs chargpt in this process, in an empty folder, with the reference's model."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text(TEXT)
    threads_before = torch.get_num_threads()

    def call(*arguments: object, code: Path = SOLUTIONS) -> int:
        threads = [] if arguments[0] == "sample" else ["--threads", "1"]
        flags = ["--code-directory", str(code), "--device", "cpu", *threads]
        with fresh_student_modules():
            return command_line.main([*map(str, arguments), *flags])

    yield call
    torch.set_num_threads(threads_before)


def load(folder: Path) -> dict[str, Any]:
    return checkpoint.load(folder / FILE_NAME, KEYS, "")


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load(folder)["model"]


def interrupt_after(monkeypatch, steps: int) -> None:
    """Press Ctrl-C in the middle of a step."""
    step, done = Trainer.step, []

    def pressed(self, progress):
        done.append(loss := step(self, progress))
        if len(done) == steps:
            signal.raise_signal(signal.SIGINT)
        return loss

    monkeypatch.setattr(Trainer, "step", pressed)


def test_a_run_that_was_stopped_and_resumed_ends_with_the_very_same_weights(run, tmp_path, monkeypatch, capsys):
    assert run("--text", "text.txt", "--steps", 30, "--out", "whole", *SMALL) == 0
    with monkeypatch.context() as patch:
        interrupt_after(patch, 13)
        assert run("--text", "text.txt", "--steps", 30, "--out", "parts", *SMALL) == INTERRUPTED
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


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--text", "none.txt"], "no such file"),
        (["--text", "empty.txt"], "holds 0 characters"),
        (["--text", "tiny.txt"], "at least 641 are needed|need at least"),
        (["--text", "binary.txt"], "not text in UTF-16"),
        (["--text", "."], "cannot be read"),
        (["--text", "text.txt", "--prompt", "é"], "never seen 'é'"),
        (["--text", "text.txt", "--temperature", "-1"], "--temperature should be at least 0"),
        (["--text", "text.txt", "--top-k", "0"], "--top-k should be at least 1"),
        (["--text", "text.txt", "--steps", "0"], "--steps should be at least 1"),
        (["--text", "text.txt", "--minutes", "nan"], "--minutes should be at least 1e-06"),
        (["--text", "text.txt", "--prompt-file", "none.txt"], "none.txt: no such file. --prompt-file takes"),
        (["--resume"], "no such checkpoint"),
        (["sample", "--out", "nowhere"], "no such checkpoint"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(run, tmp_path, capsys, arguments, complaint):
    (tmp_path / "empty.txt").touch()
    (tmp_path / "tiny.txt").write_text("To be")
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00")
    assert run(*arguments) == 1
    told = capsys.readouterr().err
    assert re.search(complaint, told), told
    assert told.startswith("chargpt: ")
    assert "Traceback" not in told


def test_a_checkpoint_without_resume_is_refused_with_the_two_ways_out(run, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        run("--checkpoint", tmp_path / "best.pt", "--steps", 1)
    assert ended.value.code == 2
    assert "--checkpoint names the checkpoint to go on from. Add --resume" in capsys.readouterr().err


def test_an_unfilled_stub_is_told_by_name(run, capsys):
    assert run("--text", "text.txt", "--steps", 2, *SMALL, code=PROJECT) == 1
    assert "GPT.forward" in capsys.readouterr().err


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


FLAGS_OF_SAMPLE = ("length", "seed", "temperature", "top_k")
FLOATS = ("learning_rate", "matrix_learning_rate", "weight_decay", "minutes", "temperature")


def test_every_number_behind_a_flag_has_a_range():
    parsers = command_line._training_parser(""), command_line._sampling_parser()
    numeric = {action.dest for parser in parsers for action in parser._actions if action.type in (int, float)}
    assert numeric == set(inputs.RANGES)


@pytest.mark.parametrize("name", inputs.RANGES)
def test_a_number_beyond_the_range_of_its_flag_is_told(name):
    flag = f"--{name.replace('_', '-')}"
    parser = command_line._sampling_parser() if name in FLAGS_OF_SAMPLE else command_line._training_parser("")
    for value in ("-1", str(10**30), *(("nan", "inf", "-inf") if name in FLOATS else ())):
        with pytest.raises(UserError, match=f"^{flag} should be at least .* and at most .*; got "):
            inputs.checked(parser.parse_args([f"{flag}={value}"]))


@pytest.mark.parametrize("bound", [0, 1])
@pytest.mark.parametrize("name", ["temperature", "top_k", "seed"])
def test_the_bounds_of_a_range_work(run, name, bound):
    value = inputs.RANGES[name][bound]
    assert run("--text", "text.txt", "--steps", 2, *SMALL, f"--{name.replace('_', '-')}", value) == 0


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


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried"
        ),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
        MemoryError(),
    ],
)
def test_a_memory_that_is_too_small_ends_in_a_sentence_and_another_error_does_not(capsys, error):
    def fail(error: Exception) -> int:
        raise error

    assert exit_status("chargpt", "q7", lambda: fail(error)) == 1
    assert capsys.readouterr().err.startswith("chargpt: the memory is too small.")
    with pytest.raises(RuntimeError, match="shapes"):
        exit_status("chargpt", "q7", lambda: fail(RuntimeError("shapes cannot be multiplied")))


@pytest.mark.parametrize("source", ["a file", "standard input"])
@pytest.mark.parametrize("content", [b"wheel\n", b"wheel", b"wheel\r\n", codecs.BOM_UTF8 + b"wheel\n"])
def test_a_prompt_comes_from_a_file_or_standard_input_without_its_final_newline(
    run, tmp_path, capsys, monkeypatch, source, content
):
    assert run("--text", "text.txt", "--steps", 1, *SMALL) == 0
    capsys.readouterr()
    (tmp_path / "prompt.txt").write_bytes(content)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    name = "prompt.txt" if source == "a file" else "-"
    assert run("sample", "--length", 5, "--seed", 1, "--prompt-file", name) == 0
    from_file = capsys.readouterr().out
    assert run("sample", "--length", 5, "--seed", 1, "--prompt", "wheel") == 0
    assert from_file == capsys.readouterr().out
    assert from_file.startswith("wheel")
    assert from_file.endswith("\n")


def test_a_prompt_has_one_source(capsys):
    with pytest.raises(SystemExit):
        command_line._sampling_parser().parse_args(["--prompt", "a", "--prompt-file", "b"])
    assert "not allowed with" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half a file", b"\x80\x04."])
def test_a_damaged_checkpoint_is_told(run, tmp_path, capsys, content):
    (tmp_path / "checkpoint.pt").write_bytes(content)
    assert run("sample", "--out", ".") == 1
    assert "not a readable checkpoint" in capsys.readouterr().err


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


def test_what_is_validated_on_is_never_trained_on():
    text = corpus.from_text("ab" * 500 + "xy" * 50, "text", block_size=8)
    text_of_both = corpus.decode(text.train, text.characters) + corpus.decode(text.validation, text.characters)
    assert text_of_both == "ab" * 500 + "xy" * 50
    assert len(text.validation) == len(text_of_both) // 10


def test_batches_are_pieces_of_the_text():
    ids = torch.arange(500)
    inputs, targets = next(Blocks(ids, Config(block_size=8, batch_size=16), CPU))
    assert inputs.shape == (16, 8)
    assert torch.equal(inputs - inputs[:, :1], torch.arange(8).expand(16, 8))
    assert torch.equal(targets, inputs + 1)


class Bigrams(torch.nn.Module):
    """Scores that depend on the last character alone, so that the context of a block does not matter."""

    def __init__(self) -> None:
        super().__init__()
        self.table = torch.nn.Embedding(7, 7)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.table(ids)


@pytest.mark.parametrize("context", [True, False])
def test_the_loss_of_a_text_is_the_mean_over_its_characters(context):
    torch.manual_seed(0)
    model, ids = Bigrams(), torch.randint(7, (16 * 20 + 1,))
    found = losses.of_text(model, ids, 16, CPU, context)
    chances = model(ids[:-1]).log_softmax(1)[range(len(ids) - 1), ids[1:]]
    expected = -chances[8 if context else 0 :].mean().item()
    assert found == pytest.approx(expected, rel=1e-5)
    assert model.training


def test_muons_moves_are_nearly_orthogonal():
    matrices = torch.randn(3, 24, 16, generator=torch.Generator().manual_seed(0))
    singular_values = torch.linalg.svdvals(orthogonal(matrices))
    assert singular_values.min() > 0.4
    assert singular_values.max() < 1.3


def test_the_learning_rate_rises_and_falls_to_zero():
    factors = [linear_decay(step / 1000) for step in range(1001)]
    assert max(factors) > 0.99
    assert factors[0] == 0
    assert factors[-1] == 0
    assert factors[100:] == sorted(factors[100:], reverse=True)


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


def test_a_device_that_is_not_there_is_told():
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    with pytest.raises(UserError, match="not on this machine"):
        devices.choose("cuda")
