"""Networks that a student's functions return: looked at before a check uses them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from grading.checks import expect
from grading.outcomes import CheckFailed
from test_cases.e2 import reference

MAX_HIDDEN = 64


def trained_network(found: Any, function: str, sizes: Sequence[int]) -> tuple[str, list[tuple[np.ndarray, np.ndarray]]]:
    """The activation and the layers that a training function returned.

    Args:
        found: what it returned.
        function: its name.
        sizes: of the network; 0 stands for hidden units, of which the student chooses the number.
    Raises:
        CheckFailed: it is something else.
    """
    shown = str(list(sizes)).replace("0", "hidden")
    what = f"{function} should return the name of an activation and a network of sizes {shown}"
    if not isinstance(found, list) or len(found) != 2:
        raise CheckFailed(f"{what}; got {expect.kind(found)}.")
    name, network = found
    if not isinstance(name, str) or name not in reference.ACTIVATIONS:
        got = repr(name[:40]) if isinstance(name, str) else expect.kind(name)
        raise CheckFailed(f"{what}. The name is one of {', '.join(reference.ACTIVATIONS)}; got {got}.")
    if not isinstance(network, list) or len(network) != len(sizes) - 1:
        raise CheckFailed(f"{what}, {len(sizes) - 1} layers; got {counted(network)}.")
    if not all(isinstance(layer, list) and len(layer) == 2 for layer in network):
        raise CheckFailed(f"{what}; one of the layers is no tuple of weight and bias.")
    hidden = network[0][0].shape[-1] if isinstance(network[0][0], np.ndarray) and network[0][0].ndim else 0
    if 0 in sizes and not 0 < hidden <= MAX_HIDDEN:
        raise CheckFailed(f"{what}, with 1 to {MAX_HIDDEN} hidden units; got {hidden}.")
    wanted = [size or hidden for size in sizes]
    layers = []
    for number, (weight, bias) in enumerate(network):
        rows, columns = wanted[number : number + 2]
        name_of = f"layer {number + 1} of the network that {function} returned should have"
        weight = expect.array(weight, (rows, columns), f"{name_of} a weight")
        layers.append((weight, expect.array(bias, (columns,), f"{name_of} a bias")))
    return name, layers


def counted(value: Any) -> str:
    """How many entries a list has, or what else a value is."""
    return f"{len(value)}" if isinstance(value, list) else expect.kind(value)
