"""Classic mistakes in `masked_loss` of question 8: the result of each, and the explanation.

Each is a small pure function of (logits, targets, mask) that gives a number. The checks compare with `masked_mean` of
`token_losses`, and recognise the mistake that agrees with the student's result
(`grading.checks.diagnosis.recognised`).
"""

from __future__ import annotations

import numpy as np

from grading.checks.diagnosis import Mistake


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
