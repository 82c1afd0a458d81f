"""The classic mistakes of elective 1: what each would give, and its explanation."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from grading.checks import diagnosis, variants
from grading.checks.diagnosis import Mistake
from grading.checks.variants import EXACT
from test_cases.e1 import reference
from test_cases.e1.reference import BETA1, BETA2, EPSILON, MU

LAST_PART = 0.1  # of the steps; what the loss does there tells what is wrong with the rates
BOUNCES, STANDS_STILL, RATE_IS_GONE = 5.0, 0.98, 0.05  # shares of losses and rates


def _gradient_descent(x: np.ndarray, slope: np.ndarray, memory: Any, rate: float, wrong: str) -> tuple[np.ndarray, Any]:
    return {"uphill": x + rate * slope, "no rate": x - slope}[wrong], memory


def _momentum(x: np.ndarray, slope: np.ndarray, memory: Any, rate: float, wrong: str) -> tuple[np.ndarray, Any]:
    old = np.zeros_like(x) if memory is None else memory
    entering = {"damped": (1 - MU) * slope, "rate inside": rate * slope}.get(wrong, slope)
    velocity = (1 if wrong == "no mu" else MU) * (0 if wrong == "forgets" else old) + entering
    step = {
        "rate inside": velocity,
        "nesterov": rate * (slope + MU * velocity),
        "late": rate * old,
        "uphill": -rate * velocity,
    }.get(wrong, rate * velocity)
    return x - step, velocity


def _adam(x: np.ndarray, slope: np.ndarray, memory: Any, rate: float, wrong: str) -> tuple[np.ndarray, Any]:
    first, second, count = memory if memory and wrong != "forgets" else (np.zeros_like(x), np.zeros_like(x), 0)
    beta1, beta2 = (BETA2, BETA1) if wrong == "swapped" else (BETA1, BETA2)
    first, second = beta1 * first + (1 - beta1) * slope, beta2 * second + (1 - beta2) * slope**2
    count = count + 1
    steps = {"late": count + 1, "always first": 1}.get(wrong, count)
    mean = first if wrong in ("uncorrected", "mean uncorrected") else first / (1 - beta1**steps)
    square = second if wrong in ("uncorrected", "square uncorrected") else second / (1 - beta2**steps)
    size = np.sqrt(square) + EPSILON
    if wrong == "epsilon in the root":
        size = np.sqrt(square + EPSILON)
    elif wrong == "epsilon too early":
        size = (np.sqrt(second) + EPSILON) / np.sqrt(1 - beta2**steps)
    elif wrong == "no epsilon":
        size = np.sqrt(square)
    elif wrong == "no root":
        size = square + EPSILON
    step = rate * (slope if wrong == "no mean" else mean) / size
    return x + step if wrong == "uphill" else x - step, (first, second, count)


UPHILL = "The step goes along the gradient, so the loss rises. Which sign does the step have?"
FORGETS = "Each step is computed as if it were the first one. Does the state go into the step, and is it returned?"
EXPLANATIONS = {
    "gradient_descent": {
        "uphill": UPHILL,
        "no rate": "Your step is the whole gradient. The step is the rate times the gradient. Where is `rate` used?",
    },
    "momentum": {
        "uphill": UPHILL,
        "forgets": FORGETS,
        "damped": (
            "The gradient enters the buffer with the factor 1 - mu. That is the running mean of Adam. In torch's "
            "convention the gradient enters whole."
        ),
        "rate inside": (
            "The rate was multiplied into the buffer. Both forms agree as long as the rate is constant; here the rate "
            "changes. Where does the rate stand in the formula?"
        ),
        "nesterov": "The step looks ahead by one gradient: that is Nesterov's momentum. The step here is the buffer.",
        "no mu": "The buffer is the sum of all gradients. Which share of the old buffer is kept?",
        "late": "The weights move by the buffer of the step before. Which buffer does the formula use?",
    },
    "adam": {
        "uphill": UPHILL,
        "forgets": FORGETS,
        "uncorrected": (
            "The bias correction of both averages, m and v, is missing. Both start at 0, so they are too small in the "
            "first steps."
        ),
        "mean uncorrected": "The mean is not corrected. It starts at 0 and is too small in the first steps.",
        "square uncorrected": "The square is not corrected. It starts at 0 and is too small in the first steps.",
        "swapped": "beta1 and beta2 are swapped. Which of the two belongs to the mean?",
        "late": "The correction is that of the next step. Which t does the first step have?",
        "always first": "The correction is that of the first step in every step. Does t grow, and is t in the state?",
        "epsilon in the root": "epsilon is added under the square root. The formula adds epsilon after the root.",
        "epsilon too early": (
            "epsilon is added before the square is corrected. The formula adds epsilon to the root of the corrected "
            "square."
        ),
        "no epsilon": "epsilon is missing. It matters where gradients are tiny.",
        "no root": "The mean is divided by the square itself. What does the formula take of the square?",
        "no mean": "The step uses this step's gradient, not the mean of the gradients. That is RMSprop.",
    },
}
WRONG_UPDATES = {"gradient_descent": _gradient_descent, "momentum": _momentum, "adam": _adam}

KEPT_OUTSIDE = (
    "Runs disturb each other. Something is kept outside of the state, such as a global variable or an attribute of the "
    "function. What belongs into the state?"
)
EXCHANGED = (
    "The weights after step 1 are the gradient itself. The first buffer is the gradient, too. In which order does your "
    "code return the weights and the state?"
)
T_FROM_0 = "Your code divides by 1 - beta^t, which is 0 for t = 0. With which number should t begin?"
NOT_SQUARED = "Numbers are NaN where the gradient is negative. The square root wants the mean of gradient²."


def of_update(name: str, found: np.ndarray, starts: np.ndarray, slopes: np.ndarray, rates: np.ndarray) -> str:
    """The explanation of the mistake that gives what an update gave.

    Args:
        name: of the update.
        found: paths, (runs, steps + 1, ...).
        starts, slopes, rates: see `probes.updates`.
    """
    if np.array_equal(found[:, 1], slopes[:, 0]):
        return EXCHANGED
    odd = ~np.isfinite(found[:, 1])
    if name == "adam" and odd.all():
        return T_FROM_0
    if name == "adam" and odd.any() and np.array_equal(odd, slopes[:, 0] < 0):
        return NOT_SQUARED
    runs = list(zip(starts, slopes, found, strict=True))
    right = partial(reference.run, reference.UPDATES[name])
    mistakes = [
        Mistake(partial(reference.run, partial(WRONG_UPDATES[name], wrong=wrong)), explanation)
        for wrong, explanation in EXPLANATIONS[name].items()
    ]
    probes = [((start, slope, rates), path) for start, slope, path in runs]
    why = variants.nearly_right(right, probes)
    return variants.first(why, lambda: diagnosis.recognised(mistakes, probes, EXACT))


FLOAT32_RATES = (
    "The rates are right to about 7 digits. They have been through float32, the usual dtype of torch. Python's `math` "
    "computes in float64."
)
SCHEDULES = {
    "step_decay": [
        Mistake(
            lambda rate, step, every, factor: rate * factor ** (step / every),
            "The rate falls in every step. It should stay for `every` steps and then drop. Which division gives whole "
            "numbers?",
        ),
        Mistake(
            lambda rate, step, every, factor: rate * factor ** round(step / every),
            "The number of drops is rounded to the nearest whole number. It should be rounded down.",
        ),
        Mistake(
            lambda rate, step, every, factor: rate * factor ** -(-step // every),
            "The number of drops is rounded up. It should be rounded down: the first `every` steps keep the rate.",
        ),
        Mistake(
            lambda rate, step, every, factor: rate * factor if step >= every else rate,
            "The rate drops once and then stays. It should drop after every `every` steps.",
        ),
        Mistake(
            lambda rate, step, every, factor: rate * factor**step,
            "The rate drops in every step. What does `every` do?",
        ),
        Mistake(
            lambda rate, step, every, factor: rate * factor * (step // every),
            "The factor is multiplied by the number of drops. It should be multiplied once for each drop.",
        ),
    ],
    "exponential_decay": [
        Mistake(lambda rate, step, decay: rate * np.exp(decay * step), "The rate grows. Which sign has the exponent?"),
        Mistake(
            lambda rate, step, decay: rate * decay**step,
            "That is rate * decay^step. The formula has a power of e; decay stands in the exponent.",
        ),
        Mistake(
            lambda rate, step, decay: rate * (1 - decay) ** step,
            "That is rate * (1 - decay)^step. It is close for small decays; the formula has a power of e.",
        ),
        Mistake(
            lambda rate, step, decay: rate / (1 + decay * step),
            "That is rate / (1 + decay * step), another schedule. The formula has a power of e.",
        ),
    ],
    "cosine_annealing": [
        Mistake(
            lambda rate, step, steps, final: final + (rate - final) * (1 + np.cos(np.pi * step / steps)),
            "The rate begins twice as far above the final rate as it should. 1 + cos goes from 2 to 0. What does the "
            "formula divide by?",
        ),
        Mistake(
            lambda rate, step, steps, final: final + (rate - final) * np.cos(np.pi * step / steps),
            "The cosine goes from 1 to -1, so the rate falls below the final rate. What brings the cosine to the range "
            "from 1 to 0?",
        ),
        Mistake(
            lambda rate, step, steps, final: final + (rate - final) * np.cos(np.pi * step / steps / 2),
            "That is a quarter of a wave: the rate falls fastest at the end. The formula takes half a wave.",
        ),
        Mistake(
            lambda rate, step, steps, final: rate * (1 + np.cos(np.pi * step / steps)) / 2,
            "The rate ends at 0. Where is final_rate used?",
        ),
        Mistake(
            lambda rate, step, steps, final: final + rate * (1 + np.cos(np.pi * step / steps)) / 2,
            "The rate begins at rate + final_rate. Which difference does the formula multiply?",
        ),
        Mistake(
            lambda rate, step, steps, final: final + (rate - final) * (1 - np.cos(np.pi * step / steps)) / 2,
            "The rate rises from final_rate to rate. Which sign has the cosine?",
        ),
        Mistake(
            lambda rate, step, steps, final: final + (rate - final) * (1 + np.cos(step / steps)) / 2,
            "The cosine does not get to the end of half a wave. Where is pi?",
        ),
        Mistake(
            lambda rate, step, steps, final: final + (rate - final) * (1 + np.cos(2 * np.pi * step / steps)) / 2,
            "That is a whole wave: the rate comes back to where it began. The formula takes half a wave.",
        ),
    ],
}


def minimized(
    start: np.ndarray, centre: np.ndarray, curvatures: np.ndarray, rate: float, steps: int, wrong: str = ""
) -> np.ndarray:
    """The path that `probes.stretched_bowl` should give, or what a mistake in `minimize` makes of it."""
    x, buffer, total = start.astype(np.float64), np.zeros(start.shape), np.zeros(start.shape)
    path = [x]
    for taken in range(steps):
        slope = curvatures * ((start if wrong == "gradient of the start" else x) - centre)
        slope = -slope if wrong == "uphill" else slope
        total = total + slope
        buffer = (0 if wrong == "state lost" else MU * buffer) + (total if wrong == "accumulates" else slope)
        number = {"from 1": taken + 1, "always 0": 0}.get(wrong, taken)
        x = (start if wrong == "step from the start" else x) - rate / (1 + number) * buffer
        path.append(x)
    cut = {"no start": slice(1, None), "no end": slice(None, -1)}.get(wrong, slice(None))
    return np.stack([x] * len(path) if wrong == "one tensor" else path)[cut]


IN_MINIMIZE = {
    "no start": "The start is missing. Row 0 of the path is the start.",
    "no end": "The last row is missing. After the last step, the weights belong to the path, too.",
    "one tensor": (
        "All rows are the weights after the last step. The path holds one tensor many times, and that tensor was "
        "changed in place. Does each step make new weights?"
    ),
    "accumulates": (
        "Each gradient is the sum of all gradients so far, because `backward()` adds to `.grad`. What should happen to "
        "`.grad` before the next `backward()`?"
    ),
    "state lost": "Each update got None as its state. What `update` returns as the state goes into the next call.",
    "from 1": "The first step has the number 1. `update` should get 0 in the first step.",
    "always 0": "Each call of `update` got the step 0. Does the number grow?",
    "uphill": "Each `update` got minus the gradient. The update itself subtracts.",
    "step from the start": "Each `update` got the start. Which weights does the next step begin with?",
    "gradient of the start": "Each step uses the gradient at the start. At which weights is the gradient wanted?",
}


def of_minimize(found: Any, *given: Any) -> str:
    """The explanation of the mistake that gives the path that `minimize` gave for arguments of `minimized`."""
    return variants.named(minimized, IN_MINIMIZE, [(given, found)])


STABLE_RATES = [
    Mistake(
        lambda hessian: 1 / np.linalg.eigvalsh(hessian)[-1],
        "That is 1 / the largest curvature. At this rate the factor of the steepest direction is 0. Which rate makes "
        "it -1?",
    ),
    Mistake(
        lambda hessian: 2 / np.linalg.eigvalsh(hessian)[0],
        "That is the limit of the flattest direction. All directions have to be stable. Which of them is the first "
        "that is not?",
    ),
    Mistake(
        lambda hessian: 2 / np.trace(hessian),
        "That is 2 / the sum of all curvatures. Each direction moves on its own. Which curvature decides?",
    ),
    Mistake(
        lambda hessian: 2 / np.linalg.eigvalsh(hessian).mean(),
        "That is 2 / the mean curvature. Which curvature decides?",
    ),
    Mistake(
        lambda hessian: 2 / float(np.linalg.norm(hessian)),
        "That is 2 / the norm of H, which mixes all curvatures. Which curvature decides?",
    ),
    Mistake(
        lambda hessian: 2 / np.diag(hessian).max(),
        "That is 2 / the largest entry on the diagonal of H. The curvatures are the eigenvalues of H.",
    ),
    Mistake(lambda hessian: np.linalg.eigvalsh(hessian)[-1], "That is the largest curvature itself."),
]


def of_recipe(losses: np.ndarray, rates: np.ndarray) -> str:
    """What the losses show of a recipe that did not get there.

    Args:
        losses: of several starts, before and after each step, (steps + 1, starts).
        rates: of each step, (steps,).
    """
    gone = np.flatnonzero(~np.isfinite(losses).all(axis=1))
    if gone.size:
        return (
            f"The loss grows without end and is infinite after step {gone[0]}. The rate of that step is "
            f"{rates[gone[0] - 1]:.2g}. Is the rate small enough for the steep walls?"
        )
    last = losses[-max(2, int(LAST_PART * len(rates))) :, losses[-1].argmax()]
    seen = f"In the last {len(last):,} steps the loss"
    if last.max() > BOUNCES * last.min():
        return (
            f"{seen} goes up and down between {last.min():.1g} and {last.max():.1g}. The steps are too long to settle. "
            "What should the rate do towards the end?"
        )
    if rates[-1] < RATE_IS_GONE * rates.max() and last[-1] > STANDS_STILL * last[0]:
        return (
            f"{seen} stays at {last[-1]:.1g}, while the rate has fallen from {rates.max():.1g} to {rates[-1]:.1g}. "
            "Does the rate fall too early?"
        )
    return (
        f"{seen} is still falling, from {last[0]:.2g} to {last[-1]:.2g}. The path is slow on the flat floor. "
        "Is a larger rate faster, or an update that remembers?"
    )
