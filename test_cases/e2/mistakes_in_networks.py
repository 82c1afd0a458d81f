"""The classic mistakes in the networks of elective 2, and what trained networks show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from grading.checks import expect, variants
from grading.checks.variants import EXACT, joined
from test_cases.e2 import reference
from test_cases.e2.reference import Layers

SURE = 0.9  # the probability of its right class from which on a corner of XOR counts as learned
FAR = 0.02  # mean squared error of a network that has learned little; a flat line has 0.5


def outputs(x: np.ndarray, layers: Layers, activation: str, wrong: str) -> np.ndarray:
    """The outputs of a network with a mistake."""
    act = reference.ACTIVATIONS["tanh" if wrong == "always tanh" else activation][0]
    if wrong == "activation at the end":
        return act(reference.network(x, layers, activation))
    for number, (weight, bias) in enumerate(layers):
        x = x @ weight + (0 if wrong == "no biases" else bias)
        if number < len(layers) - 1 and wrong != "linear":
            x = act(x)
    return x


IN_OUTPUTS = {
    "activation at the end": "The activation follows the last layer, too. Outputs may take any value.",
    "linear": "No activation follows the layers. Without activations, all layers together are one linear layer.",
    "always tanh": "The activation is tanh, whatever its name. ACTIVATIONS has the functions by name.",
    "no biases": "The biases have no influence.",
}


def gradients(above: np.ndarray, x: np.ndarray, layers: Layers, activation: str, wrong: str) -> list[np.ndarray]:
    """The gradients with respect to weight and bias of each layer in turn, with a mistake."""
    act, back = reference.ACTIVATIONS[activation]
    if wrong in ALWAYS:
        back = reference.ACTIVATIONS[ALWAYS[wrong]][1]
    entered, sums = [x], []
    for weight, bias in layers:
        sums.append(reference.linear(entered[-1], weight, bias))
        entered.append(act(sums[-1]))
    found: list[np.ndarray] = []
    if wrong == "derivative at the end":
        above = back(above, sums[-1])
    for number in reversed(range(len(layers))):
        into = sums[number - 1] if wrong == "sums enter" and number else entered[number]
        _, by_weight, by_bias = reference.linear_backward(above, into, layers[number][0])
        found = [*found, by_weight, by_bias] if wrong == "reversed" else [by_weight, by_bias, *found]
        above = above @ layers[number][0].T
        if number and wrong == "derivative of the outputs":
            above = back(above, entered[number])
        elif number and wrong != "no derivative":
            above = back(above, sums[number - 1])
    if wrong == "biases first":
        return [found[number ^ 1] for number in range(len(found))]
    return found


ALWAYS = {f"always {name}": name for name in reference.ACTIVATIONS}
IN_GRADIENTS = {
    **{
        wrong: f"The derivatives are those of {name}, whatever the activation is. ACTIVATIONS has both halves by name."
        for wrong, name in ALWAYS.items()
    },
    "no derivative": "The derivatives of the activations are missing. Which function lies between two linear layers?",
    "derivative of the outputs": (
        "The derivatives of the activations are taken at what came out of them. The backward half wants what went in."
    ),
    "derivative at the end": "The derivative of an activation follows the last layer. No activation is there.",
    "sums enter": (
        "The gradients with respect to the weights use what went into the activations. What came out of an activation "
        "goes into the next layer."
    ),
    "reversed": "Your list begins with the gradients of the last layer. It should begin with those of the first layer.",
    "biases first": (
        "Weights and biases are swapped. A layer's tuple begins with the gradient with respect to its weight."
    ),
}


def of_outputs(found: np.ndarray, x: np.ndarray, layers: Layers, activation: str) -> str:
    """The explanation of the mistake that gives the outputs that `network_forward` gave."""
    return variants.recognised(reference.network, outputs, IN_OUTPUTS, [((x, layers, activation), found)])


def of_gradients(found: Sequence[np.ndarray], above: np.ndarray, x: np.ndarray, layers: Layers, activation: str) -> str:
    """The explanation of the mistake that gives the gradients, (weight, bias) of each layer in turn."""
    shapes = [np.shape(array) for array in found]
    fitting = set()
    for wrong, explanation in IN_GRADIENTS.items():
        if ALWAYS.get(wrong) == activation:  # the right derivatives
            continue
        arrays = gradients(above, x, layers, activation, wrong)
        if shapes == [array.shape for array in arrays] and expect.is_close(joined(*found), joined(*arrays), EXACT):
            fitting.add(explanation)
    return fitting.pop() if len(fitting) == 1 else ""


def of_xor(right: np.ndarray) -> str:
    """What ten trained networks show.

    Args:
        right: the probability of the right class, (runs, corners).
    """
    failed = right[right.min(axis=1) < SURE]
    stuck = int((failed.min(axis=1) <= 0.5).sum())
    if len(failed) == len(right) and failed.max() < SURE:
        return "No network is sure of any corner. Is training long enough, and is the learning rate large enough?"
    if stuck:
        return (
            f"In {stuck} of {len(right)} trainings, at least one of the four points gets the wrong answer. From some "
            "first weights, training gets stuck, and the loss stays high. Does train_xor look at its last loss, and "
            "begin again with new random weights?"
        )
    return "Every network has all corners on the right side, but some are unsure. Is training long enough?"


def of_sine(x: np.ndarray, found: np.ndarray, right: np.ndarray) -> str:
    """What a network that misses the wave shows. All are (count, 1)."""
    error = np.square(found - right)
    if error.mean() > FAR:
        return (
            "The network is far from the wave. Do all weights get their gradients in every step, and does the loss "
            "still fall when training ends?"
        )
    worst = float(x.ravel()[error.argmax()])
    return f"The error is largest near x = {worst:.1f}. Do units bend there? Is training long enough?"
