"""Classic mistakes in `encode_example` of question 8: the result of each, and the explanation.

Each is a small pure function of (prompt, verse, length, pad) that gives one of the three tensors. The checks call them
on inputs of their own and recognise the one that agrees with the student's result
(`grading.checks.diagnosis.recognised`).
"""

from __future__ import annotations

import numpy as np

from grading.checks.diagnosis import Mistake

Tokens = list[int]


def _filled(tokens: Tokens, length: int, pad: int) -> np.ndarray:
    """The tokens and then padding up to `length`; longer than `length` if the tokens are too many."""
    return np.array(tokens + [pad] * (length - len(tokens)))


def _filled_on_the_left(tokens: Tokens, length: int, pad: int) -> np.ndarray:
    return np.array([pad] * (length - len(tokens)) + tokens)


def _ones(start: int, end: int, length: int) -> np.ndarray:
    positions = np.arange(length)
    return ((positions >= start) & (positions < end)).astype(np.float64)


_LEFT = "The padding is on the left. The padding belongs on the right, after the tokens."
_LAST_TOKEN = (
    "The last token of the verse is in the inputs. No token follows the last token, so it has no target. Which token "
    "should be left out?"
)
_PADDING = "The tokens are right. The padding is {}, but should be the argument `pad`."
INPUTS = [
    Mistake(
        lambda prompt, verse, length, pad: np.array(
            [*prompt, pad, *verse][:-1] + [pad] * (length - len(prompt) - len(verse) + 1)
        ),
        "`pad` stands between the prompt and the verse. The verse follows the prompt directly.",
    ),
    Mistake(
        lambda prompt, verse, length, pad: np.array(
            [*prompt, pad, *verse][:-1] + [pad] * (length - len(prompt) - len(verse))
        ),
        "`pad` stands between the prompt and the verse. The verse follows the prompt directly.",
    ),
    Mistake(
        lambda prompt, verse, length, pad: _filled((verse + prompt)[:-1], length, pad),
        "The verse comes before the prompt. The model should read the prompt first.",
    ),
    Mistake(
        lambda prompt, verse, length, pad: _filled((prompt + verse)[:-2], length, pad),
        "The last two tokens of the verse are missing in the inputs. Only the last token has no target.",
    ),
    Mistake(lambda prompt, verse, length, pad: _filled(prompt + verse, length, pad), _LAST_TOKEN),
    Mistake(lambda prompt, verse, length, pad: _filled(prompt + verse, length, pad)[:length], _LAST_TOKEN),
    Mistake(
        lambda prompt, verse, length, pad: _filled((prompt + verse)[1:], length, pad),
        "The inputs are the targets: the first token is missing, and the last token is there. Are the two exchanged?",
    ),
    Mistake(lambda prompt, verse, length, pad: _filled_on_the_left((prompt + verse)[:-1], length, pad), _LEFT),
    Mistake(
        lambda prompt, verse, length, pad: _filled(prompt, length, pad),
        "The inputs hold the prompt alone. The model must also read the verse, without its last token.",
    ),
    Mistake(
        lambda prompt, verse, length, pad: _filled(verse[:-1], length, pad),
        "The prompt is missing in the inputs. The inputs are the prompt and then the verse.",
    ),
    Mistake(
        lambda prompt, verse, length, pad: _filled((prompt + verse)[:-1], length, 0),
        _PADDING.format("0"),
    ),
]
TARGETS = [
    Mistake(
        lambda prompt, verse, length, pad: _ones(len(prompt) - 1, len(prompt) + len(verse) - 1, length),
        "The second result is the mask. The order is inputs, targets, mask.",
    ),
    Mistake(
        lambda prompt, verse, length, pad: _filled((prompt + verse)[:-1], length, pad)[
            np.arange(1, length + 1) % length
        ],
        "The targets are the inputs, moved by one position around. The last token of the verse is missing. Which token "
        "follows the last input?",
    ),
    Mistake(
        lambda prompt, verse, length, pad: _filled((prompt + verse)[1:-1], length, pad),
        "The last token of the verse is missing in the targets. The targets are all tokens but the first.",
    ),
    Mistake(
        lambda prompt, verse, length, pad: _filled((prompt + verse)[:-1], length, pad),
        "The targets are the inputs. The model would learn to repeat its input. Which token is the target at position "
        "i?",
    ),
    Mistake(
        lambda prompt, verse, length, pad: _filled(prompt + verse, length, pad),
        "The targets are one position late: target i is input i. Target i should be the token after input i. Which "
        "token is the first target?",
    ),
    Mistake(
        lambda prompt, verse, length, pad: _filled((prompt + verse)[2:], length, pad),
        "The targets are one position early. Target i is the second token after input i. Target i should be the next "
        "token.",
    ),
    Mistake(lambda prompt, verse, length, pad: _filled_on_the_left((prompt + verse)[1:], length, pad), _LEFT),
    Mistake(
        lambda prompt, verse, length, pad: _filled(verse, length, pad),
        "The verse is at the beginning of the targets. Target i belongs to input i. At which input is the first token "
        "of the verse the next token?",
    ),
    Mistake(
        lambda prompt, verse, length, pad: _filled([pad] * (len(prompt) - 1) + verse, length, pad),
        "The targets hold `pad` in place of the prompt. The mask alone excludes the prompt. Every target is the next "
        "token.",
    ),
    Mistake(
        lambda prompt, verse, length, pad: _filled((prompt + verse)[1:], length, -100),
        _PADDING.format("-100"),
    ),
    Mistake(
        lambda prompt, verse, length, pad: _filled((prompt + verse)[1:], length, 0),
        _PADDING.format("0"),
    ),
]
_LATE = (
    "The mask is 0 where the first token of the verse is the target. The mask should be 1 there. At which position is "
    "the last token of the prompt?"
)
MASKS = [
    Mistake(
        lambda prompt, verse, length, pad: _ones(0, length, length),
        "The mask is 1 everywhere, also for the prompt and the padding. Which targets belong to the verse?",
    ),
    Mistake(
        lambda prompt, verse, length, pad: _ones(0, len(prompt) + len(verse) - 1, length),
        "The mask is 1 for the prompt, too. The model would learn to guess the prompt. Which targets belong to the "
        "verse?",
    ),
    Mistake(
        lambda prompt, verse, length, pad: _ones(len(prompt) - 1, length, length),
        "The mask is 1 for the padding, too. The model would learn to write `pad`.",
    ),
    Mistake(lambda prompt, verse, length, pad: _ones(len(prompt), len(prompt) + len(verse) - 1, length), _LATE),
    Mistake(
        lambda prompt, verse, length, pad: _ones(len(prompt), len(prompt) + len(verse), length),
        "The mask is one position late. The mask marks the verse in the inputs. The mask should mark the verse in the "
        "targets.",
    ),
    Mistake(lambda prompt, verse, length, pad: _ones(len(prompt), length, length), _LATE),
    Mistake(
        lambda prompt, verse, length, pad: _ones(len(prompt) - 1, len(prompt) + len(verse) - 2, length),
        "The mask is 0 where the last token of the verse is the target. The model would not learn to end a verse.",
    ),
    Mistake(
        lambda prompt, verse, length, pad: 1 - _ones(len(prompt) - 1, len(prompt) + len(verse) - 1, length),
        "The mask is reversed: it is 0 for the verse and 1 elsewhere. The mask should be 1 for the verse.",
    ),
]


def ones(found: np.ndarray, expected: np.ndarray) -> str:
    """Where the ones of a mask lie, compared with the right ones; "" if they are no single run."""
    positions, right = np.flatnonzero(found), np.flatnonzero(expected)
    if found.shape != expected.shape or not np.isin(found, (0, 1)).all():
        return ""
    if not positions.size:
        return "The mask has no 1."
    if not np.array_equal(positions, np.arange(positions[0], positions[-1] + 1)):
        return ""
    wrong = []
    for name, at, right_at, formula in (
        ("first", positions[0], right[0], "len(prompt) - 1"),
        ("last", positions[-1], right[-1], "len(prompt) + len(verse) - 2"),
    ):
        if at != right_at:
            count = f"{abs(at - right_at)} {'position' if abs(at - right_at) == 1 else 'positions'}"
            wrong.append(
                f"The {name} 1 of the mask is {count} {'early' if at < right_at else 'late'}. The {name} token of the "
                f"verse is the target at position {formula}."
            )
    return " ".join(wrong)


ENCODING = {"inputs": INPUTS, "targets": TARGETS, "mask": MASKS}
