"""Crashes of the student's code that deserve a sentence: each is made on purpose and explained."""

from __future__ import annotations

import ast
import textwrap
from dataclasses import replace

import pytest

from grading.checks import crashes
from grading.checks.source import SourceFile, StudentSource
from grading.questions import discover
from tests.support import LENIENT, SHORT_REGRESSION, SOLUTIONS

LAYERS = "        self.first = Linear(1, 128)\n        self.second = Linear(128, 64)\n        self.last = Linear(64, 1)"
FORWARD = "return self.last(relu(self.second(relu(self.first(x)))))"
LOSS = 'regression_loss(model(batch["x"]), batch["label"])'
BATCH = 'A batch is a dictionary: batch["x"] holds the features'
KEYBOARD = "`python autograder.py -q q2 --in-process` lets both work"


@pytest.fixture
def told(patched_solutions, graded):
    """A function that changes the reference's regression and gives the message of the first check that is lost."""

    def tell(file: str, *changes: tuple[str, str]) -> str:
        code = patched_solutions({})
        start = "class RegressionModel" if file == "models.py" else "def train_regression"
        before, found, after = (code / file).read_text().partition(start)
        for old, new in changes:
            assert old in found + after, old
            head, _, tail = (found + after).partition(old)
            found, after = head, new + tail
        (code / file).write_text(before + found + after)
        checks = graded(code, "q2").question("q2")["checks"]
        return next((check["message"] for check in checks if check["status"] != "passed"), "")

    return tell


@pytest.mark.parametrize("name", ["parameters", "named_parameters", "modules"])
def test_an_attribute_that_hides_a_method_of_torch_is_named(told, name):
    message = told("models.py", (LAYERS, f"{LAYERS}\n        self.{name} = [1, 2]"))
    assert f"sets self.{name}. A Module has a method of this name" in message, message


@pytest.mark.parametrize("name", ["train", "eval", "training"])
def test_an_attribute_that_hides_the_mode_changes_nothing(patched_solutions, graded, name):
    hidden = (LAYERS, f"{LAYERS}\n        self.{name} = True")
    run = graded(patched_solutions({"models.py": [hidden], "train.py": [SHORT_REGRESSION]}), LENIENT)
    assert [check["message"] for check in run.question("q2")["checks"]] == [""] * 3


def test_layers_in_a_plain_list_are_told(told):
    layers = "        self.layers = [Linear(1, 128), Linear(128, 64), Linear(64, 1)]"
    forward = "return self.layers[2](relu(self.layers[1](relu(self.layers[0](x)))))"
    assert crashes.LAYERS_UNSEEN in told("models.py", (LAYERS, layers), (FORWARD, forward))


def test_layers_before_the_module_is_prepared_are_told(told):
    later = ("        super().__init__()\n", ""), (LAYERS, f"{LAYERS}\n        super().__init__()\n")
    assert crashes.MODULE_FIRST in told("models.py", *later)


def test_a_class_without_module_is_named(told):
    message = told("models.py", ("class RegressionModel(Module)", "class RegressionModel"))
    assert "The class RegressionModel (models.py:" in message
    assert "is not based on torch's Module" in message


@pytest.mark.parametrize(
    "wrong",
    [
        "(lambda x, y: regression_loss(model(x), y))(*batch)",
        "(lambda x, y: regression_loss(model(x.float()), y))(*batch)",
        "regression_loss(model(batch[0]), batch[1])",
        'regression_loss(model(batch["x"]), batch["y"])',
        "regression_loss(model(batch.x), batch.label)",
        "regression_loss(model(batch), batch)",
        "[regression_loss(model(x), y) for x, y, _ in [batch]][0]",
    ],
)
def test_wrong_ways_to_take_a_batch_apart_are_told(told, wrong):
    assert BATCH in told("train.py", (LOSS, wrong))


