"""Workers: parts in order, the same bits however busy the machine is, the gradients of the whole batch, odd models."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import Dropout, Linear, Module

from gpt import losses
from gpt.config import Config
from gpt.trainer import Blocks, make_trainer
from staff.evidence import bench_busy
from tests.support import SOLUTIONS, fresh_student_modules
from training import student
from training.device import Device
from training.muon import Muon
from training.shards import Shards, copies, map_with_copies
from training.workers import ONE, Workers, of_this_machine

VOCABULARY = 11


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def device(count: int) -> Device:
    return Device(torch.device("cpu"), bfloat16=False, compiled=False, workers=Workers(count))


def gpt() -> Any:
    torch.manual_seed(0)
    with fresh_student_modules():
        return student.model_class(SOLUTIONS)(8, 16, 2, VOCABULARY)


class Remembering(Module):
    """Keeps what it computes in its attributes, as students do: threads that share it would mix their rows."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = Linear(1, 8), Linear(8, VOCABULARY)

    def forward(self, ids: Tensor) -> Tensor:
        self.hidden = self.first(ids[..., None].float())
        time.sleep(0.01 * float(ids[0, 0] % 2))
        return self.second(self.hidden.tanh())


def batch(rows: int = 7) -> tuple[Tensor, Tensor]:
    ids = torch.randint(VOCABULARY, (rows, 9), generator=torch.Generator().manual_seed(1))
    return ids[:, :-1], ids[:, 1:]


def gradients(model: Module, count: int) -> tuple[float, list[Any]]:
    inputs, targets = batch()
    loss = Shards(model, device(count)).backward(losses.of_blocks, inputs, [targets])
    if loss is None:
        loss = losses.of_blocks(model(inputs), targets)
        loss.backward()
    return loss.item(), [parameter.grad for parameter in model.parameters()]


@pytest.mark.parametrize("make", [gpt, Remembering])
@pytest.mark.parametrize("count", [2, 3, 16])
def test_shared_gradients_are_those_of_the_whole_batch(make, count):
    one, expected = gradients(make(), 1)
    several, found = gradients(make(), count)
    assert several == pytest.approx(one, rel=1e-5)
    for ours, whole in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, whole, rtol=1e-4, atol=1e-6)


