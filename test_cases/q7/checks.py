"""Question 7: block and GPT are exact, the GPT is causal, learns one batch and a text, and generates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from data import Library, Splits
from data.plays import ENTROPY
from grading.checks import course, diagnosis, expect, smallest
from grading.checks.model import Model
from grading.checks.rows import mixing
from grading.checks.student import Picture, Student
from grading.outcomes import CheckFailed, StudentCrashed
from pictures.panels import Samples
from test_cases.q7 import mistakes

BLOCK, GPT = "gpt_model.Transformer_Block", "gpt_model.GPT"
CASES = Path(__file__).resolve().parent / "cases"  # made by `python -m staff.build.gpt_cases`
ATTENTION, PARTS = "models.AttentionBlock", (".weight", ".bias")
ATTENTION_LAYERS = ("k_layer", "q_layer", "v_layer")
TOLERANCE = 1e-3  # float32 through two blocks and five norms is exact to about 1e-5
LAYERS_CHANGED = "The layers in `__init__` should stay as you received them. Were they changed?"
BLOCK_SIZE, WIDTH, LAYERS = 64, 128, 4
ROWS_BY_HEART, STEPS_BY_HEART = 4, 150
STEPS_TO_LEARN = 600
CHARACTERS_VALIDATED = 16_384
SAMPLES, BEGINNING, CHARACTERS_WRITTEN = 2, 48, 320  # of what is shown
SHARP = 1000.0  # logits so far apart that a draw always takes the largest


def block(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    case = _case("block")
    width = case["x"].shape[2]
    model = student.create(BLOCK, width, case["block_size"].item())
    model.set_parameters(_named(model.parameters(), case))
    with diagnosis.explained(
        lambda text: _wrong_block(student, model, case), lambda: _wrong_positions_of_block(model, case)
    ):
        expect.close(
            expect.array(
                model(case["x"]), case["x"].shape, f"an input of shape {case['x'].shape} should give an output"
            ),
            case["output"],
            TOLERANCE,
            "a block with known weights should give",
        )


def model(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    case = _case("model")
    sizes = [int(size) for size in case["sizes"]]  # block_size, n_embd, n_layer, vocab_size
    gpt = student.create(GPT, *sizes)
    parameters = _named(gpt.parameters(), case)
    gpt.set_parameters(parameters)
    positions = {name for name, array in parameters.items() if array.shape == case["position_0.weight"].shape}
    suffix = "" if positions else "_without_positions"
    for ids, number in _batches(case):
        expected = case[f"logits{suffix}_{number}"]
        with diagnosis.explained(
            lambda text: _wrong_model(gpt, case, bool(positions), text),
            lambda ids=ids, expected=expected: smallest.positions(gpt(ids), expected, TOLERANCE),  # type: ignore[misc]
        ):
            expect.close(_logits(gpt, ids, sizes[3]), expected, TOLERANCE, "a GPT with known weights should give")
    _require_gradients(gpt, case["ids_0"], set(parameters) - positions)


def causal(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    block_size, vocabulary = 12, 9
    gpt = student.create(GPT, block_size, 16, 2, vocabulary)
    random = np.random.default_rng(0)
    before = random.integers(vocabulary, size=(3, block_size))
    logits = _logits(gpt, before, vocabulary)
    for cut in range(1, block_size):
        after = before.copy()
        after[:, cut:] = (after[:, cut:] + 1 + random.integers(vocabulary - 1, size=after[:, cut:].shape)) % vocabulary
        changed = np.abs(_logits(gpt, after, vocabulary) - logits).max(axis=(0, 2))  # (time,)
        leaks = np.flatnonzero(changed[:cut] > TOLERANCE)
        if leaks.size:
            raise CheckFailed(
                f"the grader changed the tokens at {expect.from_position(cut, block_size)}. Positions count from 0. "
                f"The logits at position {leaks[0]} should stay the same; they changed. Training could then read the "
                "answer.",
                "Does the attention of question 6 pass its checks?",
            )


def overfits(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    plays = library.load("plays")
    rows = _rows_with_different_beginnings(plays, ROWS_BY_HEART)
    gpt = student.create(GPT, BLOCK_SIZE, WIDTH, LAYERS, len(plays.about["characters"]))
    student.probe("overfit", model=gpt, batch=rows, vocabulary=len(plays.about["characters"]), steps=STEPS_BY_HEART)
    loss = _loss(gpt, rows, len(plays.about["characters"]))
    student.record("overfit_loss", loss)
    expect.at_most(
        loss,
        thresholds["maximum_overfit_loss"],
        f"the training loss after {STEPS_BY_HEART} steps on a single batch, in nats per character,",
        course.reported(student.losses("overfit"), loss),
    )


def learns(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    plays = library.load("plays")
    vocabulary = len(plays.about["characters"])
    assert plays.validation is not None
    gpt = student.create(GPT, BLOCK_SIZE, WIDTH, LAYERS, vocabulary)
    ids = plays.train.x.astype(np.int64)
    details = {"characters": plays.about["characters"], "block_size": BLOCK_SIZE, "limit": ENTROPY}
    student.probe(
        "fit",
        picture=Picture("gpt.picture", details),
        model=gpt,
        ids=ids,
        vocabulary=vocabulary,
        block_size=BLOCK_SIZE,
        steps=STEPS_TO_LEARN,
        seed=0,
    )
    held_out = plays.validation.x[: CHARACTERS_VALIDATED + 1].astype(np.int64)
    rows = np.lib.stride_tricks.sliding_window_view(held_out, BLOCK_SIZE + 1)[:: BLOCK_SIZE // 2]
    loss = _loss(gpt, rows, vocabulary, skipped=BLOCK_SIZE // 2)
    student.record("validation_loss", loss)
    student.exhibit(lambda: _samples(gpt, plays))
    expect.at_most(
        loss,
        thresholds["maximum_validation_loss"],
        f"the validation loss after {STEPS_TO_LEARN} steps on the plays, in nats per character,",
        course.reported(student.losses("fit"), loss),
    )


def generates(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    case = _case("model")
    block_size, width, layers, vocabulary = (int(size) for size in case["sizes"])
    gpt = student.create(GPT, block_size, width, layers, vocabulary)
    parameters = _named(gpt.parameters(), case)
    shape = case["output_0.weight"].shape
    outputs = [name for name, array in parameters.items() if array.shape == shape]
    if not outputs:
        raise CheckFailed(f"GPT should have an output layer with a weight of shape {shape}; there is none.")
    last = outputs[-1]
    parameters[last] = parameters[last] * np.float32(SHARP)  # now every draw is the likeliest token
    gpt.set_parameters(parameters)
    beginning = case["ids_0"][:1, :3]
    length = 3 * block_size
    shape = (1, beginning.shape[1] + length)
    ids = expect.array(gpt.method("generate", beginning, length), shape, f"`generate(ids, {length})` should give ids")
    if not np.array_equal(ids[:, : beginning.shape[1]], beginning):
        raise CheckFailed("`generate` should return `ids` first and then the new tokens; the first tokens differ.")
    whole = ids.astype(np.int64)
    for end in range(beginning.shape[1], shape[1]):
        seen = whole[:, max(0, end - block_size) : end]
        scores = _logits(gpt, seen, vocabulary)[0, -1]
        if scores[whole[0, end]] < scores.max() - TOLERANCE * abs(scores.max()):
            raise CheckFailed(
                f"token {end} of a generated text should have the largest logit after the {seen.shape[1]} tokens "
                f"before token {end}; another token has a larger logit (block_size is {block_size}).",
                "Does `generate` read the last block_size tokens, and use the logits of the last position?",
            )


def _samples(gpt: Model, plays: Splits) -> Samples:
    """How the model goes on with held-out beginnings."""
    assert plays.validation is not None
    text = "".join(plays.about["characters"][number] for number in plays.validation.x)
    parts = [len(text) * part // (SAMPLES + 1) for part in range(1, SAMPLES + 1)]
    starts = [
        text.find("\n\n", part, len(text) - 2 * BEGINNING) + len("\n\n") for part in parts
    ]  # where someone speaks
    beginnings = np.stack([plays.validation.x[start : start + BEGINNING] for start in starts]).astype(np.int64)
    shape = (SAMPLES, BEGINNING + CHARACTERS_WRITTEN)
    what = "`generate` should give the ids of a text"
    ids = expect.array(gpt.method("generate", beginnings, CHARACTERS_WRITTEN), shape, what).astype(np.int64)
    if ids.min() < 0 or ids.max() >= len(plays.about["characters"]):
        raise CheckFailed(f"{what} of the vocabulary")
    texts = ["".join(plays.about["characters"][number] for number in row) for row in ids]
    return Samples(tuple((text[:BEGINNING], text[BEGINNING:]) for text in texts))


def _case(name: str) -> dict[str, np.ndarray]:
    with (CASES / f"{name}.npz").open("rb") as file, np.load(file, allow_pickle=False) as archive:
        return dict(archive)


def _batches(case: Mapping[str, np.ndarray]) -> list[tuple[np.ndarray, int]]:
    """The batches of ids of a case, with their numbers."""
    return [(case[f"ids_{number}"], number) for number in range(len(case)) if f"ids_{number}" in case]


def _wrong_block(student: Student, model: Model, case: Mapping[str, np.ndarray]) -> str:
    """What is known of a block whose output is not the right one, or that crashed."""
    try:
        found = model(case["x"])
        return diagnosis.first(
            lambda: mistakes.called_attention(
                mistakes.block(found, _case("block_mistakes"), TOLERANCE), model.layers(case["x"]).counts
            ),
            lambda: _wrong_attention(student, case),
            lambda: mixing(model, case["x"], case["output"], TOLERANCE),
        )
    except StudentCrashed:
        missing = int(case["block_size"].item()) - case["x"].shape[1]
        whole = np.concatenate([case["x"], case["x"][:, :missing]], axis=1)  # crashes, too, unless length is the cause
        return mistakes.ATTENTION_ON_WHOLE_BLOCKS if np.shape(model(whole)) == whole.shape else ""


def _wrong_attention(student: Student, case: Mapping[str, np.ndarray]) -> str:
    """Whether question 6's attention alone gives another output than it should."""
    attention = student.create(ATTENTION, case["x"].shape[2], case["block_size"].item())
    attention.set_parameters(
        {name: case[f"{name.replace('.', '_0.')}"] for name in attention.parameters() if name.endswith(PARTS)}
    )
    is_right = expect.is_close(np.asarray(attention(case["x"])), case["attended"], TOLERANCE)
    return "" if is_right else mistakes.WRONG_ATTENTION


