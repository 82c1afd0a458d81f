"""Reading student files as text: permitted imports, ready-made layers, syntax, stubs."""

from __future__ import annotations

import pytest
import torch

from grading.checks import stubs
from grading.checks.imports import names_taken
from grading.checks.source import TENSOR_METHODS, StudentSource, is_forbidden
from grading.checks.student_code import StudentCode
from grading.child import failure
from grading.outcomes import CheckFailed
from grading.questions import discover

QUESTION = next(question for question in discover() if question.id == "q5")


def require_permitted(directory, module="models"):
    StudentSource(directory).require_permitted(module, QUESTION.allowed_imports, QUESTION.forbidden_names)


@pytest.mark.parametrize(
    "line",
    [
        "import torch",
        "import torch.nn as nn",
        "from torch.nn.functional import relu",
        "from torch import optim, nn",
        "import numpy as np",
        "import math, random",
        "from tqdm import tqdm\nfrom tqdm.auto import trange\ntqdm, trange",
        "import calendar, cProfile, datetime, json, re\ncalendar, cProfile, datetime, json, re",
        "from collections.abc import Iterable",
        "from __future__ import annotations",
        "from losses import anything",
        "from backend import CourseDataset",
        "x = nn.Conv2d  # a name that no import brought",
    ],
)
def test_permitted_lines_pass(tmp_path, line):
    (tmp_path / "losses.py").write_text("")
    (tmp_path / "models.py").write_text(f"{line}\n")
    require_permitted(tmp_path)


@pytest.mark.parametrize(
    ("line", "named", "use"),
    [
        ("import os", "os", "os"),
        ("import os.path as p", "os.path", "p"),
        ("from subprocess import run", "subprocess", "run"),
        ("import sklearn.linear_model", "sklearn.linear_model", "sklearn"),
        ("from torchvision import models", "torchvision", "models"),
        ("from . import losses", ".", "losses"),
        ("def f():\n    import socket", "socket", "    socket"),
        ("from grading import expect", "grading", "expect"),
        ("from torch.nn import Conv2d", "torch.nn.Conv2d", "Conv2d"),
        ("from torch.nn import Conv2d as C", "torch.nn.Conv2d", "C"),
        ("import torch.nn as nn\nlayer = nn.Conv2d(1, 1, 3)", "torch.nn.Conv2d", ""),
        ("import torch\ny = torch.nn.functional.conv2d", "torch.nn.functional.conv2d", ""),
        ("import torch\ny = torch.conv1d", "torch.conv1d", ""),
        ("from torch.nn.functional import conv2d", "torch.nn.functional.conv2d", "conv2d"),
        (
            "from torch.nn import functional as F\ny = F.scaled_dot_product_attention",
            "scaled_dot_product_attention",
            "",
        ),
        ("from torch import nn\nclass A(nn.MultiheadAttention): pass", "torch.nn.MultiheadAttention", ""),
        ("from torch import nn\nclass A(nn.TransformerEncoderLayer): pass", "torch.nn.TransformerEncoderLayer", ""),
    ],
)
def test_forbidden_lines_fail_with_file_line_and_name(tmp_path, line, named, use):
    (tmp_path / "models.py").write_text(f'"""Models."""\n{line}\n{use}\n')
    with pytest.raises(CheckFailed) as failure:
        require_permitted(tmp_path)
    assert f"models.py:{2 + line.count(chr(10))} " in str(failure.value)
    assert named in str(failure.value)


UNUSED = """
from sympy import symbols, det
import matplotlib.pyplot as plt, math
from torch.nn import Conv2d, Linear
try:
    import pandas
except ImportError:
    pandas = None

layer = Linear(math.ceil(1.5), 2)
"""


def test_imports_that_nothing_uses_are_found_with_their_lines(tmp_path):
    (tmp_path / "models.py").write_text(UNUSED)
    require_permitted(tmp_path)
    found = StudentSource(tmp_path).left_out(["models.A"], QUESTION.allowed_imports, QUESTION.forbidden_names)
    assert [(unused.line, unused.reached, unused.bound) for unused in found["models.py"]] == [
        (2, "sympy.symbols", "symbols"),
        (2, "sympy.det", "det"),
        (3, "matplotlib.pyplot", "plt"),
        (4, "torch.nn.Conv2d", "Conv2d"),
        (6, "pandas", "pandas"),
    ]


