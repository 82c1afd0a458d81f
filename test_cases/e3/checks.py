"""Elective 3: each tool is exact, test rows leak nowhere, and a net does not learn its wrong labels by heart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from data import Library
from grading.checks import diagnosis, expect
from grading.checks.student import Student
from grading.checks.variants import EXACT
from grading.outcomes import CheckFailed
from test_cases.e3 import answers, mistakes, normalisation, reference
from test_cases.e3.answers import BATCH, BOUNDS, DRAWS, HIGHS, LOWS, MODULE, WIDTH
from test_cases.e3.training import generalises, search

__all__ = [
    "batch_norm",
    "dropout",
    "early_stopping",
    "generalises",
    "leak",
    "penalties",
    "random_search",
    "search",
    "split",
    "standardize",
]

COUNTS = (7, 40, 429)
ROWS, COLUMNS = (12, 5, 6), 4  # of training, validation and test split
NARROW = 0.03  # the standard deviation of a column; what is added to it shows, for every seed
SHAPE = (300, 200)  # of what dropout gets
SPREAD = 7.0  # standard deviations: chance alone goes so far once in 10^11 times
PATIENCES = (1, 2, 3, 4)


def split(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    for count in COUNTS:
        parts = answers.split(student, count)
        for part, name, size in zip(
            parts, ("training", "validation", "test"), reference.split_sizes(count), strict=True
        ):
            if len(part) != size:
                raise CheckFailed(f"split({count}) should give {size} examples to the {name} split; got {len(part)}.")
        numbers = np.concatenate(parts)
        if numbers.min() < 0 or numbers.max() >= count:
            raise CheckFailed(
                f"split({count}) should give example numbers from 0 to {count - 1}; got {numbers.min()} to "
                f"{numbers.max()}."
            )
        found, times = np.unique(numbers, return_counts=True)
        if len(found) < count:
            missing = mistakes.NOT_ALL.format(count=count - len(found), total=count)
            raise CheckFailed(
                f"split({count}) should use every example once. {missing}",
                mistakes.DRAWN_TWICE.format(count=int((times > 1).sum())),
            )
    if (np.diff(parts[0]) == 1).mean() > 0.5:
        raise CheckFailed(f"split({count}) should mix the examples.", mistakes.IN_ORDER)
    if np.array_equal(np.concatenate(answers.split(student, count)), numbers):
        raise CheckFailed(f"split({count}) should draw another order each time.", mistakes.SAME_AGAIN)


def standardize(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    given, constant = _rows(_random(library, 1))
    found = answers.standardized(student, given)
    with diagnosis.explained(lambda text: mistakes.of_standardize(found, given, constant)):
        for part, right, name in zip(
            found, reference.standardize(*given), ("training", "validation", "test"), strict=True
        ):
            what = f"the {name} split, standardized, should hold"
            expect.close(expect.array(part, right.shape, what), right, EXACT, what, "Whose mean, whose deviation?")


def leak(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 2)
    given, _ = _rows(random)
    before = answers.standardized(student, given)
    others = [given[0], given[1], given[2].copy()]
    changed = int(random.integers(len(given[2])))
    others[2][changed] += 100 * random.standard_normal(COLUMNS)
    after = answers.standardized(student, others)
    kept = np.arange(len(given[2])) != changed
    for name, one, other in (
        ("training split", before[0], after[0]),
        ("validation split", before[1], after[1]),
        ("rest of the test split", before[2][kept], after[2][kept]),
    ):
        if not np.array_equal(one, other):
            raise CheckFailed(
                f"one row of the test split was changed; the standardized {name} should stay as it was; it changed. "
                "Something about the test data has leaked.",
                "Which rows do mean and deviation come from?",
            )


def dropout(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 3)
    x = random.uniform(0.5, 2.0, SHAPE) * random.choice([-1.0, 1.0], SHAPE)
    for probability in (random.uniform(0.15, 0.4), random.uniform(0.6, 0.85)):
        _require_dropout(student, x, float(probability))
    probability = float(random.uniform(0.2, 0.8))
    evaluated = answers.dropped(student, x, probability, is_training=False)[0][0]
    what = "dropout in evaluation should return x"
    if (evaluated == 0).any():
        raise CheckFailed(f"{what}.", mistakes.DROPS_IN_EVALUATION)
    if not expect.is_close(evaluated, x, EXACT):
        factor = float(np.median(evaluated / x))
        is_scaled = expect.is_close(evaluated, factor * x, EXACT)
        told = mistakes.SCALES_IN_EVALUATION.format(factor=factor) if is_scaled else ""
        raise CheckFailed(f"{what}; the output differs.", told)
    whole = answers.dropped(student, x, 0.0, is_training=True)[0][0]
    expect.close(whole, x, EXACT, "dropout with the probability 0 should return", "Which entries does it drop?")


def penalties(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 4)
    for name in ("l1_penalty", "l2_penalty"):
        asked = [
            ([random.standard_normal(shape) for shape in shapes], float(random.uniform(0.05, 0.6)))
            for shapes in (((3, 4), (5,), (2, 2)), ((4,), (2, 3)))
        ]
        given_answers = [
            student.probe_named("penalised", {"penalty": f"{MODULE}.{name}"}, weights=arrays, strength=strength)
            for arrays, strength in asked
        ]
        probes = list(zip(asked, (answer["value"] for answer in given_answers), strict=True))
        with diagnosis.explained(partial(_wrong_penalty, name, probes)):
            for (arrays, strength), answer in zip(asked, given_answers, strict=True):
                right = getattr(reference, name)(arrays, strength)
                what = f"{name} of {len(arrays)} tensors with strength {strength:.4f} should be"
                value = expect.number(answer["value"], what)
                expect.close(value, right, EXACT, what, "The docstring has the formula.")
        for (arrays, strength), answer in zip(asked, given_answers, strict=True):
            _require_slopes(name, answer["gradients"], reference.slopes(name, arrays, strength))


def batch_norm(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 5)
    asked, given_answers = [], []
    for is_training in (True, False):
        sizes = np.array([1.0, 3.0, 0.3, 0.004, 1.0])  # epsilon shows where the variance is tiny
        x = sizes * random.standard_normal((BATCH, WIDTH)) + random.standard_normal(WIDTH)
        vectors = [
            *random.uniform(0.5, 2.0, (1, WIDTH)),
            *random.standard_normal((2, WIDTH)),
            random.uniform(0.1, 2, WIDTH),
        ]
        share, slope = float(random.uniform(0.15, 0.35)), random.standard_normal((BATCH, WIDTH))
        asked.append((x, vectors, is_training, share, slope))
        given_answers.append(
            student.probe_named(
                "normalised", {"batch_norm": f"{MODULE}.batch_norm"}, x=x, vectors=vectors, is_training=is_training,
                momentum=share, slope=slope,
            )
        )  # fmt: skip
    found = [answers.three_parts(answer) for answer in given_answers]
    probes = [
        (one[:4], np.concatenate([part.ravel() for part in parts])) for one, parts in zip(asked, found, strict=True)
    ]
    with diagnosis.explained(lambda text: normalisation.of_batch_norm(probes)):
        for one, parts in zip(asked, found, strict=True):
            right = reference.batch_norm(*one)
            mode = "training" if one[2] else "evaluation"
            for name, part, wanted in zip(
                ("the output", "the running mean", "the running variance"),
                parts,
                (right.output, right.mean, right.variance),
                strict=True,
            ):
                what = f"{name} of batch_norm in {mode} should hold"
                expect.finite(part, f"{what} finite numbers")
                expect.close(part, wanted, EXACT, what, "The docstring has the formula.")
    for one, answer in zip(asked, given_answers, strict=True):
        right, mode = reference.batch_norm(*one), "training" if one[2] else "evaluation"
        gradient = answer["gradient"]
        if not isinstance(gradient, np.ndarray) or gradient.shape != (BATCH, WIDTH):
            raise CheckFailed(f"no gradient flows through batch_norm in {mode}, so layers before it would not learn.")
        if not expect.is_close(gradient, right.slope, EXACT):
            raise CheckFailed(f"the gradient through batch_norm in {mode} is wrong.", normalisation.STATISTICS_DETACHED)
        if answer["carries"] is not False:
            raise CheckFailed("the running statistics of batch_norm should carry no gradient. What does detach do?")
        if answer["changed"] is not False:
            raise CheckFailed("batch_norm changed one of its arguments in place. Which operations make a new tensor?")


def early_stopping(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    runs = _courses(_random(library, 6))
    patiences = list(PATIENCES)
    functions = {"early_stopping": f"{MODULE}.EarlyStopping"}
    found = student.probe("stopped", functions, runs=runs, patiences=patiences)
    counts = answers.stops(found, runs)
    right = [reference.early_stopping(run, patience) for run, patience in zip(runs, patiences, strict=True)]
    with diagnosis.explained(partial(_wrong_stopping, student, runs, patiences, counts)):
        for run, patience, count, (wanted, _) in zip(runs, patiences, counts, right, strict=True):
            if count != wanted:
                course = ", ".join(f"{loss:.2f}" for loss in run[: max(count, wanted)])
                got = f"it did so after {count} epochs" if count < len(run) else "it never did"
                raise expect.Mismatch(
                    f"with patience {patience} and the losses {course}, `update` should first return True after "
                    f"{wanted} epochs; {got}.",
                    "How many epochs in a row have brought no progress?",
                )
    for answer, (count, best) in zip(found, right, strict=True):
        for name, change in (("restored", -1.0), ("again", -2.0)):
            numbers = answer.get(name)
            is_pair = isinstance(numbers, list) and [type(each) for each in numbers] == [float, float]
            if not is_pair or numbers != [float(best)] * 2:
                told = ""
                if is_pair:
                    told = mistakes.of_restored(numbers, best, count - 1, change)
                    told = told if name == "restored" else mistakes.NOT_TWICE
                raise CheckFailed(
                    f"of {count} epochs, epoch {best + 1} had the smallest loss. `restore` should give the model the "
                    "weights of this epoch; the model has other weights.",
                    told,
                )


def random_search(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    functions = {"random_search": f"{MODULE}.random_search"}
    found = student.probe_named("searched", functions, lows=LOWS, highs=HIGHS, trials=DRAWS)
    calls, losses = answers.calls(found)
    _require_log_uniform(calls, np.array(LOWS), np.array(HIGHS))
    if np.isnan(losses).all():
        raise CheckFailed("each trial should have a loss; all of them are NaN.")
    best, told = found["best"], found["trials"]
    if mistakes.is_one_dictionary(told, calls):
        raise CheckFailed(
            "random_search should return the settings of each trial; all pairs have those of the last trial.",
            mistakes.ONE_DICTIONARY,
        )
    number = answers.row_of(best, calls)
    if number != int(np.nanargmin(losses)):
        loss = "NaN" if np.isnan(losses[number]) else f"{losses[number]:.4g}"
        got = f"those with the loss {loss}" if number >= 0 else expect.kind(best)
        raise CheckFailed(
            f"random_search should return the settings with the smallest loss, {np.nanmin(losses):.4g}; got {got}.",
            diagnosis.attempted(lambda: _wrong_best(student, number, losses), ""),
        )
    right = np.column_stack([calls, losses])
    what = f"random_search should return a list of {DRAWS} pairs (settings, loss)"
    if not isinstance(told, np.ndarray) or told.shape != right.shape:
        raise CheckFailed(f"{what}; got {expect.kind(told)}.")
    if not np.array_equal(told, right, equal_nan=True):
        raise CheckFailed(f"{what}, one for each trial in order; they are not those that were tried.")


def _wrong_best(student: Student, number: int, losses: np.ndarray) -> str:
    """Why a search returned the trial of this number. A search without NaN tells whether NaN is the reason."""
    if number < 0 or not np.isnan(losses[number]):
        return mistakes.of_best(number, losses)
    functions = {"random_search": f"{MODULE}.random_search"}
    found = student.probe_named("searched", functions, lows=LOWS, highs=HIGHS, trials=DRAWS, has_nan=False)
    calls, finite = answers.calls(found)
    other = answers.row_of(found["best"], calls)
    return mistakes.BEST_IS_NAN if other == int(finite.argmin()) else mistakes.of_best(other, finite)


def _random(library: Library, number: int) -> np.random.Generator:
    """Random inputs of one check, from the run's seed."""
    return np.random.default_rng([library.seed, 3, number])


