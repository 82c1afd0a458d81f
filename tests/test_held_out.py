"""Texts that are learned by heart: the best weights are kept, training stops, noise is chosen; runs that go on."""

from __future__ import annotations

import math
import random
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from gpt import defaults, losses, noise
from gpt.config import Config
from gpt.corpus import from_text
from gpt.held_out import LOOKS_UNTIL_RISEN, HeldOut
from gpt.noise import NoiseSetter
from gpt.reports import History, Reports
from gpt.run import FILE_NAME
from gpt.trainer import Blocks
from gpt.writer import Writer
from staff.evidence import short_texts
from startup import EXIT_INTERRUPTED
from tests.chargpt import SMALL, interrupt_after, load, program_in_an_empty_folder  # noqa: F401 - a fixture
from tests.support import fresh_student_modules
from training import checkpoint
from training.device import CALLS_UNTIL_RECORDED, CPU, Device

WORDS = [
    "the",
    "wheel",
    "of",
    "a",
    "mill",
    "turns",
    "slowly",
    "while",
    "rain",
    "falls",
    "on",
    "an",
    "old",
    "roof",
    "and",
    "every",
    "gear",
    "moans",
]
CHANCE = random.Random(0)
SHORT = " ".join(CHANCE.choice(WORDS) for _ in range(100))  # nothing but its words can be learned for other texts
HEEDLESS = [  # learns by heart in a hundred steps
    *("--noise", "0", "--learning-rate", "0.012", "--matrix-learning-rate", "0.06"),
    *("--n-embd", 32, "--n-layer", 2, "--block-size", 16, "--batch-size", 16),
]


@pytest.fixture
def often(monkeypatch):
    """A look at the held-out text every five steps."""
    monkeypatch.setattr("gpt.held_out.MIN_STEPS_BETWEEN", 5)
    monkeypatch.setattr("gpt.held_out.SHARE_OF_LOOKS", math.inf)


class Table(torch.nn.Module):
    """Scores that a test sets: the loss of a text follows from one number."""

    def __init__(self) -> None:
        super().__init__()
        self.certainty = torch.nn.Parameter(torch.zeros(()))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.one_hot((ids + 1) % 4, 4) * self.certainty


def looks(certainties: list[float]) -> tuple[HeldOut, Table]:
    """What looks at a text 0123 0123 ... find where the model is so certain of each next character."""
    held_out, model = HeldOut(torch.arange(400) % 4, Config(block_size=8), CPU), Table()
    for step, certainty in enumerate(certainties):
        with torch.no_grad():
            model.certainty.fill_(certainty)
        held_out.look(model, step)
    return held_out, model


def test_the_best_weights_are_kept_and_given_back():
    held_out, model = looks([0.0, 2.0, 1.0])
    assert held_out.best.step == 1
    assert held_out.best.loss == pytest.approx(math.log(math.exp(2) + 3) - 2)
    assert held_out.give_best(model)
    assert model.certainty.item() == 2
    assert not held_out.give_best(model), "it has them already"


def test_a_loss_has_risen_once_all_the_last_looks_are_clearly_above_the_best():
    assert not looks([2.0] + [1.0] * (LOOKS_UNTIL_RISEN - 1))[0].has_risen
    assert looks([2.0] + [1.0] * LOOKS_UNTIL_RISEN)[0].has_risen
    assert not looks([2.0] + [1.98] * LOOKS_UNTIL_RISEN)[0].has_risen, "so little is chance"
    assert not looks([2.0] + [1.0] * LOOKS_UNTIL_RISEN + [3.0])[0].has_risen


def test_looks_take_a_small_share_of_the_time():
    config = Config()
    held_out = HeldOut(torch.zeros(100_000, dtype=torch.int64), config, CPU)
    forward = held_out._characters * 2 / 3  # half a block of context doubles a third
    assert forward <= 0.04 * held_out.steps_between * config.batch_size * config.block_size
    assert held_out.steps_between <= 100


def test_a_look_takes_blocks_from_all_over_the_text():
    ids = torch.cat([torch.zeros(4000, dtype=torch.int64), torch.arange(4000) % 4])
    with torch.no_grad():
        (model := Table()).certainty.fill_(5.0)
    whole, part = (losses.of_text(model, ids, 8, CPU, characters=each) for each in (None, 400))
    assert part == pytest.approx(whole, abs=0.2)


