"""Classic mistakes in how question 8 draws a token, and what a verse without an end tells.

The checks compare with `chances` without a mistake. See also mistakes_in_form.py and mistakes_in_steps.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from grading.checks.diagnosis import Mistake
from grading.checks.wording import listed
from test_cases.q8.mistakes_in_form import SmallForm
from test_cases.q8.mistakes_in_loss import softmax

# --- sample_next: each takes (rows, temperature, top_k) and gives the chance of every token for every row ---

SAMPLED_ROWS = np.array(  # all positive; the last has wider gaps
    [[2.0, 0.3, 1.2, 0.1, 3.0, 0.8], [0.4, 2.2, 0.2, 1.0, 0.7, 1.7], [5.0, 0.1, 2.5, 0.3, 1.0, 4.0]], np.float32
)
UNLIKE_ROWS = np.array(  # the logits of the middle row are far larger: one threshold for the batch fits one row only
    [[0.3, 0.1, 0.6, 0.2, 0.5, 0.4], [20.2, 20.6, 20.1, 20.5, 20.3, 20.4], [-5.3, -5.6, -5.2, -5.1, -5.5, -5.4]],
    np.float32,
)
SAME_TEMPERATURE = 0.1  # of a ratio; a fit to rare tokens is off by up to 5%
FIT = 0.02  # of frequencies: five standard errors
SAMPLED = ((0.5, 4), (2.0, 3), (1.0, 2), (0.7, 5))  # temperature, top_k


def chances(
    rows: np.ndarray,
    temperature: float,
    top_k: int,
    *,
    use: Callable[[float, float], float] = lambda logit, temperature: logit / temperature,
    kept: int | None = None,
) -> np.ndarray:
    """The chance of each token: softmax over the `kept` (by default top_k) highest logits, through `use`."""
    found = np.zeros(rows.shape)
    for row, logits in enumerate(rows.astype(np.float64)):
        best = np.argsort(-logits)[: top_k if kept is None else kept]
        scores = np.exp([use(logits[token], temperature) for token in best])
        found[row, best] = scores / scores.sum()
    return found


def _sampled(change: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """Leaves the computation its first arguments only."""
    return lambda rows, temperature, top_k: change(rows, temperature, top_k)


def _over_the_batch(rows: np.ndarray, temperature: float, top_k: int) -> np.ndarray:
    """Sorted by size, then a softmax over the rows; multinomial divides each row by its sum."""
    order = np.argsort(-rows, axis=1)[:, :top_k]
    shares = np.exp(np.take_along_axis(rows.astype(np.float64), order, axis=1) / temperature)
    shares = shares / shares.sum(axis=0)
    found = np.zeros(rows.shape)
    np.put_along_axis(found, order, shares / shares.sum(axis=1, keepdims=True), axis=1)
    return found


def _ranks_for_tokens(rows: np.ndarray, temperature: float, top_k: int) -> np.ndarray:
    return -np.sort(-chances(rows, temperature, top_k), axis=1)


def _after_a_softmax(rows: np.ndarray, temperature: float, top_k: int) -> np.ndarray:
    return chances(softmax(rows), temperature, top_k)


def _in_proportion(rows: np.ndarray, temperature: float, top_k: int) -> np.ndarray:
    return chances(np.log(rows), 1.0, top_k)


def _zeros_for_the_others(rows: np.ndarray, temperature: float, top_k: int) -> np.ndarray:
    """The logits outside of the top k are 0 and not minus infinity."""
    kept = np.where(rows >= -np.sort(-rows, axis=1)[:, top_k - 1 : top_k], rows, 0)
    return chances(kept, temperature, rows.shape[1])


def _gathered_over_the_batch(rows: np.ndarray, temperature: float, top_k: int) -> np.ndarray:
    """The rank that is drawn is taken for a row of the batch, which repeats the rows: that row's best token comes."""
    ranks = _ranks_for_tokens(rows, temperature, top_k)
    found = np.zeros(rows.shape)
    for rank in range(rows.shape[1]):
        found[:, rows[rank % len(rows)].argmax()] += ranks[:, rank]
    return found


