"""What can go wrong with each part of question 6's computation.

Each part of `ATTENTION` lists wrong values of one keyword of `computation.attention`, with what a student is told.
`grading.checks.combinations` tries all of them, alone and in pairs.
"""

from __future__ import annotations

import itertools
from math import inf

from grading.checks.combinations import Computation, Part, Variant
from test_cases.q6.computation import KEPT, RIGHT_LAYERS, RIGHT_SCALE, ROLES, attention


def _layer_variants() -> tuple[Variant, ...]:
    """Every wrong choice of a layer, or of the input itself, for the three roles."""
    found = []
    for layers in itertools.product((*RIGHT_LAYERS, "input"), repeat=len(ROLES)):
        if layers == RIGHT_LAYERS:
            continue
        facts = [
            _role_fact(role, layer, right)
            for role, layer, right in zip(ROLES, layers, RIGHT_LAYERS, strict=True)
            if layer != right
        ]
        if layers[:2] == ("k_layer", "q_layer"):
            facts[:2] = [
                "Queries and keys are exchanged. Row i of the scores should belong to the query of position i. Column "
                "j should belong to the key of position j."
            ]
        is_permutation = set(layers) == set(RIGHT_LAYERS)
        question = "Which layer gives the queries, which the keys, and which the values?" if is_permutation else ""
        if layers == ("k_layer", "q_layer", "v_layer"):  # exchanged layers and an exchanged product look the same
            question = "Are the layers of queries and keys exchanged, or their order in the product?"
        found.append(Variant(layers, " ".join(facts), question))
    return tuple(found)


def _role_fact(role: str, layer: str, right: str) -> str:
    source = "`input` itself" if layer == "input" else f"the output of `{layer}`"
    if role == "values":
        return f"The weights multiply the wrong tensor: {source}. The weights should multiply the output of `v_layer`."
    return f"The {role} are {source}. The {role} should be the output of `{right}`."


_SIZES = {
    "layer_size": "the layer size",
    "time": "the number of positions",
    "block_size": "the block size",
    "batch": "the batch size",
}
_POWERS = {
    0.25: "the fourth root of {}",
    0.5: "the square root of {}",
    1.0: "{}",
    1.5: "{} to the power of 1.5",
    2.0: "the square of {}",
}


def _scale_variants() -> tuple[Variant, ...]:
    """Every size to every power, divided by or multiplied with, and the right scale in the wrong position."""
    expected = "The scores should be divided by the square root of the layer size."
    found = [Variant(("layer_size", 0.0, "scores"), f"The scores are not divided by anything. {expected}")]
    for size, power in itertools.product(_SIZES, _POWERS):
        amount = _POWERS[power].format(_SIZES[size])
        if size == "layer_size" and power == 1:
            question = "Is the square root missing, or are the scores divided twice?"
        else:
            question = ""
        if (size, power) != RIGHT_SCALE[:2]:
            found.append(Variant((size, power, "scores"), f"The scores are divided by {amount}. {expected}", question))
        found.append(Variant((size, -power, "scores"), f"The scores are multiplied by {amount}. {expected}"))
    found.append(
        Variant(
            ("rounded root", 1.0, "scores"),
            f"The scores are divided by the square root of the layer size, rounded down to a whole number. {expected}",
        )
    )
    for power in (0.5, 1.0):
        amount = _POWERS[power].format(_SIZES["layer_size"])
        fact = f"The weights are divided by {amount}, after the softmax. The division belongs before the softmax."
        found.append(Variant(("layer_size", power, "weights"), fact))
    return tuple(found)


