"""What question 7's classic mistakes give on its stored cases: arrays for `python -m staff.build.gpt_cases` to store.

Computed as the cases are, in float64 without torch. Only the results are stored and shipped, by name, so that the
checks can recognise a mistake without holding the computation that students are to write. The names' explanations are
in test_cases/q7/mistakes.py.
"""

from __future__ import annotations

from functools import partial
from itertools import combinations
from math import erf

import numpy as np

from staff.build.gpt_reference import LAYERS, WIDTH, Weights, attention, block, linear, norm
from test_cases.q6 import computation as question_6

INFINITY = float("inf")
WRONG_ATTENTIONS: dict[str, dict[str, object]] = {
    "attention_without_scale": {"scale": ("layer_size", 0.0, "scores")},
    "attention_scaled_by_the_size": {"scale": ("layer_size", 1.0, "scores")},
    "attention_scaled_by_the_time": {"scale": ("time", 0.5, "scores")},
    "attention_without_mask": {"mask": ("all", -INFINITY, "scaled scores")},
    "attention_with_the_mask_transposed": {"mask": ("transposed", -INFINITY, "scaled scores")},
    "attention_with_the_mask_after_the_softmax": {"mask": ("causal", 0.0, "weights")},
    "attention_with_zeros_for_a_mask": {"mask": ("causal", 0.0, "scaled scores")},
    "attention_with_another_softmax": {
        "weights": "softmax over the queries",
        "mask": ("all", -INFINITY, "scaled scores"),
    },
    "attention_with_queries_and_keys_swapped": {"layers": ("k_layer", "q_layer", "v_layer")},
    "attention_without_values": {"layers": ("q_layer", "k_layer", "input")},
}


# each mistake as the keywords of `wrong_block` that it changes; two with different keywords make a pair
BLOCK_MISTAKES: dict[str, dict[str, str]] = {
    "attention_missing": {"attended": "nothing"},
    "first_sum_missing": {"first_sum": "attended"},
    "first_norm_missing": {"first_norm": ""},
    "second_norm_twice": {"first_norm": "norm_1"},
    "relu_missing": {"thought": "linear"},
    "relu_before_the_linear_layer": {"thought": "linear(relu)"},
    "linear_layer_missing": {"thought": "relu"},
    "second_sum_missing": {"second_sum": "thought"},
    "second_sum_with_the_blocks_input": {"second_sum": "x + thought"},
    "second_sum_with_what_the_norm_got": {"second_sum": "x + attended + thought"},
    "second_norm_missing": {"second_norm": ""},
    "first_norm_twice": {"second_norm": "norm_0"},
    "relu_at_the_end": {"end": "relu"},
}
SINGLE_MISTAKES: dict[str, dict[str, str]] = {  # that make no pairs
    "relu_of_the_attention": {"attended": "relu(attention)"},
    "attention_twice": {"attended": "attention(attention)"},
    "first_product": {"first_sum": "x * attended"},
    "input_added_twice": {"first_sum": "2 x + attended"},
    "linear_layer_of_the_blocks_input": {"thought": "relu(linear(x))"},
    "linear_layer_of_the_attention": {"thought": "relu(linear(attended))"},
    "linear_layer_of_the_first_sum": {"thought": "relu(linear(x + attended))"},
    "linear_layer_twice": {"thought": "linear(relu(linear))"},
    "linear_layer_and_relu_twice": {"thought": "relu(linear(relu(linear)))"},
    "sigmoid_for_the_relu": {"thought": "sigmoid(linear)"},
    "tanh_for_the_relu": {"thought": "tanh(linear)"},
    "softmax_for_the_relu": {"thought": "softmax(linear)"},
    "gelu_for_the_relu": {"thought": "gelu(linear)"},
    "absolute_value_for_the_relu": {"thought": "abs(linear)"},
    "relu_twice": {"thought": "relu(linear(relu))"},
    "second_product": {"second_sum": "first * thought"},
    "second_sum_of_three": {"second_sum": "x + first + thought"},
    "second_sum_with_the_attention": {"second_sum": "attended + thought"},
    "second_sum_with_twice_the_norm": {"second_sum": "2 first + thought"},
    "input_added_at_the_end": {"end": "plus the input"},
    "norm_of_the_attention_input": {"attended": "attention(norm_0)"},
}
TOGETHER = {  # pairs that have a sentence of their own
    "both_sums_missing": ("first_sum_missing", "second_sum_missing"),
    "both_norms_missing": ("first_norm_missing", "second_norm_missing"),
    "norms_swapped": ("second_norm_twice", "first_norm_twice"),
}
TOLD_APART = 0.1  # so far, at least, results of different mistakes are from each other


