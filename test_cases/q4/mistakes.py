"""Question 4: what the layers of a recurrent model do for words of several lengths and batches of several sizes."""

from __future__ import annotations

import re
from collections import defaultdict

import numpy as np

from data import words
from grading.checks.answers import Layers
from grading.checks.model import Model
from grading.outcomes import StudentCrashed

LENGTHS = (4, 6)  # letters
BATCHES = (1, 3, 5)
MIN_LAYERS = 3  # of one list: fewer may be levels
RECURRENT = ("RNN", "GRU", "LSTM")
NUMBERED = re.compile(r"(.*?)(\d+)(.*)")


def own_layers(model: Model) -> str:
    """Whether each letter has a layer of its own, so that no layer is called at every letter."""
    found = {length: model.layers(_words(length, 3)) for length in LENGTHS}
    for names in _lists(found[LENGTHS[-1]]):
        called = {length: [name for name in names if layers.counts[name]] for length, layers in found.items()}
        is_once = all(layers.counts[name] == 1 for length, layers in found.items() for name in called[length])
        short, long = LENGTHS
        if is_once and len(called[long]) - len(called[short]) == long - short:
            return (
                f"In a word of {long} letters, `{called[long][0]}` to `{called[long][-1]}` are each called once. Each "
                "letter has a layer of its own. A recurrent network uses the same weights at every letter. How many "
                "layers does `__init__` make for the hidden state?"
            )
    return ""


def _lists(layers: Layers) -> list[list[str]]:
    """Names of layers that differ in a number only, such as `hidden.0` and `hidden.1`, in the order of the numbers."""
    lists: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for name in layers.counts:
        if parts := NUMBERED.fullmatch(name):
            lists[parts[1], parts[3]].append((int(parts[2]), name))
    return [[name for _, name in sorted(names)] for names in lists.values() if len(names) >= MIN_LAYERS]


def steps(model: Model) -> bool:
    """Whether a layer of the model is called more often for longer words."""
    short, long = (model.layers(_words(length, 3)).counts for length in LENGTHS)
    return any(long[name] > count > 0 for name, count in short.items() if name in long)


def along_the_batch(model: Model) -> str:
    """Whether another word of the batch changes a word's scores, so that the steps run along the words."""
    length, batch = LENGTHS[-1], BATCHES[-1]
    rows = np.random.default_rng(23).integers(words.CHARACTERS, size=(batch, length))
    other = rows.copy()
    other[0] = (other[0] + 1) % words.CHARACTERS  # the first word alone
    before, after = (model(words.inputs(some)) for some in (rows, other))
    if not before.shape == after.shape == (batch, words.LANGUAGES) or np.allclose(before[1:], after[1:], atol=1e-6):
        return ""
    seen = "A change of one word of a batch changes the scores of other words. Words must not mix."
    calls = model.layers(words.inputs(rows)).with_weights
    recurrent = [call for call in calls if call.kind in RECURRENT]
    if len(recurrent) == 1 and recurrent[0].shape[:2] == (length, batch):
        name, kind = recurrent[0].name, recurrent[0].kind
        article = "A" if kind == "GRU" else "An"
        return (
            f"{seen} The {kind} `{name}` receives shape {recurrent[0].shape} and takes its steps along dimension 1, "
            f"from word to word. {article} {kind} does so with `batch_first=True`. Dimension 0 of `xs` counts the "
            "letters."
        )
    return (
        f"{seen} Dimension 0 of `xs` counts the letters, dimension 1 the words. Along which dimension does the state "
        "pass from step to step?"
    )