def _rows(random: np.random.Generator) -> tuple[list[np.ndarray], int]:
    """Three splits that differ in mean and deviation, and the number of a column that is constant in the first."""
    parts = [
        random.uniform(0.5, 2.0, COLUMNS) * random.standard_normal((rows, COLUMNS))
        + 3 * random.standard_normal(COLUMNS)
        for rows in ROWS
    ]
    constant = int(random.integers(COLUMNS))
    narrow = (constant + 1) % COLUMNS
    scale = NARROW / parts[0][:, narrow].std()
    for part in parts:
        part[:, narrow] *= scale
    parts[0][:, constant] = random.integers(1, 5)  # a whole number: its mean is exact
    return parts, constant


def _require_dropout(student: Student, x: np.ndarray, probability: float) -> None:
    """Training drops the right share, each entry on its own, and scales the others."""
    (first, second), gradient = answers.dropped(student, x, probability, is_training=True)
    is_zero = first == 0
    zeros = float(is_zero.mean())
    what = f"dropout with the probability {probability:.3f}, in training,"
    if not is_zero.any():
        raise CheckFailed(f"{what} should set entries to 0.", mistakes.NOT_DROPPED)
    rows, columns = x.shape
    for axis, count, told in ((0, rows, mistakes.WHOLE_COLUMNS), (1, columns, mistakes.WHOLE_ROWS)):
        shares = is_zero.mean(axis=axis)
        if np.abs(shares - zeros).max() > SPREAD * (zeros * (1 - zeros) / count) ** 0.5 + 1 / count:
            raise CheckFailed(f"{what} should draw each entry on its own.", told)
    if abs(zeros - probability) > SPREAD * (probability * (1 - probability) / x.size) ** 0.5:
        told = mistakes.KEEPS.format(zeros=zeros, probability=probability)
        raise CheckFailed(f"{what} should set that share of the entries to 0.", told)
    kept, right = first[~is_zero], x[~is_zero] / (1 - probability)
    if not expect.is_close(kept, right, EXACT):
        told = mistakes.of_kept(kept, x[~is_zero], probability)
        raise CheckFailed(f"{what} should divide the entries that it keeps by {1 - probability:.3f}.", told)
    if np.array_equal(is_zero, second == 0):
        raise CheckFailed(f"{what} should draw again in each call.", mistakes.SAME_MASK)
    has_shape = isinstance(gradient, np.ndarray) and gradient.shape == x.shape
    if not has_shape or not expect.is_close(gradient, ~is_zero / (1 - probability), EXACT):
        raise CheckFailed(f"{what} should pass gradients to x where entries are kept. Is x detached?")


