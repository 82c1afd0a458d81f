"""Elective 12: log-probabilities, losses and steps are exact; a trained language model learns tasks and preferences."""

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
from test_cases.e12 import mistakes, mistakes_in_losses, mistakes_in_steps, mistakes_in_sums, reference, trained
from test_cases.e12.public.verses import END, PAD, START

MODULE = "electives.assistant"
VOCABULARY, SIZE = 11, 4  # of small models; of hidden states
LENGTHS = (8, 3, 6, 5)  # tokens of verses before PAD
TIME = 9
PAIRS, BETA, RATE = 5, 0.3, 0.7
FAR = 1000.0  # differences of rewards at which a sigmoid is 0 or 1 in float64
STEPS = 3
UNLIKELY = 30.0  # nats below the usual logarithms of probabilities
LARGE = 100.0  # times hidden states: an error of a divisor then shows in the same digits for every seed

themes, rewards, assistant = trained.themes, trained.rewards, trained.assistant


def verse_log_probabilities(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 1)
    name, functions = "verse_log_probabilities", {"function": f"{MODULE}.verse_log_probabilities"}
    for lengths in (LENGTHS, LENGTHS[::-1]):
        table, rows = 2 * random.standard_normal((VOCABULARY, VOCABULARY)), _rows(random, lengths)
        table[rows[0, 0], rows[0, 1]] -= UNLIKELY  # what is added to its probability shows
        weights = random.standard_normal(len(rows))
        found = student.probe_named(
            "log_probabilities", functions, has_curve=False, scores=table, verses=rows, weights=weights
        )
        _require_unchanged(found, name, "the verses")
        what = f"{name} of {len(rows)} verses should return"
        right = reference.verse_log_probabilities(table, rows)
        with diagnosis.explained(partial(_wrong_sums, table, rows, found["value"])):
            expect.close(_sums(found["value"], len(rows), what), right, EXACT, what, "The docstring has the formula.")
        if found["gradient"] is None:
            raise CheckFailed(f"no gradient of {name} reaches the model. Is `detach`, `item` or `no_grad` in between?")
        slope = expect.array(found["gradient"], table.shape, f"the gradient of {name} should be")
        expect.close(slope, reference.slopes(table, rows, weights), EXACT, f"the gradient of {name} should be")


def pool(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 2)
    probes = []
    for lengths in (LENGTHS, (TIME, 4, 2)):
        rows = _rows(random, lengths)
        hidden = LARGE * random.standard_normal((*rows.shape, SIZE))
        found = student.probe_named("pooled", {"function": f"{MODULE}.pool"}, hidden=hidden, verses=rows)
        _require_unchanged(found, "pool", "one of its arguments")
        probes.append(((hidden, rows), found["value"]))
    with diagnosis.explained(lambda text: mistakes.of_pool(probes)):
        for (hidden, rows), found in probes:
            what = f"pool of {len(rows)} verses should return a vector for each,"
            value = expect.array(found, (len(rows), SIZE), what)
            expect.close(value, reference.pool(hidden, rows), EXACT, what, "Which positions are counted?")


def preference_loss(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 3)
    given = list(2 * random.standard_normal((2, PAIRS)))
    found = _loss(student, "preference_loss", given, [])
    with diagnosis.explained(lambda text: mistakes_in_losses.of_preference([(tuple(given), found["value"])])):
        _exact_loss(found, reference.preference_loss(*given), f"the loss of {PAIRS} pairs of rewards should be")
    pull = np.exp(reference.log_sigmoid(given[1] - given[0])) / PAIRS
    _exact_gradients(found, [-pull, pull], "preference_loss")
    far = [np.array([FAR, 0.0]), np.array([0.0, FAR])]
    found = _loss(student, "preference_loss", far, [])
    hint = "Which function of torch takes the logarithm of a sigmoid in one step?"
    with diagnosis.explained(lambda text: hint):
        what = "with differences of 1,000 and -1,000, the loss should be"
        expect.close(expect.number(found["value"], what), reference.preference_loss(*far), EXACT, what)


def dpo_loss(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 4)
    probes, answers = [], []
    for beta in (BETA, 1.7):
        given = [*(-40 + 3 * random.standard_normal((4, PAIRS)))]
        given[0][0] -= UNLIKELY
        found = _loss(student, "dpo_loss", given, [beta])
        probes.append(((*given, beta), found["value"]))
        answers.append((found, given, beta))
    with diagnosis.explained(lambda text: mistakes_in_losses.of_dpo(probes)):
        for found, given, beta in answers:
            what = f"the loss of {PAIRS} pairs with beta {beta:g} should be"
            _exact_loss(found, reference.dpo_loss(given[0], given[1], given[2], given[3], beta), what)
    for found, given, beta in answers:
        pull = beta * np.exp(reference.log_sigmoid(-reference.margins(given, beta))) / PAIRS
        _exact_gradients(found, [-pull, pull], "dpo_loss")