def _wrong_positions_of_block(model: Model, case: Mapping[str, np.ndarray]) -> str:
    return smallest.positions(model(case["x"]), case["output"], TOLERANCE)


def _wrong_model(gpt: Model, case: Mapping[str, np.ndarray], has_positions: bool, text: str) -> str:
    """What is known of a GPT whose logits are not the right ones, or that crashed with a text."""
    if explanation := diagnosis.crash(text, mistakes.CRASHES):
        return explanation
    found: list[Any] = []
    batches = [ids for ids, _ in _batches(case)]
    block_size, width, _, vocabulary = (int(size) for size in case["sizes"])
    if mistakes.INDEX_OUT_OF_RANGE in text:
        return mistakes.index_out_of_range(lambda token, time: _works(gpt, token, time), block_size, vocabulary)
    for ids in batches:
        try:
            found.append(gpt(ids))
        except StudentCrashed:
            found.append(None)
    if any(logits is None for logits in found):
        time = block_size - 1
        equal, other = ((time, 1), (time, time)), ((time, time - 1), (time - 1, time))
        if all(_works(gpt, 0, *size) for size in equal) and not any(_works(gpt, 0, *size) for size in other):
            return mistakes.BATCH_FOR_TIME
        usable = [np.shape(logits) == (*ids.shape, vocabulary) for logits, ids in zip(found, batches, strict=True)]
        whole = [ids.shape[1] == block_size for ids in batches]
        return mistakes.ONLY_WHOLE_BLOCKS if usable == whole else ""
    return diagnosis.first(
        lambda: mistakes.shape(found, batches, width, vocabulary),
        lambda: mistakes.called_blocks(
            mistakes.model(found, _case("model_mistakes"), has_positions, TOLERANCE), gpt.layers(batches[0]).counts
        ),
        lambda: next(filter(None, (_mixing(gpt, case, number, has_positions) for _, number in _batches(case))), ""),
    )