_KEPT = {
    "all": (
        "Every position attends to all positions, as if there were no mask.",
        "Is the masked result thrown away, or do masked scores get a number that is not small enough?",
    ),
    "transposed": (
        "Each position attends to itself and to later positions. The mask is transposed.",
        "Does row i of your mask belong to the query of position i?",
    ),
    "reversed": (
        "Each position attends to later positions only. The mask fills the scores that it should keep.",
        "Where should the first argument of `masked_fill` be true?",
    ),
    "strict": (
        "No position attends to itself. Position i should attend to the positions 0 to i.",
        "Is the diagonal of the mask left out?",
    ),
    "one ahead": (
        "Each position also attends to the next position. Position i should attend to the positions 0 to i.",
        "Is the mask shifted by one?",
    ),
    "last rows": (
        "Inputs shorter than block_size get the last rows of the mask. These rows belong to later positions, which may "
        "look at more.",
        "Which rows of the mask belong to the first `time` positions?",
    ),
}
_FILLINGS = (0.0, -1.0, -2.0, -5.0, -10.0, 1.0)  # numbers whose weight shows
LARGE = -1e9  # right, unless a whole row is masked: then the row's weights are equal


def _mask_variants() -> tuple[Variant, ...]:
    """Every wrong set of positions, filling and step, and their combinations."""
    expected = "A masked score should get a weight of 0."
    steps: list[tuple[float, str, str, str]] = [
        (-inf, "scaled scores", "", ""),
        (LARGE, "scaled scores", "", ""),
        (
            0.0,
            "weights",
            "Your mask comes after the softmax. Weights that are not masked then sum to less than 1.",
            "",
        ),
        (-inf, "weights", "The weights are set to minus infinity after the softmax.", ""),
        (LARGE, "filling added", "", ""),
        (inf, "scaled scores", "Masked scores are plus infinity. They should be minus infinity.", ""),
        (0.0, "added", f"The mask is added to the scores. Masked scores still get weight. {expected}", ""),
    ]
    for filling, step in itertools.product(_FILLINGS, ("scaled scores", "scores")):
        if filling == 0 and step == "scores":
            continue  # 0 divided by the scale is 0
        when = " before the division" if step == "scores" else ""
        fact = f"Masked scores are {filling:g}{when}. A score of {filling:g} still gets weight."
        steps.append((filling, step, fact, "Which score has a weight of 0 after the softmax?"))
    found = [Variant(("all", -inf, "scaled scores"), *_KEPT["all"])]
    for (filling, step, fact, question), kept in itertools.product(steps, (name for name in KEPT if name != "all")):
        if kept == "causal" and filling in (-inf, LARGE) and step in ("scaled scores", "filling added"):
            continue  # right
        if kept != "causal" and (filling, step) in ((-inf, "weights"), (inf, "scaled scores")):
            continue  # nearly every output is NaN, whichever positions are kept
        kept_fact, kept_question = _KEPT.get(kept, ("", ""))
        found.append(Variant((kept, filling, step), f"{kept_fact} {fact}".strip(), kept_question or question))
    return tuple(found)