def _tokens_of_the_first_row(rows: np.ndarray, temperature: float, top_k: int) -> np.ndarray:
    """Each row draws a rank of its own, and gets the first row's token of this rank."""
    found = np.zeros(rows.shape)
    found[:, np.argsort(-rows[0])] = _ranks_for_tokens(rows, temperature, top_k)
    return found


def _chances_of_the_first_row(rows: np.ndarray, temperature: float, top_k: int) -> np.ndarray:
    """Each row draws a rank with the first row's probabilities, and gets its own token of this rank."""
    found = np.zeros(rows.shape)
    np.put_along_axis(found, np.argsort(-rows, axis=1), _ranks_for_tokens(rows, temperature, top_k)[:1], axis=1)
    return found


def draws(frequencies: Sequence[np.ndarray]) -> str:
    """How many tokens were drawn, or the temperatures that the frequencies fit, where they are not those asked for.

    Args:
        frequencies: of each token, (rows, vocab), for each of `SAMPLED`.
    """
    if len(frequencies) < len(SAMPLED):
        return ""
    counts = [int((found > 0).sum(axis=1).max()) for found in frequencies]
    asked = [top_k for _, top_k in SAMPLED]
    if counts != asked:
        return f"With top_k {listed(asked)}, each row draws {listed(counts)} different tokens at most."
    fitted = []
    for found in frequencies:
        drawn = found[0] > 0
        slope, shift = np.polyfit(SAMPLED_ROWS[0, drawn], np.log(found[0, drawn]), 1, w=np.sqrt(found[0, drawn]))
        fit = np.exp(SAMPLED_ROWS[0, drawn] * slope + shift)
        if slope <= 0 or np.abs(fit - found[0, drawn]).max() > FIT:
            return ""
        fitted.append(1 / slope)
    if all(
        abs(each / temperature - 1) < SAME_TEMPERATURE for each, (temperature, _) in zip(fitted, SAMPLED, strict=True)
    ):
        return ""
    told = listed([temperature for temperature, _ in SAMPLED])
    return f"The frequencies fit other temperatures: {told} act as {listed([round(each, 2) for each in fitted])}."