@pytest.mark.parametrize(
    ("file", "old", "new", "sentence"),
    [
        ("models.py", "self.first(x)", "first(x)", "RegressionModel has an attribute of this name (models.py:"),
        ("models.py", "relu(self.first", "relu(self.frist", "RegressionModel has the attribute first (models.py:"),
        ("models.py", "def forward(self, x", "def forward(x", "The method RegressionModel.forward (models.py:"),
        ("train.py", "loader:", "loadre:", "the name loadre. A similar name there is loader."),
        ("train.py", LOSS, "torch.zeros(1)", "Nothing in train.py imports or assigns the name torch."),
        ("models.py", "Linear(1, 128)", "Linear(1, 100)", "Does a layer for 128 numbers get 100?"),
        ("models.py", "self.first = L", "first = L", "RegressionModel.__init__ assigns first without self (models.py:"),
        ("models.py", FORWARD, "return self.last(x.detach)", "Are the parentheses of a call missing?"),
        ("models.py", FORWARD, "return self.last(self.first(x).numpy())", "A numpy array stands where torch needs"),
        ("train.py", 'model(batch["x"])', 'model(batch["x"]).numpy()', "numpy records no graph"),
        ("train.py", "model.parameters()", "model.parameters", "Are the parentheses of a call missing?"),
        ("train.py", "model.parameters()", "model", "An optimizer gets the parameters of a model, not the model."),
        ("train.py", "range(epochs)", "epochs", "`epochs` is one number."),
        ("train.py", ".backward()", ".item().backward()", "`backward()` belongs to a tensor."),
        ("models.py", FORWARD, "return self.first * x", "A Linear is a layer and not a tensor."),
        ("models.py", FORWARD, "return sqrt(self.first(x))", "`sqrt` is the function of the module math"),
        (
            "models.py",
            FORWARD,
            "relu = self.first(x)\n        return relu(relu)",
            "assigns a variable relu. In all of its function",
        ),
        ("train.py", LOSS, f"(regression_loss := {LOSS})", "assigns a variable regression_loss. In all"),
        ("models.py", FORWARD, "return self.last(self.first.relu())", "A Linear is a layer and not a tensor."),
        ("models.py", FORWARD, "return x - x.max(dim=1)", "`max` returned two tensors, the values and their indices."),
        ("models.py", FORWARD, "return x.max(dim=(0, 1))", "`max` takes one dimension. `amax` takes several."),
        ("models.py", FORWARD, "return self.last(x[::-1])", "A slice of a tensor takes no negative step."),
        (
            "models.py",
            "class RegressionModel",
            "x = [1][1]\n\n\nclass RegressionModel",
            "stands outside of all functions.",
        ),
        (
            "train.py",
            "    for _ in range",
            "    with no_grad():\n     for _ in range",
            "belongs to this part. `no_grad` records",
        ),
    ],
)
def test_the_commonest_slips_over_a_name_or_a_size_are_told(told, file, old, new, sentence):
    message = told(file, (old, new))
    assert sentence in message, message


@pytest.mark.parametrize(
    ("headline", "place"),
    [
        ("AttributeError: 'A' object has no attribute 'depth'", "A.forward (models.py:4)"),  # resembles nothing
        ("AttributeError: 'A' object has no attribute 'layer_3'", "A.forward (models.py:4)"),  # resembles two
        ("AttributeError: 'B' object has no attribute 'layer_1'", "A.forward (models.py:4)"),  # another's object
        ("NameError: name 'local' is not defined", "A.forward (models.py:4)"),  # bound in another function
        ("NameError: name 'x' is not defined", "train (train.py:4)"),  # in a file that cannot be read
        ("TypeError: A.forward() takes 2 positional arguments but 3 were given", "train (models.py:9)"),
    ],
)
def test_a_name_of_which_the_source_tells_nothing_sure_is_told_nothing(headline, place):
    code = """
        class A(Module):
            def __init__(self):
                self.layer_1 = self.layer_2 = None

            def forward(self, x):
                return depth

        def other():
            local = 1
    """
    file = SourceFile("models.py", ast.parse(textwrap.dedent(code)))
    text = f"{headline}\n  at {place}: return x"
    assert crashes.explanation(text, "q1", [file], is_training=False) == ""


@pytest.mark.parametrize(
    ("headline", "source"),
    [
        ("AttributeError: 'Linear' object has no attribute 'wieght'", "return self.a.wieght"),  # of layers, misspelt
        (
            "TypeError: matmul(): argument 'input' must be Tensor, not Own",
            "return self.a @ x",
        ),  # what Own is, is not known
        (
            "TypeError: linear(): argument 'input' must be Tensor, not GRU",
            "return self.a(self.b)",
        ),  # a class of the file's
        ("ValueError: step must be greater than zero", "return x[a:b:c]"),
        ("TypeError: 'int' object is not iterable", "for a in b.c: pass"),  # whether c is a number is not known
        ("TypeError: 'GRU' object is not iterable", "return list(a)"),  # no optimizer
        ("AttributeError: 'function' object has no attribute 'buffer'", "return momentum.buffer"),
        ("KeyError: 'method'", "return a['method']"),
        ("TypeError: 'int' object is not callable", "return a.b(x)"),
        ("TypeError: 'list' object is not callable", "own = [1]; return own(x)"),  # no function has this name
        ("ValueError: only one element tensors can be converted to Python scalars", "return sqrt(x)"),  # not of math
        ("TypeError: f() missing 1 required positional argument: 'b'", "return f(a)"),
        ("RuntimeError: element 0 of tensors does not require grad and does not have a grad_fn", "loss.backward()"),
    ],
)
def test_a_tensor_of_which_the_source_tells_nothing_sure_is_told_nothing(headline, source):
    file = SourceFile("models.py", ast.parse(f"class GRU:\n    def forward(self, x):\n        {source}"))
    text = f"{headline}\n  at GRU.forward (models.py:3): {source}"
    assert crashes.explanation(text, "q1", [file], is_training=False) == ""


def test_a_circle_of_imports_is_shown_with_its_lines():
    headline = "ImportError: cannot import name 'A' from partially initialized module 'models' (... a circular import)"
    text = f"{headline}\n  at gpt_model.py:17: from models import A\n  at models.py:12: from gpt_model import sines_and_cosines"
    told = crashes.explanation(text, "q6", [], is_training=False)
    assert told.startswith("gpt_model.py:17 and models.py:12 lie in a circle of imports.")