@pytest.mark.parametrize(
    ("other", "is_used"),
    [
        ("from models import plt", True),
        ("from models import *\nplt.plot()", True),
        ("import models\nmodels.plt.plot()", True),
        ("from models import *", False),
        ("import models\nmodels.A", False),
    ],
)
def test_an_import_that_another_file_takes_is_used(tmp_path, other, is_used):
    (tmp_path / "models.py").write_text("import matplotlib.pyplot as plt\n")
    (tmp_path / "train.py").write_text(other)
    found = StudentSource(tmp_path).left_out(["models.A"], QUESTION.allowed_imports, QUESTION.forbidden_names)
    assert bool(found) != is_used


def test_a_star_import_from_outside_is_refused(tmp_path):
    (tmp_path / "models.py").write_text("from sympy import *\n")
    with pytest.raises(CheckFailed, match=r"models.py:1 imports sympy"):
        require_permitted(tmp_path)


@pytest.mark.parametrize(
    ("line", "written"),
    [("from .losses import mse", "from losses import"), ("from . import losses", "import losses")],
)
def test_a_relative_import_is_told_as_what_it_is(tmp_path, line, written):
    (tmp_path / "losses.py").write_text("mse = 1\n")
    (tmp_path / "models.py").write_text(f"{line}\nmse, losses\n")
    with pytest.raises(CheckFailed) as told:
        require_permitted(tmp_path)
    assert "A dot before the name means a package. The student files are no package." in str(told.value)
    assert f"Write `{written}` there." in str(told.value)
    assert "Remove" not in str(told.value), "the line is needed"


def test_a_missing_file_of_ones_own_is_told_apart_from_a_module_that_is_refused(tmp_path):
    (tmp_path / "models.py").write_text("import losses\nlosses.regression_loss\n")
    with pytest.raises(CheckFailed, match=r"models.py:1 imports losses. There is no file losses.py beside it") as told:
        require_permitted(tmp_path)
    assert str(told.value).endswith("Put the file there, or remove line 1.")
    (tmp_path / "models.py").write_text("import os\nos.name\n")
    with pytest.raises(CheckFailed, match=r"models.py:1 imports os, which this project may not use"):
        require_permitted(tmp_path)


def test_a_forbidden_import_is_found_through_the_students_own_files(tmp_path):
    (tmp_path / "models.py").write_text("import helper\n")
    (tmp_path / "helper.py").write_text("import models\nimport ctypes\nctypes.c_int\n")
    with pytest.raises(CheckFailed, match=r"helper.py:2 imports ctypes"):
        require_permitted(tmp_path)


def test_a_missing_file_is_named_with_its_folder(tmp_path):
    with pytest.raises(CheckFailed, match=f"models.py is missing from {tmp_path}"):
        require_permitted(tmp_path)


def test_a_folder_in_place_of_a_file_cannot_be_read(tmp_path):
    (tmp_path / "models.py").mkdir()
    with pytest.raises(CheckFailed, match=r"models.py is a folder"):
        require_permitted(tmp_path)


@pytest.mark.parametrize("content", [b"def f(:\n", b"(" * 10_000])
def test_what_is_not_python_is_named_with_the_mend(tmp_path, content):
    (tmp_path / "models.py").write_bytes(content)
    with pytest.raises(CheckFailed, match=r"models.py is not valid Python"):
        require_permitted(tmp_path)


STUBS = '''
class Model:
    def __init__(self):
        super().__init__()
        "*** YOUR CODE HERE ***"

    def forward(self, x):
        """Say."""
        with no_grad():
            raise NotImplementedError

    def done(self):
        return 1

def loss(a, b):
    """Say."""
    pass

def written(a):
    """Say."""
    return a
'''


def test_stubs_of_both_kinds_are_found_with_their_lines(tmp_path):
    (tmp_path / "models.py").write_text(STUBS)
    source = StudentSource(tmp_path)
    assert source.stubs("models.Model") == ["Model.__init__ (models.py:5)", "Model.forward (models.py:10)"]
    assert source.stubs("models.Model.forward") == ["Model.forward (models.py:10)"]
    assert source.stubs("models.loss") == ["loss (models.py:17)"]
    assert source.stubs("models.written") == []