def wrong_block(
    x: np.ndarray,
    known: Weights,
    *,
    attended: str = "attention",
    first_sum: str = "x + attended",
    first_norm: str = "norm_0",
    thought: str = "relu(linear)",
    second_sum: str = "first + thought",
    second_norm: str = "norm_1",
    end: str = "",
) -> np.ndarray:
    """A transformer block of x, (batch, time, width); right without keywords. `BLOCK_MISTAKES` lists wrong values."""

    def normed(y: np.ndarray, name: str) -> np.ndarray:
        return norm(y, known, name) if name else y

    linearly = partial(linear, known=known, name="linear_0")
    attentions = {
        "attention": lambda: attention(x, known, 0),
        "relu(attention)": lambda: np.maximum(attention(x, known, 0), 0),
        "attention(attention)": lambda: attention(attention(x, known, 0), known, 0),
        "attention(norm_0)": lambda: attention(normed(x, "norm_0"), known, 0),
        "nothing": lambda: np.zeros_like(x),
    }
    found = attentions[attended]()
    first_sums = {
        "x + attended": x + found,
        "attended": found,
        "x * attended": x * found,
        "2 x + attended": 2 * x + found,
    }
    first = normed(first_sums[first_sum], first_norm)
    thoughts = {
        "relu(linear(x))": lambda: np.maximum(linearly(x), 0),
        "relu(linear(attended))": lambda: np.maximum(linearly(found), 0),
        "relu(linear(x + attended))": lambda: np.maximum(linearly(x + found), 0),
        "linear(relu(linear))": lambda: linearly(np.maximum(linearly(first), 0)),
        "relu(linear(relu(linear)))": lambda: np.maximum(linearly(np.maximum(linearly(first), 0)), 0),
        "relu(linear(relu))": lambda: np.maximum(linearly(np.maximum(first, 0)), 0),
        "sigmoid(linear)": lambda: 1 / (1 + np.exp(-linearly(first))),
        "tanh(linear)": lambda: np.tanh(linearly(first)),
        "softmax(linear)": lambda: np.exp(linearly(first)) / np.exp(linearly(first)).sum(axis=-1, keepdims=True),
        "gelu(linear)": lambda: _gelu(linearly(first)),
        "abs(linear)": lambda: np.abs(linearly(first)),
        "relu(linear)": lambda: np.maximum(linearly(first), 0),
        "linear": lambda: linearly(first),
        "linear(relu)": lambda: linearly(np.maximum(first, 0)),
        "relu": lambda: np.maximum(first, 0),
    }
    then = thoughts[thought]()
    sums = {
        "first + thought": lambda: first + then,
        "thought": lambda: then,
        "x + thought": lambda: x + then,
        "x + attended + thought": lambda: x + found + then,
        "first * thought": lambda: first * then,
        "x + first + thought": lambda: x + first + then,
        "attended + thought": lambda: found + then,
        "2 first + thought": lambda: 2 * first + then,
    }
    output = normed(sums[second_sum](), second_norm)
    return {"relu": np.maximum(output, 0), "plus the input": output + x}.get(end, output)


def _gelu(x: np.ndarray) -> np.ndarray:
    """Hendrycks and Gimpel (2016), with the normal distribution function itself."""
    return x * (1 + np.vectorize(erf)(x / np.sqrt(2))) / 2


