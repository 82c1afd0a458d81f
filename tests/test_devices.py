"""Models on another device are trained, validated and graded there: inputs follow them, comparisons meet no other."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence

from backend import DigitClassificationDataset, RegressionDataset
from grading.child import watch
from grading.child.requests import RequestHandler
from staff.evidence import cuda
from tests.made_up_device import Far, MadeUpDevice


def moved(model):
    with MadeUpDevice():
        return model.to("cuda")


def test_tensors_of_the_made_up_device_refuse_to_meet_others():
    near = torch.ones(3)
    with MadeUpDevice():
        far = near.to("cuda")
        assert isinstance(far + far, Far)
        with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device"):
            far + near
        with pytest.raises(RuntimeError, match="same device"):
            torch.equal(near, far)
        assert torch.equal((far * 2).cpu(), near * 2)
        with pytest.raises((RuntimeError, TypeError)):
            far.numpy()


def test_tensors_are_made_and_kept_on_the_made_up_device():
    with MadeUpDevice():
        far = torch.zeros(2, 3, device="cuda")
        device = far.device
        for made in (
            torch.eye(3, device=device),
            torch.arange(3, device=device),
            torch.rand(far.shape, device=device),
            torch.tensor([1, 2], device=device),
            far.new_tensor([1, 2]),
            torch.eye(3).to(far),
            torch.nn.Linear(2, 3, device=device).weight,
        ):
            assert isinstance(made, Far)
        assert torch.eye(3).to(far.double()).dtype == torch.float64
        assert far.tolist() == [[0, 0, 0], [0, 0, 0]]
    assert not isinstance(torch.eye(3), Far)


def test_lengths_of_sequences_stay_in_main_memory_as_those_of_a_gpu_do():
    lengths, settings = torch.tensor([3, 5]), {"batch_first": True, "enforce_sorted": False}
    gru = torch.nn.GRU(2, 4, batch_first=True)
    sentences = torch.rand(2, 5, 2)
    near, _ = gru(pack_padded_sequence(sentences, lengths, **settings))
    with MadeUpDevice():
        gru.to("cuda")
        far = sentences.to("cuda")
        with pytest.raises(RuntimeError, match="lengths should be on the CPU"):
            pack_padded_sequence(far, lengths.to("cuda"), **settings)
        outputs, _ = gru(pack_padded_sequence(far, lengths, **settings))
        assert isinstance(outputs.data, Far)
        outputs.data.sum().backward()
        assert isinstance(gru.weight_ih_l0.grad, Far)
        torch.testing.assert_close(outputs.data.cpu(), near.data)


def train_there(model, dataset, steps):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for _, batch in zip(range(steps), torch.utils.data.DataLoader(dataset, batch_size=20), strict=False):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(batch["x"].to("cuda")), batch["label"].to("cuda"))
        loss.backward()
        optimizer.step()


def test_a_model_that_moves_in_training_is_seen_to_have_been_trained():
    model = torch.nn.Linear(1, 1)
    dataset = RegressionDataset(model)
    reports = []
    with MadeUpDevice(), watch.losses(reports.append), watch.training_stats(model, dataset) as stats:
        model.to("cuda")
        train_there(model, dataset, 10)
    assert isinstance(model.weight, Far)
    assert (stats["changed"], stats["finite"], stats["own_steps"]) == (True, True, 10)
    assert np.isfinite(reports[-1]["loss"])


def test_a_model_that_only_moves_is_seen_to_stand_still():
    model = torch.nn.Linear(1, 1)
    dataset = RegressionDataset(model)
    with MadeUpDevice(), watch.training_stats(model, dataset) as stats:
        model.to("cuda")
    assert (stats["changed"], stats["finite"]) == (False, True)


def test_validation_follows_the_model():
    model = torch.nn.Linear(784, 10)
    near = DigitClassificationDataset(model).get_validation_accuracy()
    moved(model)
    with MadeUpDevice():
        assert DigitClassificationDataset(model).get_validation_accuracy() == near


TRAINS_THERE = """
from torch import nn, optim
from torch.utils.data import DataLoader

class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(1, 1)

    def forward(self, x):
        return self.layer(x)

def train(model, dataset):
    model.to("cuda")
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    for batch in DataLoader(dataset, batch_size=20):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(batch["x"].to("cuda")), batch["label"].to("cuda"))
        loss.backward()
        optimizer.step()
"""


def test_every_request_works_with_a_model_on_the_device(tmp_path):
    (tmp_path / "models.py").write_text(TRAINS_THERE)
    handler = RequestHandler(emit=lambda report: None)

    def ask(**request):
        answer = handler.answer(request)
        assert "result" in answer, answer
        return answer["result"]

    x = np.linspace(-1, 1, 40, dtype=np.float32)[:, None]
    with MadeUpDevice():
        ask(op="configure", code_directory=str(tmp_path), threads=1)
        model = ask(op="create", names=[("models", "Model")], args=[])
        arrays = {"train_x": x, "train_y": 2 * x}
        stats = ask(
            op="train", names=[("models", "train")], model=model, dataset="backend.RegressionDataset", arrays=arrays
        )
        assert (stats["changed"], stats["arrivals"], stats["own_steps"]) == (True, 2, 2)
        parameters = ask(op="parameters", object=model)
        ask(op="set_parameters", object=model, values={name: np.ones_like(value) for name, value in parameters.items()})
        output = ask(op="method", object=model, name="__call__", args=[x])
        np.testing.assert_allclose(output, x + 1)
        found = ask(op="gradients", object=model, args=[x], cotangent=np.ones_like(x))
        np.testing.assert_allclose(found["inputs"][0], np.ones_like(x))
        np.testing.assert_allclose(found["parameters"]["layer.weight"], [[x.sum()]], atol=1e-5)


def test_the_check_of_a_real_gpu_moves_every_training_and_says_why_it_is_skipped(tmp_path, capsys):
    cuda.write_moved_solutions(tmp_path, "cuda")
    text = (tmp_path / "train.py").read_text()
    assert text.count("model.to('cuda')\n") == text.count("# BEGIN SOLUTION") == 5
    code = re.sub(r'""".*?"""', "", text, flags=re.DOTALL)
    assert code.count('batch["x"].to(') == code.count('batch["x"]') == 5
    if not torch.cuda.is_available():
        assert cuda.main([]) == cuda.EXIT_NOTHING_TO_TRY
        assert "finds no CUDA device here" in capsys.readouterr().out