def _wrong_penalty(name: str, probes: list[diagnosis.Probe], text: str) -> str:
    return mistakes.of_penalty(name, probes)


def _require_slopes(name: str, found: Any, wanted: Sequence[np.ndarray]) -> None:
    """The gradients of a penalty are right."""
    if (
        not isinstance(found, list)
        or len(found) != len(wanted)
        or not any(isinstance(one, np.ndarray) for one in found)
    ):
        raise CheckFailed(f"{name} should have a gradient with respect to each tensor.", mistakes.CUT_OFF)
    for slope, right in zip(found, wanted, strict=True):
        if not isinstance(slope, np.ndarray) or slope.shape != right.shape or not expect.is_close(slope, right, EXACT):
            raise CheckFailed(f"the value of {name} is right, and its gradient is not. Is a part of it detached?")


def _courses(random: np.random.Generator) -> list[np.ndarray]:
    """Losses of four trainings, one for each patience, that tell mistakes in `EarlyStopping` apart."""
    a, b, c = np.sort(random.uniform(1.0, 2.0, 3))[::-1].round(2)
    rise = 0.3
    nan = np.nan
    tail = [c + rise] * 12  # worse than the best for long
    return [
        np.array([a, b, b - 0.1, c - 0.2, c, *tail]),  # patience 1: progress, then none
        np.array([a, b, b, b - 0.1, a, b - 0.2, nan, a + 0.5, *tail]),  # ties, a fall that is none, NaN
        np.array([a, a + 0.1, a + 0.05, b - 0.1, a, a - 0.01, b, c, *tail]),  # falls that stay above the best
        np.array([a + 1, a, a + 0.2, a + 0.1, b - 0.3, nan, b, b - 0.3, b, c, *tail]),
    ]