def best_loss(folder: Path) -> float:
    return min(loss for _, loss in load(folder)["history"]["validation"])


def test_a_run_that_learns_by_heart_says_so_once_stops_and_ends_with_the_best_weights(run, often, tmp_path, capsys):
    (tmp_path / "text.txt").write_text(SHORT)
    flags = ["--text", "text.txt", "--steps", 300, *HEEDLESS]
    assert run(*flags) == 0
    told = capsys.readouterr().out
    assert told.count("learns its text by heart") == 1
    assert "Training stops early; --no-early-stop goes on." in told
    contents = load(tmp_path / "out" / "chargpt")
    assert contents["trainer"]["steps_done"] < 300
    kept = re.search(r"kept: the weights of step (\d+)", told)
    assert kept is not None
    assert [int(kept[1]), best_loss(tmp_path / "out" / "chargpt")] in contents["history"]["validation"]
    last = float(told.strip().splitlines()[-1].split()[2])
    assert last == pytest.approx(best_loss(tmp_path / "out" / "chargpt"), abs=0.01)


def test_a_run_that_must_not_stop_early_goes_on_and_keeps_the_best(run, often, tmp_path, capsys):
    (tmp_path / "text.txt").write_text(SHORT)
    assert run("--text", "text.txt", "--steps", 150, "--no-early-stop", *HEEDLESS) == 0
    told = capsys.readouterr().out
    assert told.count("learns its text by heart") == 1
    assert "Training goes on." in told
    assert load(tmp_path / "out" / "chargpt")["trainer"]["steps_done"] == 150
    last = float(told.strip().splitlines()[-1].split()[2])
    assert last == pytest.approx(best_loss(tmp_path / "out" / "chargpt"), abs=0.01)


def test_a_run_that_is_resumed_past_its_best_ends_with_the_very_same_weights(run, often, tmp_path, monkeypatch):
    """With noise, with looks before and after the stop, and with the best weights older than the stop."""
    (tmp_path / "text.txt").write_text(SHORT)
    flags = ["--text", "text.txt", "--steps", 140, "--no-early-stop", *HEEDLESS, "--noise", "0.05"]
    assert run(*flags, "--out", "whole") == 0
    with monkeypatch.context() as patch:
        interrupt_after(patch, 117)
        assert run(*flags, "--out", "parts") == EXIT_INTERRUPTED
    stopped = load(tmp_path / "parts")
    assert stopped["trainer"]["held_out"]["step"] < 117
    assert any(
        not torch.equal(stopped["model"][name], last) for name, last in stopped["trainer"]["last_weights"].items()
    )
    assert run("--text", "text.txt", "--resume", "--no-early-stop", "--out", "parts") == 0
    whole, parts = (load(tmp_path / name) for name in ("whole", "parts"))
    assert whole["history"]["training"] == parts["history"]["training"]
    assert whole["history"]["validation"] == parts["history"]["validation"]
    assert all(torch.equal(whole["model"][name], parts["model"][name]) for name in whole["model"])


def test_noise_replaces_its_share_of_what_is_read_and_leaves_the_targets():
    ids = torch.arange(5000) % 50
    blocks, plain = (Blocks(ids, Config(block_size=50, batch_size=64), CPU, 50) for _ in range(2))
    blocks.noise = 0.25
    (read, targets), (expected, same_targets) = next(blocks), next(plain)
    assert torch.equal(targets, same_targets)
    assert read.stride() == expected.stride()
    assert (read != expected).float().mean().item() == pytest.approx(0.25 * 49 / 50, abs=0.03)
    assert set(read[read != expected].tolist()) == set(range(50))


def test_more_passes_bring_more_noise_and_a_text_read_seldom_has_none():
    assert noise.chosen(1) == noise.chosen(noise.FEW_PASSES) == 0
    shares = [noise.chosen(2.0**power) for power in range(3, 30)]
    assert shares == sorted(shares)
    assert shares[-1] == noise.MAX_NOISE


def test_noise_follows_steps_and_flags():
    config = Config(block_size=10, batch_size=10, steps=640)
    blocks = Blocks(torch.arange(1000), config, CPU, 7)
    assert NoiseSetter(blocks, config, 1000).highest == noise.chosen(64)
    assert NoiseSetter(blocks, replace(config, noise=0.5), 1000).highest == 0.5


