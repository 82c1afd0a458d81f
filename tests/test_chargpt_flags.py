"""What chargpt is asked for: flags, prompts and files; what cannot be done is one clear line."""

from __future__ import annotations

import codecs
import io
import re
import sys

import pytest
import torch

from gpt import command_line, inputs
from tests.chargpt import SMALL, program_in_an_empty_folder  # noqa: F401 - a fixture
from tests.support import PROJECT
from training import device as devices
from training.errors import UserError, exit_status


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
        (
            ["--text", "text.txt", "--minutes", "nan"],
            "--minutes should be at least 0.000001 and at most 1000000; got nan",
        ),
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


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--steps", "5", "--minutes", "1"], "argument --minutes: not allowed with argument --steps"),
        (["--prompt", "a", "--prompt-file", "b"], "argument --prompt-file: not allowed with argument --prompt"),
        (["sample", "--checkpoint", "best.pt", "--out", "parts"], "--checkpoint and --out both say which checkpoint"),
    ],
)
def test_two_flags_of_which_one_would_be_ignored_are_refused_and_both_are_named(run, capsys, arguments, complaint):
    with pytest.raises(SystemExit) as ended:
        run(*arguments)
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err


def test_threads_are_refused_where_no_cpu_computes(run, monkeypatch, capsys):
    on_a_gpu = devices.Device(torch.device("meta"), bfloat16=False, compiled=False)
    monkeypatch.setattr(devices, "choose", lambda *_, **__: on_a_gpu)
    assert run("--text", "text.txt", "--threads", 2, "--steps", 1) == 1
    assert "--threads shares batches among threads of a CPU, and this run computes on meta" in capsys.readouterr().err


def test_an_unfilled_stub_is_told_by_name(run, capsys):
    assert run("--text", "text.txt", "--steps", 2, *SMALL, code=PROJECT) == 1
    assert "GPT.forward" in capsys.readouterr().err


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


def test_a_device_that_is_not_there_is_told():
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    with pytest.raises(UserError, match="not on this machine"):
        devices.choose("cuda")
