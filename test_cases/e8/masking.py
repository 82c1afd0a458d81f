"""What `mask_tokens` does, counted over many tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from grading.checks import expect
from grading.checks.student import Student
from grading.checks.wording import listed
from grading.outcomes import CheckFailed
from test_cases.e8.public.verses import FIRST_WORD, MASK, PADDING

LINES, TIME, WORDS = 4000, 50, 40
CHOSEN, BECOMES_MASK, BECOMES_RANDOM = 0.15, 0.8, 0.1
# Of 150,000 tokens, 22,500 are chosen: a share of 15% has a standard deviation of 0.1%, shares of the chosen ones 0.3%.
NEAR, NEAR_OF_CHOSEN = 0.006, 0.016  # five and more standard deviations
# Of the variance of the number chosen in a line. The reference has 0.94 to 1.04 of it on 40 seeds, a fixed number 0.
LEAST_SPREAD = 0.5
SAME_IN_ROWS = 0.7  # of the tokens chosen in one line, so many in the next; 15% where draws are independent


def drawn(random: np.random.Generator) -> np.ndarray:
    """Lines of random words, int64 (lines, time); a quarter of the tokens, at the ends, is padding."""
    ids = random.integers(FIRST_WORD, WORDS, (LINES, TIME))
    lengths = random.integers(TIME // 2, TIME + 1, LINES)
    return np.where(np.arange(TIME) < lengths[:, None], ids, PADDING)


def require(student: Student, target: str, ids: np.ndarray) -> None:
    """Fail unless the student's function chooses and changes tokens as it should.

    Raises:
        CheckFailed: what is wrong, with the shares that were seen.
    """
    first, second = (_answer(student, target, ids) for _ in range(2))
    inputs, is_chosen = first
    is_word = ids != PADDING
    share = float(is_chosen[is_word].mean())
    if is_chosen[~is_word].any():
        count = int(is_chosen[~is_word].sum())
        hint = ""
        if is_chosen[~is_word].all() and abs(share - (1 - CHOSEN)) < NEAR:
            hint = (
                f"{share:.0%} of the other tokens are marked, too. Does the second tensor mark the tokens that were "
                "not chosen?"
            )
        raise CheckFailed(f"mask_tokens should choose no padding; it chose {count:,} padded tokens.", hint)
    if np.array_equal(is_chosen, second[1]):
        raise CheckFailed("mask_tokens should draw other tokens at each call; two calls chose the same tokens.")
    together = is_chosen[0::2] & is_chosen[1::2] & is_word[0::2] & is_word[1::2]
    both = float(together[is_word[0::2] & is_word[1::2]].mean())
    if both > SAME_IN_ROWS * share:
        raise CheckFailed(
            "mask_tokens should choose tokens in each line by draws of its own; all lines have the same positions "
            "chosen. Which shape do the draws have?"
        )
    _near(share, CHOSEN, NEAR, "mask_tokens should choose {} of the tokens that are no padding; it chose {}.", {
        BECOMES_MASK: "The two probabilities are swapped.",
        1 - CHOSEN: "Those that should stay were chosen. Which way round is the comparison?",
    })  # fmt: skip
    _require_draws(is_word, is_chosen)
    _what_became(ids, inputs, is_chosen)


def _require_draws(is_word: np.ndarray, is_chosen: np.ndarray) -> None:
    """Lines of one length differ in how many tokens are chosen, as they do if each token has a draw of its own."""
    lengths, counts = is_word.sum(axis=1), is_chosen.sum(axis=1)
    spread = np.mean([counts[lengths == length].var() for length in np.unique(lengths)])
    expected = CHOSEN * (1 - CHOSEN) * lengths.mean()  # of draws that do not depend on each other
    if spread < LEAST_SPREAD * expected:
        raise CheckFailed(
            f"mask_tokens should choose each token by a draw of its own. Lines of {lengths[0]} tokens have nearly the "
            f"same number chosen: {listed(counts[lengths == lengths[0]][:5].tolist())}. Is a number of tokens fixed?"
        )


def _what_became(ids: np.ndarray, inputs: np.ndarray, is_chosen: np.ndarray) -> None:
    """What the model reads is as it should be."""
    if (inputs != ids)[~is_chosen].any():
        changed = inputs != ids
        share = changed[~is_chosen & (ids != PADDING)].mean()
        if not share:
            raise CheckFailed(
                f"mask_tokens should leave padding as it is; {changed[ids == PADDING].mean():.1%} of the padded tokens "
                "changed. None of them was chosen. Which tokens does each condition look at?"
            )
        hint = ""
        if (inputs == MASK)[~is_chosen].mean() > 0.5:
            hint = " MASK stands where nothing was chosen. Which way round is the condition?"
        elif 0.05 < share < 0.15:
            hint = " Is a random word put at a tenth of all tokens, not of the chosen ones?"
        raise CheckFailed(f"mask_tokens should leave tokens that were not chosen; {share:.1%} of them changed.{hint}")
    if ((inputs < 0) | (inputs >= WORDS)).any():
        wrong = int(inputs[(inputs < 0) | (inputs >= WORDS)][0])
        raise CheckFailed(f"mask_tokens of {WORDS} words should give integers up to {WORDS - 1}; got {wrong}.")
    if (inputs == PADDING)[is_chosen].any():
        raise CheckFailed(
            "mask_tokens should put words or MASK at chosen tokens; some became PADDING. From which integer on are "
            "random words drawn?"
        )
    became, old = inputs[is_chosen], ids[is_chosen]
    is_mask, is_random = became == MASK, (became != MASK) & (became != old)
    of_mask = float(is_mask.mean())
    _near(of_mask, BECOMES_MASK, NEAR_OF_CHOSEN, "{} of the chosen tokens should become MASK; {} do.", {
        1.0: "The other fifth becomes a random word or stays.",
        0.9: "Is MASK put where a random word or the token itself should be?",
        BECOMES_RANDOM: "The shares are swapped: 80% become MASK, 10% a random word, 10% stay.",
    })  # fmt: skip
    words = WORDS - FIRST_WORD
    seen = float(is_random.mean()) * words / (words - 1)  # a random word may be the old one
    what = "{} of the chosen tokens should become a random word; {} do."
    _near(seen, BECOMES_RANDOM, NEAR_OF_CHOSEN, what, {
        0.2: "A tenth should stay as it is.",
        0.0: "Where is a random word put?",
    })  # fmt: skip
    counts = np.bincount(became[is_random], minlength=WORDS)[FIRST_WORD:]
    expected = counts.sum() / words
    if counts.max() > 2 * expected or counts.min() < expected / 2:
        missing = ", ".join(str(word + FIRST_WORD) for word in np.flatnonzero(counts == 0)[:5])
        hint = f" {missing} never came. Which integers are words?" if missing else ""
        raise CheckFailed(
            f"all words from {FIRST_WORD} to {WORDS - 1} should be drawn equally often, about {expected:.0f} times "
            f"each; one came {counts.max()} times and one {counts.min()} times.{hint}"
        )


def _answer(student: Student, target: str, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Inputs, int64, and chosen tokens, bool, as `mask_tokens` gives them."""
    found = student.probe_named("unchanged", {"function": target}, arguments=[ids, WORDS])
    if found["changed"] is not False:
        raise CheckFailed("mask_tokens changed `ids` in place. The loss needs the old words. Which function copies?")
    result, what = found["result"], "mask_tokens should return two tensors: what the model reads, and what was chosen"
    if not isinstance(result, list) or len(result) != 2:
        raise CheckFailed(f"{what}; got {expect.kind(result)}.")
    inputs, is_chosen = (expect.array(each, ids.shape, what) for each in result)
    if result[0].dtype.kind not in "iu":
        raise CheckFailed(f"{what}. The first holds integers; its dtype is {result[0].dtype}.")
    if result[1].dtype != bool:
        raise CheckFailed(f"{what}. The second holds True and False; its dtype is {result[1].dtype}.")
    return inputs.astype(np.int64), is_chosen.astype(bool)


def _near(share: float, right: float, reach: float, what: str, hints: Mapping[float, str]) -> None:
    """Fail if a share is not what it should be."""
    if abs(share - right) <= reach:
        return
    hint: Any = next((text for wrong, text in hints.items() if abs(share - wrong) <= reach), "")
    raise CheckFailed(what.format(f"{right:.0%}", f"{share:.1%}"), hint)
