"""The small inputs that question 8's parts are tried on: examples, losses, logits, and a language of eleven tokens."""

from __future__ import annotations

import numpy as np

from data import haiku as texts
from test_cases.q8.mistakes_in_form import SmallForm

RARE = np.array([2.0, -1.0, 0.5, 1.5, -np.inf, 0.0], np.float32)  # logits; the one of minus infinity is forbidden

# A small language: no word, two marks, the end, and words of one to five syllables; "of" and "many" may end no line.
TOKENS = ["<pad>", "<break>", "<dash>", "<end>", "#rain", "of", "moon", "many", "river", "tomato", "imaginary"]
SYLLABLES = [0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 5]
MAY_END_LINE = [False] * 6 + [True, False, True, True, True]
BREAKS = [False, True, True] + [False] * 8
PAD, END = 0, 3
SMALL_FORM = SmallForm(np.array(SYLLABLES), np.array(MAY_END_LINE), np.array(BREAKS), END, PAD, texts.FORM)

LENGTHS = ((2, 5, 4), (1, 3, 0), (4, 1, 2), (3, 9, 7))  # of prompt, verse and padding
ENCODED_TOKENS, ENCODED_PADS = 90, (PAD, PAD, 95, 97)
MASKED = ((1, 4, 5), (3, 6, 7))  # batch, time, vocab


def examples() -> list[tuple[list[int], list[int], int, int]]:
    """Prompts, verses, lengths and padding tokens."""
    random = np.random.default_rng(1)
    return [
        (
            random.integers(1, ENCODED_TOKENS, prompt).tolist(),
            random.integers(1, ENCODED_TOKENS, verse).tolist(),
            prompt + verse - 1 + spare,
            pad,
        )
        for (prompt, verse, spare), pad in zip(LENGTHS, ENCODED_PADS, strict=True)
    ]


def losses() -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Logits, targets and masks; each row of a mask holds a 1."""
    random = np.random.default_rng(2)
    found = []
    for batch, time, vocab in MASKED:
        logits = (2 * random.standard_normal((batch, time, vocab))).astype(np.float32)
        targets = random.integers(vocab, size=(batch, time))
        mask = (random.random((batch, time)) < 0.5).astype(np.float32)
        mask[:, -1] = 1
        mask[0, 0] = 0
        found.append((logits, targets, mask))
    return found


def small_losses() -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Logits, targets and masks that fit into a message, from the smallest."""
    logits = np.array([[[1, 0], [0, 2]], [[3, 0], [0, 0]]], np.float32)  # (batch, time, vocab)
    targets, mask = np.array([[0, 0], [1, 1]]), np.array([[1, 1], [1, 0]], np.float32)
    sizes = ((1, 1), (1, 2), (2, 2))  # batch, time
    return [(logits[:batch, :time], targets[:batch, :time], mask[:batch, :time]) for batch, time in sizes]


def tables() -> list[tuple[np.ndarray, np.ndarray]]:
    """Tables of scores, see public/probes.py, and prompts, (batch, time)."""
    random = np.random.default_rng(3)
    return [
        (
            (3 * random.standard_normal((6, len(TOKENS), len(TOKENS)))).astype(np.float32),
            random.integers(4, len(TOKENS), size=(batch, prompt_time)),
        )
        for batch, prompt_time in ((1, 1), (2, 5), (40, 3))
    ]
