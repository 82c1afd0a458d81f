"""The classic mistakes of elective 3: what each would give, and its explanation."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from grading.checks import diagnosis, expect, variants
from grading.checks.variants import EXACT
from test_cases.e3 import reference

IN_ORDER = (
    "The example numbers are in their old order. If a file is sorted by class, the test split then has other classes "
    "than the training split. Which function makes a random order?"
)
SAME_AGAIN = "Two calls gave the same splits. Each call should draw another order. Is a seed set within split?"
DRAWN_TWICE = (
    "{count} examples are in two splits. A net would be tested on examples that it was trained on. Is one random order "
    "cut into three parts?"
)
NOT_ALL = "{count} of {total} examples are in no split."


def standardized(train: np.ndarray, validation: np.ndarray, test: np.ndarray, wrong: str) -> np.ndarray:
    """All three splits, one below the other, as a mistake in `standardize` makes them."""
    parts = [train, validation, test]
    together = np.concatenate(parts)
    statistics = [train] * 3
    if wrong == "of all rows":
        statistics = [together] * 3
    elif wrong == "of training and validation":
        statistics = [np.concatenate(parts[:2])] * 3
    elif wrong == "of each split":
        statistics = parts
    axis: int | None = {"of rows": 1, "of one number": None}.get(wrong, 0)
    found = []
    for part, base in zip(parts, parts if wrong == "of rows" else statistics, strict=True):
        centre = base.mean(axis=axis, keepdims=True)
        width = base.std(axis=axis, keepdims=True, ddof=1 if wrong == "rows minus 1" else 0)
        width = np.where(width > 0, width, 1.0)
        if wrong == "variance":
            width = width**2
        found.append(
            part / width
            if wrong == "not centred"
            else part - centre
            if wrong == "not scaled"
            else (part - centre) / width
        )
    return np.concatenate(found)


IN_STANDARDIZE = {
    "of all rows": (
        "Mean and deviation are those of all rows together. The test rows then change what the net is trained on: test "
        "data leaks. Which rows may statistics come from?"
    ),
    "of training and validation": (
        "Mean and deviation are those of training and validation rows together. Validation data leaks. Which rows may "
        "statistics come from?"
    ),
    "of each split": (
        "Each split was standardized with its own mean and deviation. The same pixel value then becomes a different "
        "number in each split. Which split should give mean and deviation?"
    ),
    "of rows": "Mean and deviation are those of each row. Which dimension counts the examples?",
    "of one number": "One mean and one deviation were used for all columns. Each column has its own.",
    "rows minus 1": "The deviation divides by the number of rows minus 1. Which `correction` does the docstring name?",
    "variance": "The columns were divided by their variance. What is the root of it called?",
    "not centred": "The columns were scaled and not shifted. Where is the mean subtracted?",
    "not scaled": "The columns were shifted and not scaled. Where is the deviation divided out?",
}
CONSTANT_COLUMN = (
    "The column that is constant in the training split has deviation 0. Dividing by 0 gives NaN or infinity. What "
    "should this column be divided by?"
)
TINY_DEVIATION = (
    "The column that is constant in the training split became huge in the other splits. Something tiny was added to "
    "the deviation. What should this column be divided by?"
)


def _with_constant(*parts: np.ndarray, constant: float, form: str) -> np.ndarray:
    """All three splits, one below the other, with a small constant in the deviations."""
    deviation = parts[0].std(axis=0)
    width = {
        "last": np.where(deviation > 0, deviation, 1.0) + constant,
        "first": np.where(deviation > 0, deviation + constant, 1.0),
        "variance": np.where(deviation > 0, np.sqrt(deviation**2 + constant), 1.0),
    }[form]
    return np.concatenate([(part - parts[0].mean(axis=0)) / width for part in parts])


IN_THE_DEVIATION = [
    ("the deviation", partial(_with_constant, form="last")),
    ("the deviation", partial(_with_constant, form="first")),
    ("the variance", partial(_with_constant, form="variance")),
]


def of_standardize(found: Sequence[Any], given: Sequence[np.ndarray], constant: int) -> str:
    """The explanation of the mistake that gives what `standardize` gave; `constant` is the number of that column."""
    if not all(
        isinstance(part, np.ndarray) and part.shape == one.shape for part, one in zip(found, given, strict=True)
    ):
        return ""
    if not np.isfinite(found[1][:, constant]).all():
        return CONSTANT_COLUMN
    together = np.concatenate([part.astype(np.float64) for part in found])
    if np.abs(found[1][:, constant]).max() > 1e3:
        return TINY_DEVIATION

    def right(*splits: np.ndarray) -> np.ndarray:
        return np.concatenate(reference.standardize(*splits))

    probes = [(tuple(given), together)]
    return variants.recognised(right, standardized, IN_STANDARDIZE, probes, IN_THE_DEVIATION)


NOT_DROPPED = "No entry was set to 0. Which entries does dropout set to 0 in training?"
KEEPS = (
    "{zeros:.1%} of the entries are 0, where {probability:.1%} were asked for. `probability` is the probability of 0. "
    "Does your code use it as the probability of keeping an entry?"
)
NOT_SCALED = (
    "The entries that are kept have their old values. The mean is then smaller in training than in evaluation. What "
    "are they divided by?"
)
SCALED_DOWN = "The entries that are kept were multiplied by 1 - probability. Should they grow or shrink?"
SCALED_BY_P = "The entries that are kept were divided by probability. What is the probability that an entry is kept?"
WHOLE_COLUMNS = "Whole columns are 0. Each entry should be drawn on its own. Which shape does the random tensor have?"
WHOLE_ROWS = "Whole rows are 0. Each entry should be drawn on its own. Which shape does the random tensor have?"
SAME_MASK = "Two calls set the same entries to 0. Each call should draw others. Is a seed set, or a mask kept?"
DROPS_IN_EVALUATION = (
    "In evaluation, `is_training` is False, and some entries are 0. Does your code look at `is_training`?"
)
SCALES_IN_EVALUATION = (
    "In evaluation, the entries were multiplied by {factor:.4g}. In the inverted form, all scaling is done in training."
)


def of_kept(kept: np.ndarray, x: np.ndarray, probability: float) -> str:
    """The explanation of wrong values among the entries that dropout kept; both (count,)."""
    for factor, told in ((1.0, NOT_SCALED), (1 - probability, SCALED_DOWN), (1 / probability, SCALED_BY_P)):
        if expect.is_close(kept, factor * x, EXACT):
            return told
    scaled = [("1 - probability", lambda x, p, constant: x / (1 - p + constant))]
    return variants.nearly_right(lambda x, p: x / (1 - p), [((x, probability), kept)], scaled)


def penalty(name: str, arrays: Sequence[np.ndarray], factor: float, wrong: str) -> float:
    """The value that a mistake in a penalty gives."""
    flat = np.concatenate([array.ravel() for array in arrays])
    powers = np.abs(flat) if name == "l1_penalty" else flat**2
    other = flat**2 if name == "l1_penalty" else np.abs(flat)
    values = {
        "other": factor * other.sum(),
        "mean": factor * powers.mean(),
        "norm": factor * np.sqrt(powers.sum()),
        "half": factor * powers.sum() / 2,
        "no strength": powers.sum(),
        "first": factor * powers[: arrays[0].size].sum(),
        "last": factor * powers[-arrays[-1].size :].sum(),
        "signed": factor * flat.sum(),
        "norms": factor * sum(np.sqrt(np.square(array).sum()) for array in arrays),
        "means": factor
        * sum(np.abs(array).mean() if name == "l1_penalty" else np.square(array).mean() for array in arrays),
        "strength squared": factor**2 * powers.sum(),
        "reward": -factor * powers.sum(),
    }
    return float(values[wrong])


IN_PENALTIES = {
    "other": "That is the other penalty. L1 takes absolute values, L2 takes squares.",
    "mean": "That is the mean over all entries. The penalty is their sum.",
    "means": "That is the sum of the means of the tensors. The penalty is the sum over all entries.",
    "norm": "A root was taken of the sum. The penalty is the sum itself.",
    "norms": "That is the sum of the norms of the tensors. The L2 penalty takes squares, without a root.",
    "half": "That is half of the penalty. Some texts divide by 2; the docstring does not.",
    "no strength": "Where is `strength` used?",
    "first": "Only the first tensor was counted. Does the loop return too early?",
    "last": "Only the last tensor was counted. Is the sum overwritten in the loop?",
    "signed": "Entries above and below 0 cancel each other. What is done with an entry before it is added?",
    "strength squared": "`strength` was multiplied in twice.",
    "reward": "The penalty is negative, so large weights make the loss smaller. Which sign does the penalty have?",
}
ONLY_L2 = ("norms",)
CUT_OFF = (
    "No gradient reaches the weights, so the penalty changes nothing in training. Is the graph cut by `item()`, "
    "`detach()` or `.data`?"
)


def of_penalty(name: str, probes: Sequence[diagnosis.Probe]) -> str:
    """The explanation of the mistake that gives the values of a penalty; each probe has arrays and factor."""
    left_out = ONLY_L2 if name == "l1_penalty" else ()
    known = {wrong: told for wrong, told in IN_PENALTIES.items() if wrong not in left_out}
    return variants.recognised(getattr(reference, name), partial(penalty, name), known, probes)


def stopping(losses: np.ndarray, patience: int, wrong: str) -> int:
    """After how many epochs training stops by a mistake in `EarlyStopping`."""
    least, latest, since = np.inf, np.inf, 0
    for epoch, loss in enumerate(losses):
        is_progress = {
            "ties": loss <= least,
            "last": loss < latest,
            "larger": epoch == 0 or loss > least,
            "nan": not loss >= least,
        }.get(wrong, loss < least)
        since = 0 if is_progress and wrong != "never reset" else since + (not is_progress)
        least, latest = (loss if is_progress else least), loss
        if since >= {"late": patience + 1, "early": patience - 1, "at once": 1}.get(wrong, patience) and since:
            return epoch + 1
    return len(losses)


IN_STOPPING = {
    "ties": "An epoch that equals the best loss counts as progress. Is the comparison `<`?",
    "last": (
        "Your code compares each loss with the loss of the epoch before. With which earlier loss should it compare?"
    ),
    "larger": "A larger loss counts as progress. For an accuracy that would be right.",
    "nan": "NaN counts as progress. Every comparison with NaN is false. What does the condition ask for?",
    "never reset": "The epochs without progress add up over the whole training. When does the count go back to 0?",
    "late": "Training stops one epoch late. The last of `patience` epochs without progress is the one to stop after.",
    "early": "Training stops one epoch early. `patience` epochs without progress are needed.",
    "at once": "Training stops at the first epoch without progress. What is patience for?",
}
NEVER_STOPS = "update never returned True. When have `patience` epochs in a row brought no progress?"
SHARED = "Two objects disturb each other. Something is kept on the class, or in a global variable, and not on `self`."
NO_COPY = (
    "After `restore`, the model still has its last weights. Either nothing was loaded, or the dictionary holds the "
    "model's own tensors. Training goes on to change these. How is a tensor copied?"
)
LAST_EPOCH = "restore gave the weights of the last epoch. When are weights kept?"
NO_BUFFERS = (
    "restore gave the weights of the best epoch, and the running statistics of a later one. Which of the model's "
    "methods has both?"
)
FIRST_EPOCH = "restore gave the weights of the first epoch. Are the weights kept again with every progress?"
NOT_TWICE = "The first restore gave the best weights, the second did not. Do model and dictionary share tensors?"


def of_stopping(counts: Sequence[int], runs: Sequence[np.ndarray], patiences: Sequence[int]) -> str:
    """The explanation of the mistake that stops after these epochs."""
    probes = [((run, patience), count) for run, patience, count in zip(runs, patiences, counts, strict=True)]
    if found := variants.named(stopping, IN_STOPPING, probes, 0.0):
        return found
    return NEVER_STOPS if all(count == len(run) for count, run in zip(counts, runs, strict=True)) else ""


def of_restored(numbers: Sequence[float], best: int, last: int, change: float) -> str:
    """The explanation of what a model holds after `restore`: the epoch of its parameter, and that of its buffer."""
    weight, buffer = numbers
    if weight == best and buffer != best:
        return NO_BUFFERS
    for number, told in ((change, NO_COPY), (last, LAST_EPOCH), (0, FIRST_EPOCH)):
        if weight == number and number != best:
            return told
    return ""


LINEAR = (
    "Your values are uniform between the lowest and the highest value, so that most of them are large. The logarithm "
    "of the values should be uniform."
)
ONE_NUMBER = "All values of a trial come from one random number. Each hyperparameter needs one of its own."
FEW_VALUES = "Only {count} different values of {name} were tried in {trials} trials. Is this a grid?"
LARGEST = "The settings returned have the largest loss. Which loss is the best?"
BEST_IS_NAN = (
    "Every comparison with NaN is false. `min` and `<` can then keep NaN as the smallest loss. "
    "Which loss should a trial with NaN count as?"
)
LAST_TRIAL = "The settings returned are those of the last trial. Which trial had the smallest loss?"
FIRST_TRIAL = "The settings returned are those of the first trial. Which trial had the smallest loss?"


def is_one_dictionary(told: Any, calls: np.ndarray) -> bool:
    """Whether the pairs of all trials hold the settings of the last one; `calls` are those that were tried."""
    return (
        isinstance(told, np.ndarray)
        and told.shape == (len(calls), calls.shape[1] + 1)
        and len(np.unique(calls, axis=0)) > 1
        and bool((told[:, :-1] == calls[-1]).all())
    )


ONE_DICTIONARY = "Is one dictionary changed from trial to trial? Each pair needs a dictionary of its own."


def of_best(number: int, losses: np.ndarray) -> str:
    """The explanation of the trial that was returned as the best; `number` is -1 if it is none of them."""
    for wrong, told in ((int(np.nanargmax(losses)), LARGEST), (len(losses) - 1, LAST_TRIAL), (0, FIRST_TRIAL)):
        if number == wrong:
            return told
    return ""


BY_HEART = (
    "{wrong} of the training images have a wrong label. The net gives this wrong label to {learned} of them: it has "
    "learned them by heart. Does training go on for too long, or is regularisation too weak?"
)
UNDERFIT = (
    "The net gives only {fitting:.0%} of the training images their label. Is the penalty too strong, the rate too "
    "small, or training too short?"
)
MAX_LEARNED, MIN_FITTING = 0.6, 0.55  # shares of wrong labels, and of all labels


def of_generalisation(answers: np.ndarray, y: np.ndarray, truth: np.ndarray) -> str:
    """What a net's answers for its training images show, (count,), with their labels and the right ones."""
    is_wrong = y != truth
    learned, fitting = int((answers == y)[is_wrong].sum()), float((answers == y).mean())
    if learned > MAX_LEARNED * is_wrong.sum():
        return BY_HEART.format(learned=learned, wrong=int(is_wrong.sum()))
    return UNDERFIT.format(fitting=fitting) if fitting < MIN_FITTING else ""