def test_a_loss_that_weighs_rows_differently_is_that_of_the_whole_batch():
    def weighed(logits: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
        each = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none")
        return (each * mask.flatten()).sum() / mask.sum()

    inputs, targets = batch(6)
    mask = (torch.arange(6)[:, None] > torch.arange(8)).float()
    whole, model = gpt(), gpt()
    weighed(whole(inputs), targets, mask).backward()
    assert Shards(model, device(2)).backward(weighed, inputs, [targets, mask]) is not None
    for ours, expected in zip(model.parameters(), whole.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, expected.grad, rtol=1e-4, atol=1e-6)


def trained(count: int, disturb: bool = False) -> tuple[list[float], list[Tensor]]:
    """Losses and weights after some steps; `disturb` makes the threads late at random."""
    model, config = gpt(), Config(block_size=8, batch_size=6, steps=12)
    ids = torch.randint(VOCABULARY, (500,), generator=torch.Generator().manual_seed(2))
    trainer = make_trainer(model, Blocks(ids, config, device(count)), VOCABULARY, config, device(count))
    if disturb:
        late = torch.Generator().manual_seed(3)
        model.norm.register_forward_hook(lambda *_: time.sleep(0.02 * torch.rand(1, generator=late).item()))
    found = [trainer.step(step / 12).item() for step in range(12)]
    return found, [parameter.detach().clone() for parameter in model.parameters()]


def test_a_repeated_run_gives_the_same_bits_however_late_the_threads_are():
    first, second = trained(2), trained(2, disturb=True)
    assert first[0] == second[0]
    assert all(torch.equal(one, other) for one, other in zip(first[1], second[1], strict=True))


def test_another_number_of_workers_follows_the_same_curve():
    assert trained(3)[0] == pytest.approx(trained(1)[0], abs=1e-4)


class Dropping(Remembering):
    def __init__(self) -> None:
        super().__init__()
        self.dropout = Dropout(0.5)

    def forward(self, ids: Tensor) -> Tensor:
        return self.dropout(super().forward(ids))


def test_a_model_that_draws_random_numbers_repeats_its_draws():
    def run() -> list[float]:
        model, (inputs, targets) = Dropping(), batch()
        shards, found = Shards(model, device(3)), []
        torch.manual_seed(5)
        for _ in range(4):
            loss = shards.backward(losses.of_blocks, inputs, [targets])
            assert loss is not None
            found.append(loss.item())
            model.zero_grad()
        return found

    found = run()
    assert found == run()
    assert len(set(found)) == 4


def test_dropout_follows_the_mode_of_the_model():
    model, (inputs, targets) = Dropping(), batch()
    shards = Shards(model.eval(), device(2))
    expected = losses.of_blocks(model(inputs), targets).item()
    assert shards.backward(losses.of_blocks, inputs, [targets]).item() == pytest.approx(expected, rel=1e-5)
    model.zero_grad()
    model.train()
    assert shards.backward(losses.of_blocks, inputs, [targets]).item() != pytest.approx(expected, rel=1e-3)


class Enclosing(Remembering):
    """Reaches its parameters through a closure, so that its copies use those of the model itself."""

    def __init__(self) -> None:
        super().__init__()
        self.compute = lambda x: self.second(x)

    def forward(self, ids: Tensor) -> Tensor:
        return self.compute(self.first(ids[..., None].float()).tanh())


class Locked(Remembering):
    """Cannot be copied."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()


@pytest.mark.parametrize("make", [Enclosing, Locked])
def test_a_model_that_cannot_be_shared_out_trains_all_the_same(make):
    _, expected = gradients(Remembering(), 1)
    _, found = gradients(make(), 2)
    for ours, whole in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, whole, rtol=1e-4, atol=1e-6)


def test_copies_share_memory_and_keep_gradients_apart():
    model = gpt()
    [one, _] = copies(model, Workers(2))
    with torch.no_grad():
        model.output.weight.fill_(0.5)
    assert (one.output.weight == 0.5).all()
    assert one.blocks[0].attention.mask is model.blocks[0].attention.mask
    one(batch()[0]).sum().backward()
    assert model.output.weight.grad is None
    assert copies(model, ONE) == []


def test_results_are_in_order_and_an_exception_passes_through():
    assert Workers(3).map(lambda x, y: x - y, range(20), [1] * 20) == list(range(-1, 19))
    assert map_with_copies(gpt(), Workers(2), lambda model, row: (type(model).__name__, row), "abc") == [
        ("GPT", "a"),
        ("GPT", "b"),
        ("GPT", "c"),
    ]

    def fail(row: int) -> None:
        raise ValueError(f"row {row}")

    with pytest.raises(ValueError, match="row 0"):
        Workers(2).map(fail, range(4))


@pytest.mark.parametrize("recorded", [True, False])
def test_workers_record_gradients_where_the_caller_does(recorded):
    weight = torch.ones(1, requires_grad=True)
    with torch.set_grad_enabled(recorded):
        found = Workers(2).map(lambda x: (weight * x).requires_grad, range(3))
    assert found == [recorded] * 3


def test_a_text_is_evaluated_alike_by_any_number_of_workers():
    model, ids = gpt(), torch.randint(VOCABULARY, (3000,), generator=torch.Generator().manual_seed(4))
    assert losses.of_text(model, ids, 8, device(3)) == pytest.approx(losses.of_text(model, ids, 8, device(1)), rel=1e-6)


def test_muon_moves_matrices_alike_with_any_number_of_workers():
    def moved(workers: Workers) -> list[Tensor]:
        generator = torch.Generator().manual_seed(0)
        matrices = [torch.randn(6, 4, generator=generator).requires_grad_() for _ in range(5)]
        for matrix in matrices:
            matrix.grad = torch.randn(6, 4, generator=generator)
        Muon(matrices, 0.1, workers=workers).step()
        return matrices

    for ours, expected in zip(moved(Workers(3)), moved(ONE), strict=True):
        torch.testing.assert_close(ours, expected)


def test_the_machines_cores_are_shared_by_processes_and_torch_gets_one_thread(monkeypatch):
    monkeypatch.setattr("training.workers.cores", lambda: 6)
    assert [of_this_machine(None, count).count for count in (1, 2, 12)] == [6, 3, 1]
    assert of_this_machine(5, 2).count == 5
    assert torch.get_num_threads() == 1


def test_the_bench_of_a_busy_machine_prints_every_row(monkeypatch, capsys):
    monkeypatch.setattr(bench_busy, "COMPANY", {name: [] for name in bench_busy.COMPANY})
    small: Any = Config(block_size=8, n_embd=16, n_layer=1, batch_size=4)
    monkeypatch.setattr(bench_busy, "Config", lambda: small)
    monkeypatch.setattr(bench_busy, "CHARACTERS_EVALUATED", 400)
    monkeypatch.setattr(bench_busy, "CHARACTERS_WRITTEN", 3)
    with fresh_student_modules():
        bench_busy.main(["--seconds", "0.05", "--repeats", "1", "--threads", "2"])
    printed = capsys.readouterr().out
    for mark in ("chargpt, 2 threads", *bench_busy.COMPANY, "goals:"):
        assert mark in printed
