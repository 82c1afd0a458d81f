"""A crash over shapes is told with the shapes of what took part, and with the lines that made them."""

from __future__ import annotations

import importlib.util
import textwrap

import pytest
import torch
from torch.nn import Linear, Module

from grading.child import operands


@pytest.fixture
def told(tmp_path):
    """A function that runs `f` of a source text on arguments, and gives what is told of its crash."""

    def tell(source: str, *arguments: object) -> list[str]:
        path = tmp_path / "written.py"
        path.write_text("from torch import *\n" + textwrap.dedent(source))
        spec = importlib.util.spec_from_file_location("written", path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        with pytest.raises(Exception) as caught:  # noqa: PT011  (any error)
            module.f(*arguments)
        steps, step = [], caught.value.__traceback__
        while step is not None:
            if step.tb_frame.f_code.co_filename == str(path):
                steps.append(step)
            step = step.tb_next
        return operands.described(f"{type(caught.value).__name__}: {caught.value}", steps)

    return tell


def test_both_sides_of_a_sum_and_the_line_that_made_one_are_told(told):
    source = '''
    def f(ids):
        """ids: int64 (batch, time)."""
        positions = arange(len(ids))
        return ids + positions
    '''
    assert told(source, torch.zeros(2, 6, dtype=torch.int64)) == [
        "`ids` has shape (2, 6) and dtype int64.",
        "`positions` has shape (2,) and dtype int64. Its values are [0, 1]. Line 5 makes it: `arange(len(ids))`.",
        "6 is the size of dimension 1 of `ids` (time).",
        "2 is the size of dimension 0 of `ids` (batch).",
    ]


def test_an_operand_without_a_name_is_computed_again(told):
    found = told("def f(x):\n    return x.T[:2] + stack([x[0], x[1]])", torch.ones(3, 4))
    assert found[:2] == ["`x.T[:2]` has shape (2, 3).", "`stack([x[0], x[1]])` has shape (2, 4)."]


def test_a_size_that_two_dimensions_have_is_not_said_to_be_one_of_them(told):
    found = told("def f(x, y):\n    return x @ y", torch.ones(3, 3), torch.ones(4, 5))
    assert not any("3 is the size" in sentence for sentence in found)
    assert "4 is the size of dimension 0 of `y`." in found


def test_a_line_further_out_that_made_the_tensor_is_told(told):
    source = """
    def inner(x):
        return x @ ones(2, 2)

    def f(x):
        wide = cat([x, x], dim=1)
        return inner(wide)
    """
    found = told(source, torch.ones(3, 2))
    assert found[0] == "`x` has shape (3, 4). Line 7 in written.py makes it: `cat([x, x], dim=1)`."


def test_a_layer_is_told_with_its_sizes(told):
    found = told("def f(layer, x):\n    return layer(x)", Linear(3, 5), torch.ones(2, 4))
    assert found[0].startswith("`layer` is Linear(in_features=3, out_features=5")
    assert found[1] == "`x` has shape (2, 4)."


def test_a_dtype_is_told_where_the_error_is_about_dtypes(told):
    found = told("def f(x, y):\n    return x @ y", torch.ones(2, 2), torch.ones(2, 2, dtype=torch.float64))
    assert found == ["`x` has shape (2, 2) and dtype float32.", "`y` has shape (2, 2) and dtype float64."]


def test_what_has_effects_is_not_run_again(told):
    calls = []

    class Counting(list):
        def pop(self, *args):
            calls.append(args)
            return super().pop(*args)

    found = told("def f(held, x):\n    return held.pop() + x", Counting([torch.ones(3)] * 2), torch.ones(2))
    assert len(calls) == 1
    assert found[0] == "`x` has shape (2,)."


def test_a_students_property_is_not_run_again(told):
    class Own(Module):
        @property
        def size(self):
            raise AssertionError

        def forward(self, x):
            return x

    assert told("def f(own, x):\n    return own(x)[:, 0, 0]", Own(), torch.ones(2, 2))
    assert told("def f(own, x):\n    raise IndexError('index of ' + str(x.shape))", Own(), torch.ones(2)) == []


@pytest.mark.parametrize("source", ["def f(x):\n    return x.shape + 1", "def f(x):\n    return {}[0]"])
def test_other_errors_are_told_nothing(told, source):
    assert told(source, torch.ones(2)) == []


def test_the_random_state_stays(told):
    before = torch.get_rng_state()
    assert told("def f(x):\n    return bernoulli(x) + x[:1, :2]", torch.full((3, 3), 0.5))
    after = torch.get_rng_state()
    torch.set_rng_state(before)
    torch.bernoulli(torch.full((3, 3), 0.5))  # that of the failing line alone
    assert torch.equal(torch.get_rng_state(), after)
