"""Classic mistakes in what question 8's model learns from: what each would give, and the explanation for it.

Small pure functions in the manner of question 6's: the checks call them on inputs of their own and recognise the one
that agrees with what came (`grading.checks.diagnosis.recognised`).
"""

from __future__ import annotations

import numpy as np

from grading.checks.diagnosis import Mistake

Tokens = list[int]

# --- encode_example: each takes (prompt, verse, length, pad) and gives one of its three tensors ---


def _filled(tokens: Tokens, length: int, pad: int) -> np.ndarray:
    """The tokens and what is lacking, on the right; longer than `length` if they are too many."""
    return np.array(tokens + [pad] * (length - len(tokens)))


def _filled_on_the_left(tokens: Tokens, length: int, pad: int) -> np.ndarray:
    return np.array([pad] * (length - len(tokens)) + tokens)


def _ones(start: int, end: int, length: int) -> np.ndarray:
    places = np.arange(length)
    return ((places >= start) & (places < end)).astype(np.float64)


_LEFT = "The filling is on the left; it belongs on the right, after everything that is read."
_LAST_TOKEN = "The verse's last token is among the inputs. Nothing comes after it, so what would its target be?"
INPUTS = [
    Mistake(lambda prompt, verse, length, pad: _filled(prompt + verse, length, pad), _LAST_TOKEN),
    Mistake(lambda prompt, verse, length, pad: _filled(prompt + verse, length, pad)[:length], _LAST_TOKEN),
    Mistake(
        lambda prompt, verse, length, pad: _filled((prompt + verse)[1:], length, pad),
        "That lacks the first token and has the last one: it looks like the targets. Which of the two is read?",
    ),
    Mistake(lambda prompt, verse, length, pad: _filled_on_the_left((prompt + verse)[:-1], length, pad), _LEFT),
    Mistake(
        lambda prompt, verse, length, pad: _filled(prompt, length, pad),
        "The model reads the prompt and nothing of the verse. To say the verse's third word it has to see the second.",
    ),
    Mistake(
        lambda prompt, verse, length, pad: _filled(verse[:-1], length, pad),
        "The prompt is missing: the model would not know what is asked.",
    ),
    Mistake(
        lambda prompt, verse, length, pad: _filled((prompt + verse)[:-1], length, 0),
        "Tokens are right, the filling is not: it should be `pad`, whatever number that is.",
    ),
]
TARGETS = [
    Mistake(
        lambda prompt, verse, length, pad: _filled((prompt + verse)[:-1], length, pad),
        "The targets are the inputs: at each place the model would learn to repeat what it has just read. Which token "
        "should it say there?",
    ),
    Mistake(
        lambda prompt, verse, length, pad: _filled(prompt + verse, length, pad),
        "The targets begin with the token that stands at that place in the inputs, so they are one place late. Which "
        "token should be said at the first place?",
    ),
    Mistake(
        lambda prompt, verse, length, pad: _filled((prompt + verse)[2:], length, pad),
        "The targets are one place early: each is the token after the next.",
    ),
    Mistake(lambda prompt, verse, length, pad: _filled_on_the_left((prompt + verse)[1:], length, pad), _LEFT),
    Mistake(
        lambda prompt, verse, length, pad: _filled(verse, length, pad),
        "The verse stands at the beginning of the targets. The places of inputs and targets belong together: where is "
        "the model when it should say the verse's first token?",
    ),
    Mistake(
        lambda prompt, verse, length, pad: _filled([pad] * (len(prompt) - 1) + verse, length, pad),
        "The prompt's tokens are blotted out of the targets. Leave that to the mask: the target at each place is the "
        "next token, whichever it is.",
    ),
    Mistake(
        lambda prompt, verse, length, pad: _filled((prompt + verse)[1:], length, -100),
        "The filling is -100, which cross_entropy would leave out. Here the mask does that, and the filling is `pad`.",
    ),
    Mistake(
        lambda prompt, verse, length, pad: _filled((prompt + verse)[1:], length, 0),
        "Tokens are right, the filling is not: it should be `pad`, whatever number that is.",
    ),
]
_LATE = (
    "The mask leaves out the place where the verse's first token is to be said. At which place has the model read the "
    "whole prompt and nothing more?"
)
MASKS = [
    Mistake(
        lambda prompt, verse, length, pad: _ones(0, length, length),
        "Every place counts, the prompt's and the filling's too. Which targets belong to the verse?",
    ),
    Mistake(
        lambda prompt, verse, length, pad: _ones(0, len(prompt) + len(verse) - 1, length),
        "The prompt counts, too: the model would learn to guess what is asked. Which targets belong to the verse?",
    ),
    Mistake(
        lambda prompt, verse, length, pad: _ones(len(prompt) - 1, length, length),
        "The filling counts, too: the model would learn to say `pad`. Where does the verse end?",
    ),
    Mistake(lambda prompt, verse, length, pad: _ones(len(prompt), len(prompt) + len(verse) - 1, length), _LATE),
    Mistake(
        lambda prompt, verse, length, pad: _ones(len(prompt), len(prompt) + len(verse), length),
        "The mask is one place late: the places of the verse's tokens in the inputs are counted, not those where they "
        "are the targets.",
    ),
    Mistake(lambda prompt, verse, length, pad: _ones(len(prompt), length, length), _LATE),
    Mistake(
        lambda prompt, verse, length, pad: _ones(len(prompt) - 1, len(prompt) + len(verse) - 2, length),
        "The verse's last token, its end, is not counted: the model would not learn to stop.",
    ),
    Mistake(
        lambda prompt, verse, length, pad: 1 - _ones(len(prompt) - 1, len(prompt) + len(verse) - 1, length),
        "The mask is the wrong way round: 1 is for places that count.",
    ),
]
ENCODING = {"inputs": INPUTS, "targets": TARGETS, "mask": MASKS}

