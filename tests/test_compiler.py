"""Trainings leave torch's compiler out, and lose nothing by it."""

from __future__ import annotations

import ast
import subprocess
import sys

import numpy as np
import pytest
import torch

from grading.child.requests import _send_back
from tests.support import PROJECT

TRAINING = """
import sys
import torch
from training import compiler

def trained(name):
    torch.manual_seed(0)
    model = torch.nn.Linear(3, 2, bias=False)
    optimizer = getattr(torch.optim, name)(model.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
    def loss():
        optimizer.zero_grad()
        found = model(torch.ones(4, 3)).square().sum()
        found.backward()
        return found
    for _ in range(3):
        optimizer.step(loss)
        schedule.step()
        optimizer.load_state_dict(optimizer.state_dict())
    assert torch.is_grad_enabled()
    return model.weight.tolist()

NAMES = ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "LBFGS")
compiler.leave_out()
compiler.leave_out()
without = [trained(name) for name in NAMES]
assert "torch._dynamo" not in sys.modules, "the compiler was imported"
import torch._dynamo
calls, graph_break = [], torch._dynamo.graph_break
torch._dynamo.graph_break = lambda *given: calls.append(given)
assert [trained(name) for name in NAMES] == without, "other weights"
assert calls, "torch's own wrappers no longer run"
"""

PROGRAMS = """
import sys
from types import SimpleNamespace
import torch
from haiku_bot.trainer import stage
from training.device import CPU
from training.optimizers import muon_and_adamw

model = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Linear(6, 6), torch.nn.Linear(6, 4))
inputs = torch.ones(2, 4)

def steps_of_the_gpt():
    optimizers = muon_and_adamw(model, 4, CPU, 0.01, 0.01, 0.1)
    assert len(optimizers) == 2, "Muon had nothing to do"
    for _ in range(3):
        model(inputs).square().sum().backward()
        for optimizer, _ in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

def steps_of_the_haiku_bot():
    batches = iter([(inputs, inputs)] * 3)
    students = SimpleNamespace(masked_loss=lambda found, wanted: (found - wanted).square().mean())
    stage(model, batches, students, 0.01, 3, CPU).train(3, lambda *told: None)

before = model[1].weight.tolist()
{name}()
assert model[1].weight.tolist() != before, "nothing was trained"
assert "torch._dynamo" not in sys.modules, "the compiler was imported"
"""


def test_optimizers_import_no_compiler_and_give_the_same_weights_as_with_it():
    done = subprocess.run([sys.executable, "-c", TRAINING], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["steps_of_the_gpt", "steps_of_the_haiku_bot"])
def test_the_projects_own_trainings_import_no_compiler(name):
    program = PROGRAMS.replace("{name}", name)
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_cotangent_gives_the_gradients_of_torch_s_backward():
    random = np.random.default_rng(0)
    x, cotangent = torch.tensor(random.standard_normal((3, 4))), torch.tensor(random.standard_normal((3, 2)))
    found = []
    for send_back in (torch.Tensor.backward, _send_back):
        layer, given = torch.nn.Linear(4, 2, bias=False).double(), x.clone().requires_grad_()
        with torch.no_grad():
            layer.weight.fill_(0.3)
        send_back(layer(given).softmax(dim=1), cotangent)
        found.append((given.grad, layer.weight.grad))
    for one, other in zip(*found, strict=True):
        assert torch.equal(one, other)


def gives_a_cotangent(call: ast.Call) -> bool:
    """Whether it is `grad(outputs, inputs, cotangent)` or `backward(cotangent)`, in whichever form."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    named = {keyword.arg for keyword in call.keywords}
    if name == "grad":
        return len(call.args) > 2 or "grad_outputs" in named
    return name == "backward" and (len(call.args) > 0 or "gradient" in named)


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("torch.autograd.grad(loss, weights)", False),
        ("torch.autograd.grad(output, weights, cotangent)", True),
        ("grad(output, weights, grad_outputs=cotangent)", True),
        ("loss.backward()", False),
        ("output.backward(cotangent)", True),
    ],
)
def test_a_cotangent_that_torch_is_given_is_found(text, is_found):
    assert gives_a_cotangent(ast.parse(text, mode="eval").body) is is_found


def test_nothing_that_runs_in_a_students_process_has_torch_import_500_modules_for_a_cotangent():
    folders = (PROJECT / "grading" / "child", *PROJECT.glob("test_cases/*/public"))
    files = [path for folder in folders for path in folder.rglob("*.py")]
    assert len(files) > 60
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.Call) and gives_a_cotangent(node)), f"{path}:{node.lineno}"