def wrong_blocks(x: np.ndarray, known: Weights) -> dict[str, np.ndarray]:
    """What mistakes in a transformer block make of x, (batch, time, width), by name; pairs as `one+other`."""
    first_norm, second_norm = (partial(norm, known=known, name=f"norm_{number}") for number in (0, 1))
    linearly = partial(linear, known=known, name="linear_0")
    attended = attention(x, known, 0)
    first = first_norm(x + attended)

    def think(y: np.ndarray) -> np.ndarray:
        return np.maximum(linearly(y), 0)

    def second_half(y: np.ndarray) -> np.ndarray:
        return second_norm(y + think(y))

    normed_first = x + attention(first_norm(x), known, 0)
    normed_late = x + first_norm(attended)
    thought_first = first_norm(x + think(x))
    found = {name: wrong_block(x, known, **mistake) for name, mistake in (BLOCK_MISTAKES | SINGLE_MISTAKES).items()}
    for name, (one, other) in TOGETHER.items():
        found[name] = wrong_block(x, known, **BLOCK_MISTAKES[one], **BLOCK_MISTAKES[other])
    found |= {
        "norms_before_the_layers": normed_first + think(second_norm(normed_first)),
        "norms_before_the_sums": normed_late + second_norm(think(normed_late)),
        "relu_after_the_second_sum": second_norm(np.maximum(first + linearly(first), 0)),
        "linear_layer_before_attention": second_norm(thought_first + attention(thought_first, known, 0)),
    }
    layers = {name.replace("_0.", "."): array for name, array in known.items() if "_layer_0." in name}
    for name, mistake in WRONG_ATTENTIONS.items():
        found[name] = second_half(first_norm(x + question_6.attention(x, layers, **mistake)))  # type: ignore[arg-type]
    right = second_half(first)
    for one, other in combinations(BLOCK_MISTAKES, 2):
        changes = BLOCK_MISTAKES[one].keys() & BLOCK_MISTAKES[other].keys()
        if changes or (one, other) in TOGETHER.values() or (other, one) in TOGETHER.values():
            continue
        result = wrong_block(x, known, **BLOCK_MISTAKES[one], **BLOCK_MISTAKES[other])
        if all(_distance(result, known_one) > TOLD_APART for known_one in (right, *found.values())):
            found[f"{one}+{other}"] = result
    return found


def _distance(one: np.ndarray, other: np.ndarray) -> float:
    return float((np.abs(one - other) / (1 + np.abs(other))).max())


