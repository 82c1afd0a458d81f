"""What question 7's classic mistakes give on its stored cases: arrays for `python -m staff.build.gpt_cases` to store.

Computed as the cases are, in float64 without torch. Only the results are stored and shipped, by name, so that the
checks can recognise a mistake without holding the computation that students are to write. The names' explanations are
in test_cases/q7/mistakes.py.
"""

from __future__ import annotations

from functools import partial
from itertools import combinations

import numpy as np

from staff.build.gpt_reference import LAYERS, WIDTH, Weights, attention, block, linear, norm
from test_cases.q6 import mistakes as question_6

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
    found = attention(x, known, 0) if attended == "attention" else np.zeros_like(x)
    first = normed(x + found if first_sum == "x + attended" else found, first_norm)
    thoughts = {
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
    }
    output = normed(sums[second_sum](), second_norm)
    return np.maximum(output, 0) if end == "relu" else output


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
    found = {name: wrong_block(x, known, **mistake) for name, mistake in BLOCK_MISTAKES.items()}
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
    around, normed = x, x
    for number in in_turn:
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
