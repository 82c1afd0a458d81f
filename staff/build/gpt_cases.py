"""Make question 7's stored cases: `python -m staff.build.gpt_cases [--check]`.

A transformer block and a small GPT with random weights, random inputs, and what must come out, computed by
staff/build/gpt_reference.py. The GPT's logits are stored with and without the position embedding:
solutions written for other editions of this project have none. Beside them lies what classic mistakes give, from
staff/build/gpt_mistakes.py.
"""

from __future__ import annotations

import argparse

import numpy as np

from staff.build import gpt_mistakes
from staff.build.archive import same_arrays, write_npz
from staff.build.gpt_reference import BLOCK_SIZE, LAYERS, VOCABULARY, WIDTH, Weights, attention, block, logits, weights
from startup import ending
from startup.project import PROJECT_DIRECTORY

FOLDER = PROJECT_DIRECTORY / "test_cases" / "q7" / "cases"
BATCHES = ((2, 6), (3, 4), (1, 1))  # batch, time


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
            "attended": stored(attention(x.astype(np.float64), known, 0)),
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
    case = block_case()
    return {
        name: stored(array) for name, array in gpt_mistakes.wrong_blocks(case["x"].astype(np.float64), case).items()
    }


def model_mistakes() -> Weights:
    """The arrays of cases/model_mistakes.npz: by the mistake's name, what it gives, all batches in one flat array.

    Those of a GPT without positions are named `..._without_positions`.
    """
    case, found = model_case(), {}
    for suffix, with_positions in (("", True), ("_without_positions", False)):
        batches = [
            gpt_mistakes.wrong_models(case[f"ids_{number}"], case, with_positions) for number in range(len(BATCHES))
        ]
        for name in batches[0]:
            found[f"{name}{suffix}"] = stored(np.concatenate([batch[name].flatten() for batch in batches]))
    return found


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
    ending.run(main)
