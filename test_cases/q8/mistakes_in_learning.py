"""Classic mistakes in the examples and the loss of question 8: the result of each, and the explanation.

Each is a small pure function. The checks call them on inputs of their own and recognise the one that agrees with the
student's result (`grading.checks.diagnosis.recognised`).
"""

from __future__ import annotations

import numpy as np

from grading.checks.diagnosis import Mistake

Tokens = list[int]

# --- encode_example: each takes (prompt, verse, length, pad) and gives one of its three tensors ---


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

# --- masked_loss: each takes (logits, targets, mask) and gives a number ---


def token_losses(logits: np.ndarray, targets: np.ndarray, axis: int = -1) -> np.ndarray:
    """The cross-entropy of each token in nats, (batch, time), in float64. `axis` is wrong for one of the mistakes."""
    shifted = logits.astype(np.float64) - logits.max(axis=axis, keepdims=True)
    log_chances = shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
    return -np.take_along_axis(log_chances, targets[..., None], axis=-1)[..., 0]


def masked_mean(losses: np.ndarray, mask: np.ndarray) -> float:
    """The mean over the positions where the mask is 1."""
    return float((losses * mask).sum() / mask.sum())


def softmax(logits: np.ndarray) -> np.ndarray:
    """Over the last dimension, in float64."""
    chances = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    return chances / chances.sum(axis=-1, keepdims=True)