def _mixing(gpt: Model, case: Mapping[str, np.ndarray], number: int, has_positions: bool) -> str:
    logits = case[f"logits{'' if has_positions else '_without_positions'}_{number}"]
    return mixing(gpt, case[f"ids_{number}"], logits, TOLERANCE)


def _works(gpt: Model, token: int, time: int, batch: int = 1) -> bool:
    """Whether a GPT gives anything for texts of one token, repeated."""
    try:
        gpt(np.full((batch, time), token))
    except StudentCrashed:
        return False
    return True


def _require_gradients(gpt: Model, ids: np.ndarray, names: set[str]) -> None:
    """Fail if some parameter cannot learn. The position embedding may be a fixed one."""
    found = gpt.gradients(ids)
    cut_off = sorted(name for name in names if found.parameters.get(name) is None)
    if not found.differentiable or cut_off:
        others = f" and {len(cut_off) - 1} other parameters" if cut_off[1:] else ""
        what = f"`{cut_off[0]}`{others}" if cut_off else "any parameter"
        raise CheckFailed(
            f"the logits are right, but no gradient arrives at {what}. Training cannot change parameters without "
            "gradients.",
            "Does `forward` use detach, data, no_grad, item or numpy?",
        )


def _logits(gpt: Model, ids: np.ndarray, vocabulary: int) -> np.ndarray:
    return expect.array(gpt(ids), (*ids.shape, vocabulary), f"ids of shape {ids.shape} should give logits")