def dpo_step(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 5)
    policy, old = random.standard_normal((2, VOCABULARY, VOCABULARY))
    batches = [[_rows(random, random.permutation(LENGTHS)) for _ in range(2)] for _ in range(STEPS)]
    better, worse = [[pair[side] for pair in batches] for side in range(2)]
    found = student.probe_named(
        "steps", {"function": f"{MODULE}.dpo_step"}, has_curve=False, policy=policy, reference=old, chosen=better,
        rejected=worse, beta=BETA, rate=RATE,
    )  # fmt: skip
    given = mistakes_in_steps.Given(policy, old, batches, BETA, RATE)
    tables, losses, fixed = (found[name] for name in ("policies", "losses", "reference"))
    if not isinstance(tables, list) or not isinstance(losses, list) or not len(tables) == len(losses) == STEPS:
        raise CheckFailed(f"{STEPS} calls of dpo_step should return {STEPS} losses.")
    if not np.array_equal(expect.array(fixed, old.shape, "the reference should stay as it was,"), old):
        raise CheckFailed("dpo_step changed the reference. The optimizer has the policy's parameters alone.")
    right_losses, right = mistakes_in_steps.right(given)
    what = "step {} of dpo_step, with plain gradient descent, should leave the policy"
    moved = [expect.array(table, policy.shape, what.format(n)) for n, table in enumerate(tables, start=1)]
    with diagnosis.explained(lambda text: mistakes_in_steps.of_steps(given, np.stack(moved))):
        for number, (table, wanted) in enumerate(zip(moved, right, strict=True), start=1):
            expect.close(table, wanted, EXACT, what.format(number), "The docstring tells the order.")
    with diagnosis.explained(lambda text: mistakes_in_steps.of_losses(given, losses)):
        for number, (loss, wanted) in enumerate(zip(losses, right_losses, strict=True), start=1):
            what = f"step {number} of dpo_step should return the loss"
            if not isinstance(loss, float):
                raise CheckFailed(f"{what}, a float; got {expect.kind(loss)}. `loss.item()` is a float.")
            expect.close(expect.number(loss, what), wanted, EXACT, what, "Is it the loss before the step?")
    if found["leaked"] is not False:
        raise CheckFailed(
            "a gradient reached the reference. The steps are right, but half of the work is wasted. Compute the "
            "reference's log-probabilities under `torch.no_grad()`."
        )


def best_of_n(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 6)
    probes = []
    for groups, n in ((4, 3), (3, 5)):
        rows = _rows(random, [int(length) for length in random.integers(3, TIME, groups * n)])
        scores = random.standard_normal(groups * n) - 0.5
        found = student.probe("best", {"function": f"{MODULE}.best_of_n"}, verses=rows, rewards=scores, n=n)
        probes.append(((rows, scores, n), found))
    with diagnosis.explained(lambda text: mistakes.of_best(probes)):
        for (rows, scores, n), found in probes:
            what = f"best_of_n of {len(rows)} verses with n = {n} should return"
            value = expect.array(found, (len(rows) // n, TIME), what)
            wrong = np.flatnonzero((value != reference.best_of_n(rows, scores, n)).any(axis=1))
            if wrong.size:
                group = int(wrong[0])
                told = ", ".join(f"{score:.2f}" for score in scores[group * n : group * n + n])
                raise expect.Mismatch(
                    f"{what} in row {group} the best of rows {group * n} to {group * n + n - 1}, whose rewards are "
                    f"{told}; got another verse.",
                    "The best one has the highest reward of its own group.",
                )


def _random(library: Library, number: int) -> np.random.Generator:
    """Random inputs of one check, from the run's seed."""
    return np.random.default_rng([library.seed, 12, number])


def _rows(random: np.random.Generator, lengths: Sequence[int] | np.ndarray) -> np.ndarray:
    """Verses of random tokens, int64 (verses, TIME)."""
    rows = np.full((len(lengths), TIME), PAD)
    for row, length in zip(rows, lengths, strict=True):
        row[:length] = [START, *random.integers(END + 1, VOCABULARY, length - 2), END]
    return rows


def _sums(value: Any, count: int, what: str) -> np.ndarray:
    if isinstance(value, np.ndarray) and value.shape == ():
        raise expect.Mismatch(f"{what} {count} numbers, one for each verse; got one.")
    return expect.array(value, (count,), what)


def _wrong_sums(table: np.ndarray, rows: np.ndarray, value: Any, text: str) -> str:
    return mistakes_in_sums.of_log_probabilities([((table, rows), value)])


def _require_unchanged(found: Any, name: str, what: str) -> None:
    if found["changed"] is not False:
        raise CheckFailed(f"{name} changed {what} in place. Which operations make a new tensor?")


def _loss(student: Student, name: str, given: Sequence[np.ndarray], numbers: list[float]) -> Any:
    """Value and gradients of a loss, if nothing was changed in place."""
    functions = {"function": f"{MODULE}.{name}"}
    found = student.probe_named("loss", functions, has_curve=False, arguments=list(given), numbers=numbers)
    _require_unchanged(found, name, "one of its arguments")
    return found


def _exact_loss(found: Any, right: float, what: str) -> None:
    expect.close(expect.number(found["value"], what), right, EXACT, what, "The docstring has the formula.")


def _exact_gradients(found: Any, slopes: Sequence[np.ndarray], name: str) -> None:
    """The gradients with respect to the first arguments."""
    gradients = found["gradients"]
    if not isinstance(gradients, list) or len(gradients) < len(slopes):
        raise CheckFailed(f"{name} has no gradient. Is `detach`, `item` or a new tensor in between?")
    for number, (gradient, slope) in enumerate(zip(gradients, slopes, strict=False), start=1):
        what = f"the gradient of {name} with respect to argument {number}"
        if gradient is None:
            raise CheckFailed(f"{what} is missing. Is `detach` or a new tensor in between?")
        value = expect.array(gradient, slope.shape, f"{what} should be")
        expect.close(value, slope, EXACT, f"{what} should be", "Is something detached?")