_WRONG_AXIS = (
    "The softmax runs over the wrong dimension: over {}. The weights of one query should sum to 1 over the keys."
)
_WHICH_AXIS = "Which dimension of the scores belongs to the keys?"
_ACTIVATION = "The output passes through a {} at the end. Attention has no activation after the weighted mean."
ATTENTION = Computation(
    attention,
    (
        Part("layers", _layer_variants()),
        Part(
            "projection",
            (
                Variant("x W^T", "The biases of the three layers are left out. Call the layers instead."),
                Variant("x W + b", "The input is multiplied by `weight` without a transpose. Call the layers instead."),
                *(
                    Variant(
                        f"relu of {role}",
                        f"A relu is applied to {'queries, keys and values' if role == 'all' else role}. Attention uses "
                        "the outputs of the three layers as they are.",
                    )
                    for role in (*(f"the {role}" for role in ROLES), "all")
                ),
            ),
        ),
        Part(
            "product",
            (
                Variant(
                    "queries @ reshaped keys",
                    "`reshape` or `view` gives your keys the shape (batch, layer_size, time). This mixes the numbers "
                    "of different positions: `reshape` and `view` cannot exchange dimensions.",
                    "How does your code exchange the last two dimensions of the keys?",
                ),
            ),
        ),
        Part(
            "scored",
            (
                Variant("negative", "The scores have the wrong sign."),
                Variant("absolute values", "The absolute values of the scores are used. Use the scores as they are."),
                Variant("relu", "The scores pass through a relu. Use the scores as they are."),
                Variant("tanh", "The scores pass through a tanh. Use the scores as they are."),
                Variant("squares", "The scores are squared. Use the scores as they are."),
                Variant(
                    "transposed at last",
                    "The scores are transposed between the mask and the softmax. Row i should belong to the query of "
                    "position i.",
                ),
            ),
        ),
        Part("scale", _scale_variants()),
        Part("mask", _mask_variants()),
        Part(
            "shrunk",
            tuple(
                Variant(
                    (size, power),
                    f"The weights, or the output, are divided by {_POWERS[power].format(_SIZES[size])} after the "
                    "softmax. The scores alone should be divided.",
                )
                for size, power in itertools.product(_SIZES, (0.5, 1.0))
            ),
        ),
        Part(
            "weights",
            (
                Variant("softmax over the queries", _WRONG_AXIS.format("the queries, dimension 1"), _WHICH_AXIS),
                Variant("softmax over the batch", _WRONG_AXIS.format("the batch, dimension 0"), _WHICH_AXIS),
                Variant("softmax over queries and keys", _WRONG_AXIS.format("queries and keys together"), _WHICH_AXIS),
                Variant("softmax twice", "The softmax is applied twice. The scores should pass through one softmax."),
                Variant("log of the softmax", "The weights are the logarithm of the softmax. Use the softmax itself."),
                Variant("sigmoid", "A sigmoid takes the position of the softmax. The weights do not sum to 1."),
                Variant("relu", "A relu takes the position of the softmax. The weights do not sum to 1."),
                Variant("exponential", "The weights are e^score. The weights are not divided by their sum."),
                Variant("sum", "The scores are divided by their sum. The exponential of the softmax is missing."),
                Variant("none", "The softmax is missing. The scores themselves multiply the values."),
            ),
        ),
        Part(
            "output",
            (
                *(Variant(name, _ACTIVATION.format(name)) for name in ("relu", "tanh", "sigmoid", "softmax")),
                Variant(
                    "plus the input",
                    "The input is added to the output. Return the weighted mean alone. Question 7's block does the "
                    "addition.",
                ),
                Variant("plus the values", "The values are added to the output. Return the weighted mean alone."),
                Variant("times the input", "The output is multiplied by the input. Return the weighted mean alone."),
                Variant("norm", "The output is normalised. Question 7's block has the norms; the attention has none."),
                *(
                    Variant(
                        f"{how} over time",
                        f"The output is the {how} over all positions. Each position should keep an output of its own.",
                    )
                    for how in ("mean", "sum")
                ),
                Variant("last position", "The output holds the last position alone. Every position needs an output."),
                Variant(
                    "transposed",
                    "The last two dimensions of the output are exchanged.",
                    "In which order do the weights and the values stand in the last product?",
                ),
                Variant(
                    "squeezed",
                    "The output has lost each dimension of size 1. A batch of 1 or a time of 1 should stay. "
                    "`squeeze()` without a dimension removes them all.",
                    "Which dimension should be removed?",
                ),
                Variant(
                    "transposed weights @ values",
                    "The weights are transposed before the last product.",
                    "Does row i of the weights belong to the query of position i?",
                ),
                *(
                    Variant(layer, f"The output passes through `{layer}` at the end. Return the weighted mean itself.")
                    for layer in RIGHT_LAYERS
                ),
                Variant(
                    "weights",
                    "The output is the weights themselves, one for each pair of positions. The weights should multiply "
                    "the values.",
                ),
                Variant("scores", "The output is the scores themselves. The softmax and the values are missing."),
            ),
        ),
    ),
)  # fmt: skip
ONLY_WHOLE_BLOCKS = (
    "The block works for inputs of `block_size` positions. For shorter inputs it crashes. `self.mask` always has "
    "block_size rows and columns. Which part of the mask fits `time` positions?"
)
UNSTEADY = "Two calls with the same input gave different outputs. Is something random in `forward`, such as dropout?"
NOT_A_NUMBER = (
    "Some outputs are NaN. The softmax gives NaN if all its scores are minus infinity. Does the mask keep at least one "
    "score along the dimension of the softmax?"
)