def _wrong_stopping(
    student: Student, runs: Sequence[np.ndarray], patiences: Sequence[int], counts: Sequence[int], text: str
) -> str:
    """The mistake in `update`. Trainings that stop elsewhere when they are alone disturb each other."""
    functions = {"early_stopping": f"{MODULE}.EarlyStopping"}
    alone = [
        answers.stops(student.probe("stopped", functions, runs=[run], patiences=[patience]), [run])[0]
        for run, patience in zip(runs, patiences, strict=True)
    ]
    return mistakes.of_stopping(counts, runs, patiences) if alone == list(counts) else mistakes.SHARED


def _require_log_uniform(calls: np.ndarray, lows: np.ndarray, highs: np.ndarray) -> None:
    """The logarithms of both settings are spread evenly over their ranges, and independent."""
    for column, name in enumerate(BOUNDS):
        values, low, high = calls[:, column], lows[column], highs[column]
        what = f"random_search should draw {name} log-uniformly from {low:g} to {high:g}"
        slack = 1e-6  # of a value that went through float32
        if not ((values >= low * (1 - slack)) & (values <= high * (1 + slack))).all():
            raise CheckFailed(f"{what}; the values go from {values.min():.3g} to {values.max():.3g}.")
        different = len(np.unique(values))
        if different < 0.9 * len(values):
            raise CheckFailed(f"{what}.", mistakes.FEW_VALUES.format(count=different, name=name, trials=len(values)))
        shares = np.sort(np.log(values / low) / np.log(high / low))
        if _distance(shares) > 3.0:
            told = mistakes.LINEAR if _distance(np.sort((values - low) / (high - low))) < 3.0 else ""
            middle = float(np.exp(np.median(np.log(values))))
            raise CheckFailed(
                f"{what}. Half of the values should be below {(low * high) ** 0.5:.3g}; half are below {middle:.3g}.",
                told,
            )
    shares = np.log(calls / lows) / np.log(highs / lows)
    if abs(np.corrcoef(shares.T)[0, 1]) > SPREAD / len(shares) ** 0.5:
        raise CheckFailed("the values of one trial should not depend on each other.", mistakes.ONE_NUMBER)


def _distance(shares: np.ndarray) -> float:
    """How far sorted shares are from being uniform on [0, 1]: Kolmogorov's statistic, over 3 once in 10^7 times."""
    steps = np.arange(1, len(shares) + 1) / len(shares)
    return float(np.abs(steps - shares).max() * len(shares) ** 0.5)