def _chosen(scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    return np.take_along_axis(scores, targets[..., None], axis=-1)[..., 0]


_LOGITS_BLOTTED = (
    "The mask is multiplied with the logits. Logits of 0 still have a loss, log(vocab). What should the mask be "
    "multiplied with?"
)
_WRONG_COUNT = "Your code divides the masked losses by {}. It should divide by the number of ones in the mask."
LOSS_CRASHES = {
    "Expected target size [": (
        "`cross_entropy` takes dimension 1 of the logits for the classes. These logits have the vocabulary in "
        "dimension 2. Which shape should logits and targets get first?"
    ),
}
LOSSES = [
    Mistake(
        lambda logits, targets, mask: float((token_losses(logits, targets) * mask[:1]).sum() / mask.sum()),
        "The mask of the first row is used for all rows. Each row of the batch has its own mask.",
    ),
    Mistake(
        lambda logits, targets, mask: masked_mean(token_losses(logits, targets), mask[:1].repeat(len(mask), axis=0)),
        "The mask of the first row is used for all rows. Each row of the batch has its own mask.",
    ),
    Mistake(
        lambda logits, targets, mask: masked_mean(token_losses(logits, targets.T.reshape(targets.shape)), mask),
        "The targets are in another order than the logits. Both should have all positions of row 0 first, then those "
        "of row 1. Are the targets transposed before they are flattened?",
    ),
    Mistake(
        lambda logits, targets, mask: masked_mean(token_losses(logits, targets), mask.T.reshape(mask.shape)),
        "The mask is in another order than the losses. Both should have all positions of row 0 first, then those of "
        "row 1. Is the mask transposed before it is flattened?",
    ),
    Mistake(
        lambda logits, targets, mask: masked_mean(
            token_losses(logits.transpose(1, 0, 2).reshape(logits.shape), targets), mask
        ),
        "The logits are in another order than the targets. Both should have all positions of row 0 first, then those "
        "of row 1. Are the logits transposed before they are flattened?",
    ),
    Mistake(
        lambda logits, targets, mask: float((token_losses(logits, targets) * mask)[0].sum() / mask[0].sum()),
        "Your loss is that of the first row alone. The loss is the mean over all rows of the batch.",
    ),
    Mistake(
        lambda logits, targets, mask: masked_mean(token_losses(logits, targets), np.roll(mask, 1, axis=1)),
        "The mask is moved by one position to the right. `encode_example` has given each target its mask already.",
    ),
    Mistake(
        lambda logits, targets, mask: masked_mean(token_losses(logits[:, :-1], targets[:, 1:]), mask[:, :-1]),
        "Logits at position i are compared with the target at position i + 1. `encode_example` has shifted the targets "
        "already.",
    ),
    Mistake(
        lambda logits, targets, mask: masked_mean(token_losses(logits[:, :-1], targets[:, :-1]), mask[:, :-1]),
        "The last position of each row is left out. The mask alone decides which positions count.",
    ),
    Mistake(
        lambda logits, targets, mask: masked_mean(token_losses(logits, targets), mask) / logits.shape[-1],
        _WRONG_COUNT.format("the number of ones in the mask, times the size of the vocabulary"),
    ),
    Mistake(
        lambda logits, targets, mask: masked_mean(token_losses(logits, targets), mask) * len(mask),
        _WRONG_COUNT.format("the mean number of ones in a row"),
    ),
    Mistake(
        lambda logits, targets, mask: masked_mean(token_losses(logits, targets), mask) / np.log(2),
        "Your loss is in bits. The loss should be in nats, with the natural logarithm.",
    ),
    Mistake(
        lambda logits, targets, mask: float((token_losses(logits, targets) * mask).sum() / (mask.sum() + 1)),
        _WRONG_COUNT.format("the number of ones in the mask, plus 1"),
    ),
    Mistake(
        lambda logits, targets, mask: float(token_losses(logits, targets).mean()),
        "Your loss is the mean over all positions. The mask has no effect. Where is `mask` used?",
    ),
    Mistake(
        lambda logits, targets, mask: float((token_losses(logits, targets) * mask).mean()),
        _WRONG_COUNT.format("the number of all positions, masked or not"),
    ),
    Mistake(
        lambda logits, targets, mask: float((token_losses(logits, targets) * mask).sum()),
        "Your loss is the sum over the positions where the mask is 1. The loss should be their mean. What divides the "
        "sum?",
    ),
    Mistake(
        lambda logits, targets, mask: float((token_losses(logits, targets) * mask).sum() / len(mask)),
        _WRONG_COUNT.format("the number of rows in the batch"),
    ),
    Mistake(
        lambda logits, targets, mask: float((token_losses(logits, targets) * mask).sum() / mask.shape[1]),
        _WRONG_COUNT.format("the number of positions of one row"),
    ),
    Mistake(
        lambda logits, targets, mask: float(token_losses(logits, targets).sum() / mask.sum()),
        "All losses are added, and the sum is divided by the sum of the mask. Losses where the mask is 0 do not belong "
        "in the sum.",
    ),
    Mistake(
        lambda logits, targets, mask: float(
            ((token_losses(logits, targets) * mask).sum(axis=1) / mask.sum(axis=1)).mean()
        ),
        "Your loss is the mean of each row, and then the mean of the rows. Tokens of short verses then count more. "
        "Every token where the mask is 1 should count the same.",
    ),
    Mistake(
        lambda logits, targets, mask: masked_mean(token_losses(logits, targets), 1 - mask),
        "Your loss is the mean over the positions where the mask is 0. The mask is 1 where a loss counts.",
    ),
    Mistake(
        lambda logits, targets, mask: float(token_losses(logits * mask[..., None], targets).mean()), _LOGITS_BLOTTED
    ),
    Mistake(
        lambda logits, targets, mask: float(token_losses(logits * mask[..., None], targets).sum() / mask.sum()),
        _LOGITS_BLOTTED,
    ),
    Mistake(
        lambda logits, targets, mask: float(token_losses(logits, (targets * mask).astype(np.int64)).mean()),
        "The mask is multiplied with the targets. Token 0 is then the target where the mask is 0. What should the "
        "mask be multiplied with?",
    ),
    Mistake(
        lambda logits, targets, mask: masked_mean(token_losses(softmax(logits), targets), mask),
        "The logits pass through a softmax before `cross_entropy`. `cross_entropy` computes its own softmax. What "
        "should `cross_entropy` get?",
    ),
    Mistake(
        lambda logits, targets, mask: masked_mean(-_chosen(logits.astype(np.float64), targets), mask),
        "Your loss is minus the logit of the target token. The loss needs minus the logarithm of its probability. Is "
        "the log-softmax missing?",
    ),
    Mistake(
        lambda logits, targets, mask: masked_mean(-_chosen(softmax(logits), targets), mask),
        "Your loss is minus the probability of the target token. The cross-entropy is minus the logarithm of the "
        "probability.",
    ),
    Mistake(
        lambda logits, targets, mask: masked_mean(token_losses(logits, targets, axis=1), mask),
        "The softmax runs over the positions, not over the vocabulary. Which dimension of the logits is the "
        "vocabulary?",
    ),
    Mistake(
        lambda logits, targets, mask: masked_mean(token_losses(logits[:, :-1], targets[:, 1:]), mask[:, 1:]),
        "Logits at position i are compared with the target at position i + 1. `encode_example` has shifted the targets "
        "already.",
    ),
    Mistake(
        lambda logits, targets, mask: -masked_mean(token_losses(logits, targets), mask),
        "The sign of the loss is reversed. Training would make the cross-entropy larger.",
    ),
]