@pytest.mark.parametrize("interrupted_at", [None, 15, 50])
def test_noise_of_a_run_by_the_clock_follows_the_speed_of_its_steps(interrupted_at):
    """A tenth of the time goes into the first step, and as much into step 25, which writes a sample."""
    config = Config(block_size=10, batch_size=10, minutes=1)
    blocks = Blocks(torch.arange(1000), config, CPU, 7)
    setter, found = NoiseSetter(blocks, config, 1000), {}
    for step in range(400):
        progress = 0.1 + step / 1000 + 0.1 * (step > 25)
        if step == interrupted_at:
            state = setter.state()
            setter = NoiseSetter(blocks, config, 1000)
            setter.restore(state)
        setter.see(step, progress)
        found[step] = setter.highest
        assert blocks.noise == setter.highest * noise.fading(progress)
    assert found[19] == 0
    assert found[20] == pytest.approx(noise.chosen((20 + 0.88 * 1000) / 10))
    assert found[40] < found[20], "the sample counts as slow steps"
    assert found[80] == pytest.approx(noise.chosen((80 + 0.72 * 1000) / 10))
    assert found[399] == found[160] == pytest.approx(noise.chosen(800 / 10))


def test_noise_fades_in_the_second_half_of_a_run_and_its_end_has_none():
    blocks = Blocks(torch.arange(1000), Config(), CPU, 7)
    setter = NoiseSetter(blocks, Config(steps=100, noise=0.2), 1000)
    seen = []
    for step in range(101):
        setter.see(step, step / 100)
        seen.append(blocks.noise)
    assert seen[:51] == [0.2] * 51
    assert seen == sorted(seen, reverse=True)
    assert seen[75] == pytest.approx(0.1)
    assert seen[100] == 0


def test_a_run_that_goes_on_tells_what_has_changed(run, capsys):
    run("--text", "text.txt", "--steps", 3, *SMALL)
    capsys.readouterr()
    assert run("--text", "text.txt", "--resume", "--steps", 6, "--learning-rate", "0.002") == 0
    told = capsys.readouterr().out
    assert "steps was 3 and is 6 now.\n" in told
    assert "learning_rate was 0.004 and is 0.002 now.\n" in told
    assert run("--text", "text.txt", "--resume") == 0
    assert " was " not in capsys.readouterr().out.split("\n\n")[0]


def test_a_run_that_goes_on_on_another_device_says_that_weights_will_differ(run, tmp_path, capsys):
    run("--text", "text.txt", "--steps", 3, *SMALL)
    path = tmp_path / "out" / "chargpt" / FILE_NAME
    checkpoint.save(path, {**load(path.parent), "device": "cpu (float32, 7 threads)"})
    capsys.readouterr()
    assert run("--text", "text.txt", "--resume", "--steps", 6) == 0
    assert "was computed on cpu (float32, 7 threads), this part on cpu (" in capsys.readouterr().out


def test_a_text_that_has_changed_since_the_first_part_is_refused(run, tmp_path, capsys):
    run("--text", "text.txt", "--steps", 3, *SMALL)
    (tmp_path / "text.txt").write_text((tmp_path / "text.txt").read_text() + "One line more.\n")
    assert run("--text", "text.txt", "--resume") == 1
    assert "text.txt has changed since" in capsys.readouterr().err


def test_a_run_that_replaces_an_earlier_one_says_so(run, capsys):
    run("--text", "text.txt", "--steps", 3, *SMALL)
    assert "will be replaced" not in capsys.readouterr().out
    run("--text", "text.txt", "--steps", 3, *SMALL)
    assert "checkpoint.pt of an earlier run will be replaced." in capsys.readouterr().out


def test_a_checkpoint_of_the_version_before_goes_on(run, tmp_path):
    run("--text", "text.txt", "--steps", 3, *SMALL)
    path = tmp_path / "out" / "chargpt" / FILE_NAME
    contents = load(path.parent)
    for name in ("held_out", "noise", "last_weights"):
        contents["trainer"].pop(name, None)
    del contents["device"]
    checkpoint.save(path, contents)
    assert run("--text", "text.txt", "--resume", "--steps", 6) == 0


