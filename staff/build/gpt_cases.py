"""Make question 7's stored cases: `python -m staff.build.gpt_cases [--check]`.

A transformer block and a small GPT with random weights, random inputs, and what must come out, computed here in float64
without torch and without the reference solution. The GPT's logits are stored with and without the position embedding:
solutions written for other editions of this project have none. Beside them lies what classic mistakes give, from
staff/build/gpt_mistakes.py.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from staff.build.archive import same_arrays, write_npz

FOLDER = Path(__file__).resolve().parents[2] / "test_cases" / "q7" / "cases"
BLOCK_SIZE, WIDTH, LAYERS, VOCABULARY = 6, 8, 2, 11  # all different: checks tell layers by their shapes
BATCHES = ((2, 6), (3, 4), (1, 1))  # batch, time
NORM_EPSILON = 1e-5  # torch's LayerNorm

Weights = dict[str, np.ndarray]


def weights(random: np.random.Generator, layers: int, norms: int) -> Weights:
    """Random weights of blocks, large enough for every part to matter, as float32."""
    found: Weights = {}
    for number in range(layers):
        for layer in ("k_layer", "q_layer", "v_layer", "linear"):
            found[f"{layer}_{number}.weight"] = random.normal(0, WIDTH**-0.5, (WIDTH, WIDTH))
            found[f"{layer}_{number}.bias"] = random.normal(0, 0.3, WIDTH)
    for number in range(norms):
        found[f"norm_{number}.weight"] = random.uniform(0.5, 1.5, WIDTH)
        found[f"norm_{number}.bias"] = random.normal(0, 0.3, WIDTH)
    return {name: array.astype(np.float32) for name, array in found.items()}


def linear(x: np.ndarray, known: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """x W^T + b in float64; x: (..., width)."""
    return x @ known[f"{name}.weight"].T.astype(np.float64) + known.get(f"{name}.bias", 0.0)


def norm(x: np.ndarray, known: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """Layer normalisation over the last dimension (Ba, Kiros & Hinton, 2016)."""
    centred = x - x.mean(axis=-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + NORM_EPSILON)
    return scaled * known[f"{name}.weight"] + known[f"{name}.bias"]


def attention(x: np.ndarray, known: Mapping[str, np.ndarray], number: int) -> np.ndarray:
    """Causal scaled dot-product attention; x: (batch, time, width)."""
    time = x.shape[1]
    queries, keys, values = (linear(x, known, f"{layer}_{number}") for layer in ("q_layer", "k_layer", "v_layer"))
    scores = queries @ keys.transpose(0, 2, 1) / np.sqrt(x.shape[2])  # (batch, time, time)
    shares = np.exp(np.where(np.tril(np.ones((time, time))) == 1, scores, -np.inf))
    return shares / shares.sum(axis=2, keepdims=True) @ values


def block(x: np.ndarray, known: Mapping[str, np.ndarray], number: int) -> tuple[np.ndarray, np.ndarray]:
    """What a transformer block gives, and what it had before its last norm; x: (batch, time, width)."""
    x = norm(x + attention(x, known, number), known, f"norm_{2 * number}")
    x = x + np.maximum(linear(x, known, f"linear_{number}"), 0)
    return norm(x, known, f"norm_{2 * number + 1}"), x


def stored(numbers: np.ndarray) -> np.ndarray:
    """Rounded, so that another machine's sums, which differ in the last bits, give the same file."""
    return numbers.round(6).astype(np.float32)


def block_case() -> Weights:
    """The arrays of cases/block.npz."""
    random = np.random.default_rng([7, 1])
    known = weights(random, layers=1, norms=2)
    x = random.standard_normal((3, BLOCK_SIZE - 1, WIDTH)).astype(np.float32)
    output, before_last_norm = block(x.astype(np.float64), known, 0)
    # the embeddings' shapes, which tell layers apart, belong to every case
    shapes = {"position_0.weight": np.zeros((BLOCK_SIZE, WIDTH)), "output_0.weight": np.zeros((VOCABULARY, WIDTH))}
    return (
        known
        | shapes
        | {
            "block_size": np.array([BLOCK_SIZE]),
            "x": x,
            "output": stored(output),
            "before_last_norm": stored(before_last_norm),
        }
    )


def model_case() -> Weights:
    """The arrays of cases/model.npz."""
    random = np.random.default_rng([7, 2])
    known = weights(random, LAYERS, norms=2 * LAYERS + 1)
    # no biases: some editions' layers have none
    for name, rows in (("embedding", VOCABULARY), ("position", BLOCK_SIZE), ("output", VOCABULARY)):
        known[f"{name}_0.weight"] = random.standard_normal((rows, WIDTH)).astype(np.float32)
    arrays = known | {"sizes": np.array([BLOCK_SIZE, WIDTH, LAYERS, VOCABULARY])}
    for number, shape in enumerate(BATCHES):
        ids = random.integers(VOCABULARY, size=shape)
        arrays[f"ids_{number}"] = ids
        arrays[f"logits_{number}"] = stored(logits(ids, known, with_positions=True))
        arrays[f"logits_without_positions_{number}"] = stored(logits(ids, known, with_positions=False))
    return arrays


def block_mistakes() -> Weights:
    """The arrays of cases/block_mistakes.npz: by the mistake's name, what it gives."""
    from staff.build import gpt_mistakes# which computes with this module

    case = block_case()
    return {
        name: stored(array) for name, array in gpt_mistakes.wrong_blocks(case["x"].astype(np.float64), case).items()
    }


def model_mistakes() -> Weights:
    """The arrays of cases/model_mistakes.npz: by the mistake's name, what it gives, all batches in one flat array.

    Those of a GPT without positions are named `..._without_positions`.
    """
    from staff.build import gpt_mistakes# which computes with this module

    case, found = model_case(), {}
    for suffix, with_positions in (("", True), ("_without_positions", False)):
        batches = [
            gpt_mistakes.wrong_models(case[f"ids_{number}"], case, with_positions) for number in range(len(BATCHES))
        ]
        for name in batches[0]:
            found[f"{name}{suffix}"] = stored(np.concatenate([batch[name].flatten() for batch in batches]))
    return found


def logits(ids: np.ndarray, known: Mapping[str, np.ndarray], with_positions: bool) -> np.ndarray:
    """A GPT's logits, (batch, time, vocabulary), for ids (batch, time)."""
    x = known["embedding_0.weight"].astype(np.float64)[ids]
    if with_positions:
        x = x + known["position_0.weight"][: ids.shape[1]]
    for number in range(LAYERS):
        x, _ = block(x, known, number)
    return linear(norm(x, known, f"norm_{2 * LAYERS}"), known, "output_0")


def main(argv: list[str] | None = None) -> int:
    """Write the cases, or with --check compare; returns 1 if a file differs."""
    parser = argparse.ArgumentParser(prog="python -m staff.build.gpt_cases", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail if a stored case is not what comes out"
    )
    arguments = parser.parse_args(argv)
    status = 0
    cases = {
        "block": block_case,
        "model": model_case,
        "block_mistakes": block_mistakes,
        "model_mistakes": model_mistakes,
    }
    for name, make in cases.items():
        arrays = make()
        path = FOLDER / f"{name}.npz"
        if not arguments.check:
            FOLDER.mkdir(parents=True, exist_ok=True)
            write_npz(path, arrays)
        elif not same_arrays(path, arrays):
            print(f"{path} differs; run python -m staff.build.gpt_cases")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