# --- masked_loss: each takes (logits, targets, mask) and gives a number ---


def token_losses(logits: np.ndarray, targets: np.ndarray, axis: int = -1) -> np.ndarray:
    """The cross-entropy of each token in nats, (batch, time), in float64; a wrong softmax has another axis."""
    shifted = logits.astype(np.float64) - logits.max(axis=axis, keepdims=True)
    log_chances = shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
    return -np.take_along_axis(log_chances, targets[..., None], axis=-1)[..., 0]


def masked_mean(losses: np.ndarray, mask: np.ndarray) -> float:
    """The mean over what the mask counts."""
    return float((losses * mask).sum() / mask.sum())


def softmax(logits: np.ndarray) -> np.ndarray:
    """Over the last dimension, in float64."""
    chances = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    return chances / chances.sum(axis=-1, keepdims=True)


def _chosen(scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    return np.take_along_axis(scores, targets[..., None], axis=-1)[..., 0]


_LOGITS_BLOTTED = (
    "The mask is multiplied into the logits. A row of zeros still makes a loss, that of a blind guess; what should the "
    "mask be multiplied into?"
)
_SHARED_BY_ALL = "The counted losses are shared out among {}. How many losses were added up?"
LOSSES = [
    Mistake(
        lambda logits, targets, mask: float(token_losses(logits, targets).mean()),
        "That is the mean over all places: the mask makes no difference.",
    ),
    Mistake(
        lambda logits, targets, mask: float((token_losses(logits, targets) * mask).mean()),
        _SHARED_BY_ALL.format("all places, counted or not"),
    ),
    Mistake(
        lambda logits, targets, mask: float((token_losses(logits, targets) * mask).sum()),
        "That is the sum over the counted places, not their mean: longer verses and larger batches would weigh more.",
    ),
    Mistake(
        lambda logits, targets, mask: float((token_losses(logits, targets) * mask).sum() / len(mask)),
        _SHARED_BY_ALL.format("the rows of the batch"),
    ),
    Mistake(
        lambda logits, targets, mask: float((token_losses(logits, targets) * mask).sum() / mask.shape[1]),
        _SHARED_BY_ALL.format("the places of one row"),
    ),
    Mistake(
        lambda logits, targets, mask: float(token_losses(logits, targets).sum() / mask.sum()),
        "All losses are added up, then divided by how many count. Only those that count belong into the sum.",
    ),
    Mistake(
        lambda logits, targets, mask: float(
            ((token_losses(logits, targets) * mask).sum(axis=1) / mask.sum(axis=1)).mean()
        ),
        "That is the mean over each row, and then over the rows. Short verses' tokens weigh more that way; each "
        "counted token of the batch should weigh the same.",
    ),
    Mistake(
        lambda logits, targets, mask: masked_mean(token_losses(logits, targets), 1 - mask),
        "That is the mean over the places that the mask does not count. 1 is for those that do.",
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
        "The mask is multiplied into the targets, so that token 0 has to be guessed where nothing counts.",
    ),
    Mistake(
        lambda logits, targets, mask: masked_mean(token_losses(softmax(logits), targets), mask),
        "That is the loss after one softmax too many. cross_entropy brings its own: what happens to the logits before "
        "it?",
    ),
    Mistake(
        lambda logits, targets, mask: masked_mean(-_chosen(logits.astype(np.float64), targets), mask),
        "The logits were taken as if they were log-probabilities already. Where do scores become probabilities?",
    ),
    Mistake(
        lambda logits, targets, mask: masked_mean(-_chosen(softmax(logits), targets), mask),
        "That is minus the right token's probability, averaged. The cross-entropy takes its logarithm.",
    ),
    Mistake(
        lambda logits, targets, mask: masked_mean(token_losses(logits, targets, axis=1), mask),
        "The softmax runs over time instead of over the vocabulary. Which dimension counts the tokens one can choose?",
    ),
    Mistake(
        lambda logits, targets, mask: masked_mean(token_losses(logits[:, :-1], targets[:, 1:]), mask[:, 1:]),
        "Logits are compared with the targets one place further on. encode_example has shifted the targets already.",
    ),
    Mistake(
        lambda logits, targets, mask: -masked_mean(token_losses(logits, targets), mask),
        "The sign is turned round: training would make the loss as large as it can.",
    ),
]