SAMPLING = [
    Mistake(
        _chances_of_the_first_row,
        "Every row draws with the probabilities of the first row. Each row has probabilities of its own.",
    ),
    Mistake(
        _sampled(partial(chances, use=lambda logit, temperature: logit / (1 + temperature))),
        "1 is added to the temperature before the division. Divide the logits by the temperature itself.",
    ),
    Mistake(
        _zeros_for_the_others,
        "Tokens outside the top_k are drawn as if their logit were 0. A token is never drawn if its logit is minus "
        "infinity.",
    ),
    Mistake(
        _gathered_over_the_batch,
        "The number that was drawn picks a row of the batch. It should pick one of the top_k tokens of its own row. "
        "Which dimension does `gather` take?",
    ),
    Mistake(
        _tokens_of_the_first_row,
        "Each row draws with its own probabilities, and gets the token ids of the first row. Each row needs its own "
        "token ids.",
    ),
    Mistake(
        _sampled(partial(chances, use=lambda logit, temperature: logit / temperature**2)),
        "The logits are divided by the square of the temperature. Are they divided twice?",
    ),
    Mistake(
        _sampled(partial(chances, use=lambda logit, temperature: logit / temperature**0.5)),
        "The logits are divided by the square root of the temperature. Divide them by the temperature itself.",
    ),
    Mistake(
        _sampled(partial(chances, use=lambda logit, temperature: logit * temperature)),
        "In your code, a higher temperature makes the likeliest token more frequent. It should make that token less "
        "frequent. Are the logits multiplied by the temperature?",
    ),
    Mistake(
        _sampled(partial(chances, use=lambda logit, temperature: logit)),
        "The temperature has no effect on the draws. Is the temperature unused, or is it applied after the softmax?",
    ),
    Mistake(
        lambda rows, temperature, top_k: chances(rows, temperature, rows.shape[1]),
        "Tokens outside the top_k are drawn. `top_k` has no effect on the draws.",
    ),
    Mistake(
        lambda rows, temperature, top_k: chances(rows, temperature, top_k - 1),
        "Only top_k - 1 tokens are drawn. The smallest of the top_k logits is left out. Is > used where >= is needed?",
    ),
    Mistake(
        lambda rows, temperature, top_k: chances(rows, temperature, top_k + 1),
        "The draw is from top_k + 1 tokens. It should be from top_k tokens.",
    ),
    Mistake(
        lambda rows, temperature, top_k: chances(rows, temperature, 1),
        "Only the likeliest token is returned. Each of the top_k tokens should come with its probability. Is argmax "
        "used?",
    ),
    Mistake(
        _sampled(partial(chances, use=lambda logit, temperature: 0.0)),
        "The top_k tokens come equally often. Their probabilities should be the softmax of their logits.",
    ),
    Mistake(
        lambda rows, temperature, top_k: chances(-rows, -temperature, top_k),
        "The draw is from the lowest logits. It should be from the top_k highest logits.",
    ),
    Mistake(
        _over_the_batch,
        "The softmax runs over the batch. A row's probabilities then depend on other rows. Which dimension is the "
        "vocabulary?",
    ),
    Mistake(
        _ranks_for_tokens,
        "The result is an index into the sorted top_k logits, not a token id. Which token has the logit at that index?",
    ),
    Mistake(
        _after_a_softmax,
        "The softmax is applied twice. The probabilities are then nearly equal.",
    ),
    Mistake(
        _in_proportion,
        "The probabilities are proportional to the logits themselves. They should be the softmax of the logits.",
    ),
]
ONE_THRESHOLD = "Is one threshold used for all rows of the batch?"
CRASHES_OF_UNLIKE_ROWS = {
    "probability tensor contains either": (
        "The softmax gives NaN for a row whose logits are all minus infinity. One row of this batch has far smaller "
        f"logits than another row. {ONE_THRESHOLD}"
    ),
}
ONE_DRAW = "All rows got the same token. Each row of logits needs a draw of its own."
SAMPLING_CRASHES = {
    "selected index k out of range": (
        "`topk` was called with a k larger than the vocabulary. If top_k exceeds the vocabulary, all tokens are drawn "
        "from."
    ),
}

# --- write_haiku that does not stop; see mistakes_in_steps.py for the others ---

OWN_COUNTS = "Does a number that belongs to one verse change for the whole batch?"
NEVER_STOPS = re.compile(r"no verse is as long as \d+ tokens: \[([\d, ]+)\]")


def endless(text: str, form: SmallForm) -> str:
    """What a verse that does not stop tells of the mistake; "" if a crash's text is about something else.

    Args:
        text: the crash; the provided model tells the tokens that it got for the first verse.
        form: over the vocabulary.
    """
    found = NEVER_STOPS.search(text)
    if not found:
        return ""
    tokens = [int(token) for token in found[1].split(",")]
    breaks = sum(bool(form.breaks[token]) for token in tokens if token < len(form.breaks))
    told = f"`write_haiku` did not stop. The first verse has {len(tokens)} tokens,"
    if form.end in tokens:
        return (
            f"{told} and `form.end` is among them. The loop should end when all verses have ended. How does your loop "
            "find out that a verse has ended?"
        )
    if breaks:
        return (
            f"{told} {breaks} of them {'is a break' if breaks == 1 else 'are breaks'}, and none is `form.end`. "
            "`form.end` is allowed in the last line alone. Does `line` grow after each break?"
        )
    return (
        f"{told} and no break is among them. A break is allowed when `left` is 0. Does `left` fall after each word, "
        "and does `allowed_tokens` get the present `left` in each step?"
    )