def test_a_function_with_self_outside_of_a_class_is_named():
    file = SourceFile("models.py", ast.parse("def Convolve(self, input, weight):\n    return input"))
    text = "TypeError: Convolve() missing 1 required positional argument: 'weight'"
    told = "Convolve (models.py:1) has a parameter self and belongs to no class."
    assert crashes.explanation(text, "q5", [file], is_training=False).startswith(told)


def test_a_gpu_that_is_not_there_is_told():
    text = "AssertionError: Torch not compiled with CUDA enabled\n  at train (train.py:1): x.cuda()"
    assert "torch can use none here" in crashes.explanation(text, "q3", [], is_training=True)


def test_the_class_of_a_loss_that_gets_tensors_is_named():
    source = "return nn.CrossEntropyLoss(scores, labels)"
    file = SourceFile("losses.py", ast.parse(f"def loss(scores, labels):\n    {source}"))
    text = (
        "RuntimeError: Boolean value of Tensor with more than one value is ambiguous\n"
        f"  at loss (losses.py:2): {source}\n`scores` has shape (2, 3) and dtype float32."
    )
    told = crashes.explanation(text, "q3", [file], is_training=False)
    assert told.startswith("`CrossEntropyLoss` is a class. losses.py:2 makes an object")
    for other in ("CrossEntropyLoss(weight=None)", "CrossEntropyLoss"):
        right = SourceFile("losses.py", ast.parse(f"def loss(scores, labels):\n    if scores: return nn.{other}"))
        assert crashes.explanation(text, "q3", [right], is_training=False) == crashes.ONE_TRUTH


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("x += self.a(x)", "`forward` has such a line: models.py:3 (`x += self.a(x)`)."),
        ("x[:, 0] = 0; x.relu_()", "`forward` has such lines: models.py:3 (`x[:, 0] = 0`), models.py:3 (`x.relu_()`)."),
        ("n = 0; n += 1; rows = []; rows[0] = x", "Does `forward` use one of these, or does `step()` come before"),
        ("self.requires_grad_()", "Does `forward` use one of these, or does `step()` come before"),
        ("x += 1; x += 2; x += 3; x += 4", "Does `forward` use one of these, or does `step()` come before"),
    ],
)
def test_what_changes_a_tensor_in_place_is_shown_if_forward_has_few_such_lines(body, told):
    file = SourceFile("models.py", ast.parse(f"class A:\n    def forward(self, x):\n        {body}"))
    text = (
        "RuntimeError: one of the variables needed for gradient computation has been modified by an inplace operation"
    )
    assert told in crashes.explanation(text, "q7", [file], is_training=False)


def test_a_line_that_runs_at_import_is_named_and_one_in_a_function_or_behind_more_frames_is_not():
    file = SourceFile("models.py", ast.parse("from losses import a\ndef f():\n    1 / 0\n\n\nprint(f())"))
    inner = "ZeroDivisionError: division by zero\n  at f (models.py:3): 1 / 0"
    trial = f"{inner}\n  at models.py:6: print(f())"
    assert crashes.explanation(trial, "q1", [file], False).startswith("models.py:6 stands outside of all functions.")
    for other in (inner, f"{trial}\n  … 3 more frames", f"{inner}\n  at models.py:1: from losses import a"):
        assert crashes.explanation(other, "q1", [file], False) == ""


@pytest.mark.parametrize("call", ["breakpoint()", "input('go on?')", "__import__('pdb').set_trace()"])
def test_a_debugger_and_a_question_need_the_graders_process(told, call):
    assert KEYBOARD in told("train.py", ("optimizer.zero_grad()", call))


def test_other_crashes_are_told_nothing(told):
    message = told("train.py", (LOSS, "(1 / 0)"))
    assert message.startswith("ZeroDivisionError: division by zero\n  at train_regression (train.py:")
    assert len(message.splitlines()) == 2


def test_unpacking_a_shape_is_no_batch_taken_apart(tmp_path):
    text = (
        "ValueError: not enough values to unpack (expected 3, got 2)\n  at A.forward (models.py:3): B, T, C = x.size()"
    )
    assert crashes.explanation(text, "q2", [], is_training=True) == ""


def test_memory_that_a_compiler_took_is_no_list_of_tensors(patched_solutions, graded):
    hog = "torch.compile\n    hoard = []\n    while True: hoard.append(torch.ones(2**24))\n    epochs, loader = 250,"
    changes = [("epochs, loader = 250,", hog), ("from torch import movedim", "import torch\nfrom torch import movedim")]
    (second,) = (question for question in discover() if question.id == "q2")
    limited = replace(second, memory_limit_bytes=700 * 2**20)
    message = graded(patched_solutions({"train.py": changes}), limited).check("q2", "fit")["message"]
    assert message == f"stopped at 700 MiB of memory. {crashes.COMPILED}"


def test_the_reference_does_not_compile():
    source = StudentSource(SOLUTIONS)
    assert crashes.memory([source.file(name) for name in ("models", "train", "losses")]) == ""