def wrong_models(ids: np.ndarray, known: Weights, with_positions: bool) -> dict[str, np.ndarray]:
    """What mistakes in a GPT of right blocks make of ids, (batch, time), by name: logits, or what is in their place."""
    tokens = known["embedding_0.weight"].astype(np.float64)[ids]
    table = known["position_0.weight"].astype(np.float64) * (1.0 if with_positions else 0.0)
    places = table[: ids.shape[1]]
    last_norm = partial(norm, known=known, name=f"norm_{2 * LAYERS}")
    scores = partial(linear, known=known, name="output_0")

    def through(x: np.ndarray, *numbers: int) -> np.ndarray:
        for number in numbers:
            x, _ = block(x, known, number)
        return x

    in_turn = range(LAYERS)
    x = tokens + places
    logits = scores(last_norm(through(x, *in_turn)))
    around, normed, with_tokens, beside = x, x, x, 0 * x
    for number in in_turn:
        with_tokens = through(with_tokens + tokens, number)
        beside = beside + through(x, number)
        around = around + through(around, number)
        normed = last_norm(through(normed, number))
    shares = np.exp(logits - logits.max(axis=2, keepdims=True))
    found = {
        "only_the_first_block": scores(last_norm(through(x, 0))),
        "only_the_last_block": scores(last_norm(through(x, LAYERS - 1))),
        "first_block_for_all": scores(last_norm(through(x, *[0] * LAYERS))),
        "last_block_for_all": scores(last_norm(through(x, *[LAYERS - 1] * LAYERS))),
        "blocks_backwards": scores(last_norm(through(x, *reversed(in_turn)))),
        "blocks_missing": scores(last_norm(x)),
        "sums_around_blocks": scores(last_norm(around)),
        "norm_missing": scores(through(x, *in_turn)),
        "norm_before_the_blocks": scores(through(last_norm(x), *in_turn)),
        "norm_before_and_after_the_blocks": scores(last_norm(through(last_norm(x), *in_turn))),
        "norm_after_every_block": scores(normed),
        "norm_of_the_last_block": scores(norm(through(x, *in_turn), known, f"norm_{2 * LAYERS - 1}")),
        "tokens_again_at_every_block": scores(last_norm(with_tokens)),
        "blocks_beside_each_other": scores(last_norm(beside)),
        "blocks_twice": scores(last_norm(through(x, *in_turn, *in_turn))),
        "embeddings_added_after_the_blocks": scores(last_norm(through(x, *in_turn) + x)),
        "relu_of_the_embeddings": scores(last_norm(through(np.maximum(x, 0), *in_turn))),
        "relu_before_the_output_layer": scores(np.maximum(last_norm(through(x, *in_turn)), 0)),
        "relu_after_every_block": scores(last_norm(_with_relus(x, known))),
        "sigmoid_at_the_end": 1 / (1 + np.exp(-logits)),
        "tanh_at_the_end": np.tanh(logits),
        "mean_over_time_at_the_end": scores(
            last_norm(through(x, *in_turn)).mean(axis=1, keepdims=True).repeat(ids.shape[1], axis=1)
        ),
        "last_position_for_all": logits[:, -1:].repeat(ids.shape[1], axis=1),
        "first_row_for_all": logits[:1].repeat(len(ids), axis=0),
        "relu_at_the_end": np.maximum(logits, 0),
        "softmax_at_the_end": shares / shares.sum(axis=2, keepdims=True),
        "log_softmax_at_the_end": np.log(shares / shares.sum(axis=2, keepdims=True)),
        "softmax_over_time_at_the_end": np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True),
        "tokens_vectors_for_the_output_layer": last_norm(through(x, *in_turn)) @ known["embedding_0.weight"].T,
    }
    if with_positions:
        found |= {
            "positions_missing": scores(last_norm(through(tokens, *in_turn))),
            "positions_backwards": scores(last_norm(through(tokens + places[::-1], *in_turn))),
            "first_position_for_all": scores(last_norm(through(tokens + table[0], *in_turn))),
            "positions_of_the_end_of_the_block": scores(last_norm(through(tokens + table[-ids.shape[1] :], *in_turn))),
            "positions_one_late": scores(
                last_norm(through(tokens + table[np.arange(-1, ids.shape[1] - 1).clip(0)], *in_turn))
            ),
            "positions_by_the_rows": scores(last_norm(through(tokens + table[np.arange(len(ids))][:, None], *in_turn))),
            "position_of_the_last_for_all": scores(last_norm(through(tokens + places[-1], *in_turn))),
            "positions_subtracted": scores(last_norm(through(tokens - places, *in_turn))),
            "positions_twice": scores(last_norm(through(tokens + 2 * places, *in_turn))),
            "positions_multiplied": scores(last_norm(through(tokens * places, *in_turn))),
            "positions_after_the_blocks": scores(last_norm(through(tokens, *in_turn) + places)),
            "positions_again_at_every_block": scores(last_norm(_with_places(tokens, places, known))),
            "tokens_missing": scores(last_norm(through(places + 0 * tokens, *in_turn))),
            "tokens_times_the_root_of_the_width": scores(
                last_norm(through(tokens * np.sqrt(WIDTH) + places, *in_turn))
            ),
        }
    return found


def _with_places(x: np.ndarray, places: np.ndarray, known: Weights) -> np.ndarray:
    for number in range(LAYERS):
        x, _ = block(x + places, known, number)
    return x


def _with_relus(x: np.ndarray, known: Weights) -> np.ndarray:
    for number in range(LAYERS):
        x, _ = block(x, known, number)
        x = np.maximum(x, 0)
    return x