@pytest.mark.parametrize(
    ("body", "stubs"),
    [
        ('    size = x.shape\n    y = tensor(())\n    "*** Your code here ***"\n    "end"\n    return y\n', 1),
        ('    size = x.shape\n    "YOUR CODE HERE"\n', 1),
        ('    with no_grad():\n        loader = DataLoader(x)\n        "YOUR CODE HERE"\n', 1),
        ('    "YOUR CODE HERE"\n    y = x + 1\n    return y\n', 0),
        ('    y = x + 1\n    "YOUR CODE HERE"\n    return y\n', 0),
        ('    y = tensor(())\n    y = x + 1\n    "YOUR CODE HERE"\n    return y\n', 0),
        ('    for batch in x:\n        step(batch)\n    "YOUR CODE HERE"\n', 0),
        ('    "YOUR CODE HERE"\n    x.append(1)\n', 0),
        ("    y = x + 1\n    raise NotImplementedError\n", 1),
        ("    if x:\n        raise NotImplementedError\n    return x\n", 0),
    ],
)
def test_a_function_is_a_stub_until_it_has_code_of_its_own(tmp_path, body, stubs):
    (tmp_path / "models.py").write_text(f"def f(x):\n{body}")
    assert len(StudentSource(tmp_path).stubs("models.f")) == stubs


@pytest.mark.parametrize(
    ("body", "stubs"),
    [
        ('    super().__init__()\n    self.count = 47\n    self.names = ["a", "b"]\n    "YOUR CODE HERE"\n', 1),
        ('    super().__init__()\n    self.convolution_weights = Parameter(ones(3))\n    "YOUR CODE HERE"\n', 1),
        ('    super().__init__()\n    self.w = Parameter(ones(3))\n    "YOUR CODE HERE"\n', 0),
    ],
)
def test_an_init_is_a_stub_until_it_makes_something(tmp_path, body, stubs):
    (tmp_path / "models.py").write_text("class A:\n  def __init__(self):\n" + body)
    assert len(StudentSource(tmp_path).stubs("models.A")) == stubs


@pytest.mark.parametrize(
    ("body", "line", "is_reached"),
    [
        ("    return x\n    raise NotImplementedError\n", 3, False),
        ("    if x:\n        return x\n        raise NotImplementedError\n    return 1\n", 4, False),
        ("    for y in x:\n        step(y)\n    raise NotImplementedError('your code here')\n", 4, True),
        (
            "    with no_grad():\n        while x:\n            x = step(x)\n        raise NotImplementedError\n",
            5,
            True,
        ),
    ],
)
def test_a_left_over_line_is_told_from_a_stub(tmp_path, body, line, is_reached):
    (tmp_path / "models.py").write_text(f"def f(x):\n{body}")
    source = StudentSource(tmp_path)
    assert source.stubs("models.f") == []
    assert [(stub.line, stub.is_reached) for stub in source.left_over("models.f")] == [(line, is_reached)]


def test_a_syntax_error_is_quoted_from_the_file_that_is_graded(tmp_path, monkeypatch):
    graded, here = tmp_path / "graded", tmp_path / "here"
    graded.mkdir()
    here.mkdir()
    (graded / "models.py").write_text("x = 1\ndef broken(:\n    pass\n")
    (here / "models.py").write_text("x = 1\nanother line of another file\n")
    monkeypatch.chdir(here)
    with pytest.raises(CheckFailed, match=r"See line 2: `def broken\(:`"):
        require_permitted(graded)


def test_a_syntax_error_in_another_encoding_is_quoted_in_it(tmp_path):
    (tmp_path / "models.py").write_bytes("# coding: latin-1\nfür = (\n".encode("latin-1"))
    with pytest.raises(CheckFailed, match=r"line 2: `für = \(`"):
        require_permitted(tmp_path)


def test_odd_but_valid_source_never_ends_the_run(tmp_path):
    """A set of lists, which no literal may be, beside a raise; a chain of ninety attributes, and one of a thousand."""
    (tmp_path / "models.py").write_text(
        "class M:\n    def __init__(self):\n        s = {[1]: 2}\n        raise NotImplementedError\n"
    )
    (tmp_path / "train.py").write_text("import models\n" + "x" + ".y" * 90 + "\n")
    (tmp_path / "losses.py").write_text("x" + ".y" * 1000 + "\n")
    source = StudentSource(tmp_path)
    assert isinstance(source.stubs("models.M"), list)
    assert names_taken(source.file("train").tree, "models") == set()
    with pytest.raises(CheckFailed, match="losses.py:1 nests more than 100"):
        source.file("losses")