def kept_state(model: Model) -> str:
    """Whether a new model gives another number of rows after a call with more words: a tensor was kept.

    Args:
        model: not called yet.
    """
    alone = _words(LENGTHS[0], 1)
    first = model.layers(alone)
    if getattr(model(alone), "shape", ()) != (1, words.LANGUAGES):
        return ""
    more = BATCHES[1]
    second = model.layers(_words(LENGTHS[0], more))
    try:
        shape = getattr(model(alone), "shape", ())
    except StudentCrashed:
        shape = ()
    changed = [name for name, size in second.held.items() if size != first.held.get(name)]
    if not second.is_whole or shape == (1, words.LANGUAGES) or len(changed) != 1:
        return ""
    return (
        f"A new model gives 1 row for a batch of 1 word. After a call with {more} words, it does not. The model keeps "
        f"`{changed[0]}` from call to call, which then has shape {second.held[changed[0]]}. Each call should begin "
        "with a new state. Where does your code set the state to zeros?"
    )


def wrong_rows(model: Model) -> str:
    """What the rows that come out for batches of several sizes tell, where they are not one for each word."""
    found = {}
    for batch in BATCHES:
        for length in LENGTHS:
            try:
                found[length, batch] = getattr(model(_words(length, batch)), "shape", ())
            except StudentCrashed:
                found[length, batch] = ()
    shapes = {case: shape for case, shape in found.items() if shape}
    if not shapes:
        return ""
    if all(shape == (length, batch, words.LANGUAGES) for (length, batch), shape in shapes.items()):
        return (
            "There are scores for each letter of each word. Only the state after the last letter knows the whole word. "
            "Which states does the last layer read?"
        )
    if all(shape == (batch, length, words.LANGUAGES) for (length, batch), shape in shapes.items()):
        return "There are scores for each letter of each word. Which states does the last layer read?"
    if all(len(shape) == 2 and shape[0] == batch for (_, batch), shape in shapes.items()):
        widths = {shape[1] for shape in shapes.values()} - {words.LANGUAGES}
        return _not_scores(model, widths.pop()) if len(widths) == 1 else ""
    lengths = {length for length, _ in shapes}
    if len(lengths) > 1 and all(shape == (length, words.LANGUAGES) for (length, _), shape in shapes.items()):
        return (
            "There are as many rows of scores as letters. There should be one row for each word. Dimension 0 of `xs` "
            "counts the letters, dimension 1 the words. From which of the two does your code take the number of rows?"
        )
    rows = {shape[0] for shape in shapes.values()}
    if len(rows) == 1 and (fixed := rows.pop()) > 1 and set(shapes.values()) == {(fixed, words.LANGUAGES)}:
        return _fixed(model, fixed)
    if set(shapes.values()) == {(words.LANGUAGES,)} and {batch for _, batch in shapes} == set(BATCHES):
        return (
            "One row of scores comes out for the whole batch. Over which dimension does your code take a sum or a mean?"
        )
    return ""


def _fixed(model: Model, rows: int) -> str:
    """That the number of rows does not follow the batch, with the tensor that has as many."""
    held = [name for name, shape in model.layers(_words(LENGTHS[0], 1)).held.items() if shape[:1] == (rows,)]
    tensor = f"The model holds a tensor with {rows} rows, `{held[0]}`. " if len(held) == 1 else ""
    question = "" if tensor else f" Which tensor of `forward` has {rows} rows?"
    return (
        f"{rows} rows come out for a batch of 1 word. {tensor}The number of rows should be that of the words in `xs`, "
        f"which differs from call to call.{question}"
    )


def _not_scores(model: Model, width: int) -> str:
    """That the outputs are no scores: the last layer is not called, or has another width."""
    layers = model.layers(_words(LENGTHS[0], 3))
    idle = [name for name, count in layers.counts.items() if not count]
    shapes = model.parameters()
    if len(idle) == 1 and len(shapes.get(f"{idle[0]}.weight", ())) == words.LANGUAGES:
        return (
            f"`{idle[0]}` has {words.LANGUAGES} outputs and is never called. The result has {width} numbers for each "
            "word, as the hidden state has. What does `forward` return?"
        )
    return f"Does the last layer have {words.LANGUAGES} outputs?"


def _words(length: int, batch: int) -> np.ndarray:
    return words.inputs(np.random.default_rng([length, batch]).integers(words.CHARACTERS, size=(batch, length)))