def _loss(gpt: Model, rows: np.ndarray, vocabulary: int, skipped: int = 0) -> float:
    """Mean cross-entropy of rows (count, block_size + 1), leaving out the first `skipped` predictions of each."""
    logits = _logits(gpt, rows[:, :-1], vocabulary)[:, skipped:]
    logits = logits - logits.max(axis=2, keepdims=True)
    chosen = np.take_along_axis(logits, rows[:, 1 + skipped :, None], axis=2)[:, :, 0]
    return float((np.log(np.exp(logits).sum(axis=2)) - chosen).mean())


def _rows_with_different_beginnings(plays: Splits, count: int) -> np.ndarray:
    """Pieces of the text, (count, BLOCK_SIZE + 1), with different first characters, so that a loss of 0 exists."""
    starts: dict[int, int] = {}
    for start, first in enumerate(plays.train.x[1000:].tolist(), start=1000):
        if len(starts) == count:
            break
        if first not in starts and start > max(starts.values(), default=0) + BLOCK_SIZE:
            starts[first] = start
    return np.stack([plays.train.x[start : start + BLOCK_SIZE + 1] for start in starts.values()]).astype(np.int64)


def _groups(parameters: Mapping[str, np.ndarray]) -> dict[str, dict[str, np.ndarray]]:
    """Parameters by the layer they belong to, in order: {"norm": {"weight": ..., "bias": ...}}."""
    groups: dict[str, dict[str, np.ndarray]] = {}
    for name, array in parameters.items():
        layer, _, part = name.rpartition(".")
        groups.setdefault(layer, {})[part] = array
    return groups


def _named(parameters: Mapping[str, np.ndarray], case: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The case's weights under the names that this solution's layers have, told by their shapes and their order.

    Solutions written for other editions have other names, and no position embedding. Biases that a solution lacks are
    zero in the cases.
    """
    roles = {
        tuple(case["position_0.weight"].shape): "position",
        tuple(case["output_0.weight"].shape): "output",  # the first of this shape is the embedding
        tuple(case["output_0.weight"].shape[::-1]): "embedding",  # as a linear layer over one-hot tokens
        tuple(case["linear_0.weight"].shape): "linear",
        tuple(case["norm_0.weight"].shape): "norm",
    }
    named: dict[str, np.ndarray] = {}
    counts: dict[str, int] = {}
    for layer, parts in _groups(parameters).items():
        last_part = layer.rpartition(".")[2]
        shape = parts["weight"].shape if "weight" in parts else ()
        role = last_part if last_part in ATTENTION_LAYERS else roles.get(shape, "")
        if role == "output" and "embedding" not in counts:
            role = "embedding"
        number = counts.get(role, 0)
        counts[role] = number + 1
        for part, array in parts.items():
            value = case.get(f"{role}_{number}.{part}", np.zeros(array.shape, np.float32) if part == "bias" else None)
            if value is not None and role == "embedding" and value.shape == array.shape[::-1]:
                value = value.T
            if value is None or value.shape != array.shape:
                raise CheckFailed(
                    f"`{layer}.{part}` has shape {array.shape}. No layer of the GPT has it.", LAYERS_CHANGED
                )
            named[f"{layer}.{part}"] = value
    return named