FORBIDDEN = ("torch.softmax", "torch.lerp")


def require_no_ready_made(directory):
    StudentSource(directory).require_permitted("models", QUESTION.allowed_imports, FORBIDDEN)


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("y = x.softmax(1)", "the method softmax"),
        ("y = (x @ w).softmax(dim=1)", "the method softmax"),
        ("y = x[0].lerp(x[1], 0.5)", "the method lerp"),
        ("x.lerp_(y, 0.5)", "the method lerp_"),
        ("y = torch.zeros(3).softmax(0)", "the method softmax"),
        ("y = torch.Tensor.softmax(x, 1)", "torch.Tensor.softmax"),
        ("def softmax(x):\n    return x.softmax(1)", "the method softmax"),
        ("class Net:\n    def forward(self):\n        return self.weight.softmax(1)", "the method softmax"),
    ],
)
def test_a_forbidden_function_is_found_as_a_method_of_a_tensor(tmp_path, line, named):
    (tmp_path / "models.py").write_text(f"import torch\n{line}\n")
    with pytest.raises(CheckFailed, match=f"models.py:{2 + line.count(chr(10))} uses {named}, which is ready-made"):
        require_no_ready_made(tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        "class Net:\n    def softmax(self): pass\n    def forward(self, other):\n        return other.softmax(1)",
        "class Net:\n    def __init__(self, layer):\n        self.softmax = layer\nnet = Net()\nnet.softmax(1)",
        "class Net:\n    def forward(self):\n        return self.softmax(1)",
        "import losses\nlosses.softmax(1)",
        "def softmax(x): return x\ny = softmax(1)",
        "y = x.log_softmax(1)",
        "y = x.softmax",
    ],
)
def test_methods_of_ones_own_and_other_methods_of_tensors_are_permitted(tmp_path, line):
    (tmp_path / "models.py").write_text(f"import torch\ny = torch.zeros(1)\n{line}\n")
    (tmp_path / "losses.py").write_text("def softmax(x): return x\n")
    require_no_ready_made(tmp_path)


def test_every_tensor_method_that_does_what_a_question_forbids_is_looked_at():
    forbidden = {name for question in discover() for name in question.forbidden_names}
    assert {name for name in dir(torch.Tensor) if is_forbidden(name, tuple(forbidden))} == TENSOR_METHODS


def test_a_file_is_searched_for_stubs_once_however_many_requests_ask(tmp_path, monkeypatch):
    (tmp_path / "models.py").write_text("def one():\n    raise NotImplementedError\n")
    searched, find = [], stubs.find
    monkeypatch.setattr(stubs, "find", lambda tree: searched.append(tree) or find(tree))
    source = StudentSource(tmp_path)
    for _ in range(3):
        assert source.stubs("models.one") == ["one (models.py:2)"]
        assert source.left_over("models.one") == []
        assert not source.is_written(["models.one"])
    assert len(searched) == 1


def test_the_files_of_a_target_are_looked_at_once_however_often_it_is_called_and_a_refusal_is_told_each_time(
    tmp_path, monkeypatch
):
    looked_at = []
    look = StudentSource.imported_files
    monkeypatch.setattr(StudentSource, "imported_files", lambda *asked: looked_at.append(asked) or look(*asked))
    question = next(question for question in discover() if question.id == "q1")
    code = StudentCode(question, StudentSource(tmp_path), print)
    with pytest.raises(CheckFailed, match="models.py"):
        code.require_permitted("models.PerceptronModel")
    with pytest.raises(CheckFailed, match="models.py"):
        code.require_permitted("models.PerceptronModel")
    (tmp_path / "models.py").write_text("class PerceptronModel:\n    weights = 1\n")
    code.require_permitted("models.PerceptronModel")
    code.require_permitted("models.PerceptronModel")
    assert len(looked_at) == 1


def test_no_more_of_a_crash_is_searched_for_its_cause_than_an_honest_process_tells(tmp_path):
    """The search through a text of a megabyte may take hours."""
    code = StudentCode(next(iter(discover())), StudentSource(tmp_path), print)
    error = {"kind": "crash", "text": "x" * 2**20, "location": "y" * 2**20}
    assert str(code.failure(error, "", is_training=False)) == "x" * failure.MAX_CHARACTERS
    assert len(str(code.failure(error | {"kind": "stub"}, "", is_training=False))) < 2 * failure.MAX_CHARACTERS