def test_a_sample_comes_character_by_character_and_ends_its_line(run, monkeypatch, capsys):
    run("--text", "text.txt", "--steps", 3, *SMALL)
    capsys.readouterr()
    pieces: list[tuple[str, bool]] = []
    monkeypatch.setattr(
        "builtins.print", lambda *told, end="\n", flush=False, **_: pieces.append(("".join(told) + end, flush))
    )
    assert run("sample", "--prompt", "wheel", "--length", 12, "--seed", 1) == 0
    assert [len(piece) for piece, _ in pieces] == [5] + [1] * 12 + [1]
    assert all(flushed for _, flushed in pieces[:-1])
    assert pieces[-1][0] == "\n"


def test_sizes_follow_the_length_of_the_text_and_the_device_unless_flags_give_them():
    sizes = [defaults.config_for({}, "cpu", characters).n_embd for characters in (5_000, 50_000, 500_000)]
    assert sizes == sorted(set(sizes))
    assert defaults.config_for({}, "cpu", 500_000) == Config()
    assert defaults.config_for({}, "cuda", 1_000_000).n_embd > Config().n_embd
    assert defaults.config_for({}, "cuda", 5_000) == defaults.config_for({}, "cpu", 5_000)
    assert defaults.config_for({"n_embd": 48, "seed": 3}, "cuda", 5_000).n_embd == 48


def test_a_short_text_is_told_and_a_long_one_is_not(run, capsys):
    assert run("--text", "text.txt", "--steps", 1) == 0
    assert "The text is short: " in capsys.readouterr().out
    assert defaults.remark(Config(), 1_000_000) is None


def test_only_a_long_run_is_compiled():
    assert [defaults.is_long(Config(minutes=minutes)) for minutes in (0.2, 3.0)] == [False, True]
    assert [defaults.is_long(Config(steps=steps)) for steps in (50, 5000)] == [False, True]


def test_a_model_is_compiled_for_training_and_only_once(monkeypatch):
    seen: list[tuple[bool, bool]] = []

    model = Table()

    def compiled(ids: torch.Tensor) -> torch.Tensor:
        seen.append((torch.is_grad_enabled(), torch.is_autocast_enabled("cpu")))
        return model(ids)

    monkeypatch.setattr(torch, "compile", lambda module, mode: compiled)
    device = Device(torch.device("cpu"), bfloat16=True, compiled=True)
    with torch.no_grad():
        assert device.compile(model, torch.zeros(1, 1, dtype=torch.int64)) is compiled
    assert seen == [(True, True)] * CALLS_UNTIL_RECORDED
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_model_that_cannot_be_compiled_is_used_as_it_is(monkeypatch):
    def fail(ids: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("no compiler")

    monkeypatch.setattr(torch, "compile", lambda module, mode: fail)
    device, model = Device(torch.device("cpu"), bfloat16=False, compiled=True), Table()
    assert device.compile(model, torch.zeros(1, 1)) is model


def test_the_evidence_for_short_texts_ends_each_run_with_its_best(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("gpt.reports.SAMPLE_LENGTH", 20)
    monkeypatch.setattr("gpt.reports.LAST_SAMPLE_LENGTH", 20)
    (tmp_path / "text.txt").write_text(SHORT * 7)
    with fresh_student_modules():
        status = short_texts.main([str(tmp_path / "text.txt"), "--steps", "120", "--lengths", "900", "3000"])
    rows = [line.split("|") for line in capsys.readouterr().out.splitlines() if line.startswith(("| 900", "| 3,000"))]
    assert status == 0
    assert len(rows) == 2
    for row in rows:
        assert float(row[6]) == pytest.approx(float(row[4].split()[0]), abs=0.001)


def test_where_the_entropy_is_known_the_loss_is_told_against_it(tmp_path):
    model, text = Table(), from_text("abcd" * 200, "letters", block_size=16)
    lines: list[str] = []
    reports = Reports(text, Writer(model, 16, CPU, characters=text.characters), "", tmp_path, limit=0.5)
    reports.at_the_end(History(), lines.append)
    told = re.search(
        r"^entropy of this text.*: 0\.50 nats/char .*; the validation loss is ([\d.]+) times as much$",
        "\n".join(lines),
        re.M,
    )
    assert told is not None
    assert float(told[1]) == pytest.approx(losses.of_text(model, text.validation, 16, CPU) / 0.5, abs=0.006)
