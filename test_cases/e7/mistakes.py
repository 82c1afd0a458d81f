"""The classic mistakes of elective 7 in scores, attention, encoder and decoder: what each gives, its explanation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from grading.checks.variants import joined
from test_cases.e7 import reference
from test_cases.e7.public.data import BEGIN, END, PADDING
from test_cases.e7.reference import Parameters

LARGEST_EXPONENT = float(np.log(np.finfo(np.float64).max))  # exp of more is infinite
NEARLY = 1e-6  # of sums of weights: a large constant in the scores costs digits


def luong(queries: np.ndarray, keys: np.ndarray, *weight: np.ndarray, wrong: str) -> np.ndarray:
    """The dot score, or with a weight the general one, with a mistake."""
    if weight and wrong == "weight transposed":
        weight = (weight[0].T,)
    if wrong == "exchanged":
        queries, keys = keys, queries
    right = reference.general_score(queries, keys, *weight) if weight else reference.dot_score(queries, keys)
    if wrong == "other way":
        return right.swapaxes(1, 2)
    if wrong == "weight left out":
        return reference.dot_score(queries, keys)
    return {"scaled": right / np.sqrt(keys.shape[2]), "softmax": reference.softmax(right)}.get(wrong, right)


SCALED = "The scores are divided by the square root of the units. Transformers do that; these scores are not scaled."
SOFTMAX = "The softmax is taken already. `attend` does that; a score may be any number."
OTHER_WAY = "The result has the shape (batch, source, target). Its rows belong to the queries."
IN_DOT = {"scaled": SCALED, "softmax": SOFTMAX, "other way": OTHER_WAY}
IN_GENERAL = {
    "scaled": SCALED,
    "softmax": SOFTMAX,
    "other way": OTHER_WAY,
    "weight transposed": "W was transposed. The formula has q . (W k): the rows of W belong to the query.",
    "weight left out": "The weight has no influence. Where is W used?",
}


def additive(
    queries: np.ndarray, keys: np.ndarray, w: np.ndarray, u: np.ndarray, v: np.ndarray, wrong: str
) -> np.ndarray:
    """The additive score with a mistake."""
    if wrong == "weights exchanged":
        w, u = u, w
    if wrong == "weights transposed":
        w, u = w.T, u.T
    left, right = (queries @ w.T)[:, :, None], (keys @ u.T)[:, None]
    scores = np.tanh(left * right if wrong == "product" else left + right) @ v
    return {
        "linear": (left + right) @ v,
        "tanh last": np.tanh((left + right) @ v),
        "no vector": np.tanh(left + right).sum(axis=-1),
        "scaled": scores / np.sqrt(len(v)),
        "softmax": reference.softmax(scores),
        "other way": scores.swapaxes(1, 2),
    }.get(wrong, scores)


IN_ADDITIVE = {
    "weights exchanged": "The two weights are swapped: W belongs to the queries, U to the keys.",
    "weights transposed": "W and U were transposed. For rows of a batch, W q is `queries @ query_weight.T`.",
    "product": "W q and U k were multiplied. The formula adds them.",
    "linear": "The hidden layer has no tanh. Without tanh, the best key is the same for every query.",
    "tanh last": "The tanh was taken of the whole score. It belongs to the hidden layer, before the product with v.",
    "no vector": "The hidden units were added up. The formula multiplies them by v.",
    "scaled": SCALED,
    "softmax": SOFTMAX,
    "other way": OTHER_WAY,
}


def attention(scores: np.ndarray, values: np.ndarray, is_word: np.ndarray, wrong: str) -> np.ndarray:
    """Contexts and weights with a mistake, in one row: the weights behind the contexts."""
    mask = np.broadcast_to(is_word[:, None], scores.shape)
    weights = {
        "padding": lambda: reference.softmax(scores),
        "zero scores": lambda: reference.softmax(scores * mask),
        "masked afterwards": lambda: reference.softmax(scores) * mask,
        "targets": lambda: (
            reference.softmax(np.where(mask, scores, -np.inf).swapaxes(1, 2).clip(-1e300)).swapaxes(1, 2) * mask
        ),
        "sentences": lambda: reference.softmax(np.where(mask, scores, -np.inf).T).T,
        "shares": lambda: np.where(mask, scores, 0) / np.where(mask, scores, 0).sum(axis=2, keepdims=True),
    }.get(wrong, lambda: reference.softmax(np.where(mask, scores, -np.inf)))()
    return joined(weights @ values, weights)


IN_ATTENTION = {
    "padding": (
        "Padding gets weight, as if `is_word` were True everywhere. A sentence then depends on how much padding its "
        "batch has."
    ),
    "zero scores": (
        "The scores of padding were set to 0, and exp(0) is 1: padding still gets weight. For which score is "
        "exp(score) 0?"
    ),
    "masked afterwards": (
        "The weights of padding were set to 0 after the softmax. The weights of the words then add up to less than 1."
    ),
    "targets": "The softmax runs over the target positions. The weights of one query add up to 1 over the source.",
    "sentences": "The softmax runs over the sentences of the batch. Sentences must not mix.",
    "shares": "The scores were divided by their sum. The formula has exp of each score.",
}


MASK_REVERSED = (
    "In sentences with padding, padding gets all of the weight. `is_word` is True at words. Is the mask reversed?"
)


def of_weights_without_numbers(weights: np.ndarray, scores: np.ndarray, is_word: np.ndarray) -> str:
    """Why weights (batch, target, source) are NaN or infinite; "" if that is unknown."""
    lost, is_shown = ~np.isfinite(weights), np.broadcast_to(is_word[:, None], weights.shape)
    is_full = np.broadcast_to(np.asarray(is_word.all(axis=1))[:, None, None], weights.shape)
    if np.array_equal(lost, is_full) and not weights[is_shown & ~is_full].any():
        return f"{MASK_REVERSED} A softmax of nothing but -infinity is NaN."
    if np.array_equal(lost, ~is_shown) and np.abs(weights.sum(axis=1)[is_word] - 1).max() < NEARLY:
        return f"{IN_ATTENTION['targets']} A softmax of nothing but -infinity is NaN."
    if scores.max() > LARGEST_EXPONENT:
        return "exp(1,000) is infinite. `softmax` subtracts the largest score first, and stays finite."
    return ""


def of_weights_of_padding(weights: np.ndarray, is_word: np.ndarray) -> str:
    """What weights (batch, target, source) tell, of which some at padding are above 0."""
    has_padding = ~is_word.all(axis=1)
    of_words = (weights * is_word[:, None]).sum(axis=2)[has_padding]
    if np.abs(of_words).max() < NEARLY and np.abs(weights.sum(axis=2) - 1).max() < NEARLY:
        return MASK_REVERSED
    if np.abs(weights.sum(axis=1) - 1).max() < NEARLY:
        return IN_ATTENTION["targets"]
    return "For which score is exp(score) exactly 0?"


def inputs(target: np.ndarray, wrong: str) -> np.ndarray:
    """What the decoder reads, with a mistake."""
    begin = np.full((len(target), 1), {"end first": END, "padding first": PADDING}.get(wrong, BEGIN))
    return {
        "not shifted": target,
        "other way": np.concatenate([target[:, 1:], np.full_like(begin, PADDING)], axis=1),
        "longer": np.concatenate([begin, target], axis=1),
        "begin in place": np.concatenate([begin, target[:, 1:]], axis=1),
    }.get(wrong, np.concatenate([begin, target[:, :-1]], axis=1))


IN_INPUTS = {
    "not shifted": (
        "At each position, the decoder reads the word that it should predict there. It only learns to copy. The words "
        "move one position to the right, and BEGIN comes first."
    ),
    "begin in place": "BEGIN took the place of the first word. The words move one position to the right.",
    "other way": "The words moved to the left. The decoder would read the word after the one that it predicts.",
    "longer": "The inputs have one position more than the target. Which word has no successor to predict?",
    "end first": "The first input is END. Sentences begin with BEGIN.",
    "padding first": "The first input is PADDING. Sentences begin with BEGIN.",
}


def loss(logits: np.ndarray, target: np.ndarray, wrong: str) -> float:
    """The loss with a mistake."""
    losses, is_word = reference.word_losses(logits, target), target != PADDING
    total, count = float((losses * is_word).sum()), int(is_word.sum())
    without_end = is_word & (target != END)
    return {
        "padding": lambda: float(losses.mean()),
        "divided by all": lambda: total / target.size,
        "sum": lambda: total,
        "each sentence": lambda: float(((losses * is_word).sum(axis=1) / is_word.sum(axis=1)).mean()),
        "sum by sentence": lambda: total / len(target),
        "no end": lambda: float(losses[without_end].mean()),
        "end for padding": lambda: float(losses[target != END].mean()),
        "reshaped": lambda: _reshaped(logits, target),
    }.get(wrong, lambda: total / count)()


def _reshaped(logits: np.ndarray, target: np.ndarray) -> float:
    """The loss of logits (batch, target, words) that a reshape has brought to (batch, words, target)."""
    batch, length, words = logits.shape
    mixed = logits.reshape(batch, words, length).swapaxes(1, 2)
    return reference.translation_loss(mixed, target)


IN_LOSS = {
    "padding": "The loss counts padding. The decoder would be trained to write padding behind each sentence.",
    "divided by all": "The sum was divided by all positions. It is divided by the number of words.",
    "sum": "The losses of the words were added up. The mean is asked for.",
    "each sentence": "Each sentence counts alike. Each word counts alike: long sentences count more.",
    "sum by sentence": "The sum was divided by the number of sentences. It is divided by the number of words.",
    "no end": "END does not count. The decoder would never learn where a sentence ends.",
    "reshaped": (
        "The logits were reshaped to (batch, words, target). A reshape keeps the order of the numbers, so scores of "
        "several positions are mixed. Which function exchanges two dimensions?"
    ),
    "end for padding": "END was left out in place of PADDING.",
}


class WrongReader(reference.Reader):
    """A translator with a mistake."""

    def __init__(self, score: str, parameters: Parameters, wrong: str) -> None:
        super().__init__(score, parameters)
        self._wrong = wrong

    def encode(self, source: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Memory and state of the encoder."""
        if self._wrong == "padding read":
            source = np.where(source == PADDING, -1, source)  # no padding for the reference; its row is the last one
            weight = self._parameters["source_embedding.weight"]
            moved = {**self._parameters, "source_embedding.weight": np.concatenate([weight, weight[PADDING][None]])}
            return reference.Reader(self.score, moved).encode(source)
        memory, state = super().encode(source)
        half, lengths = memory.shape[2] // 2, (source != PADDING).sum(axis=1)
        if self._wrong == "last position":
            state = memory[:, -1]
        elif self._wrong == "last word":
            state = memory[np.arange(len(source)), lengths - 1]
        elif self._wrong == "exchanged":
            state = np.concatenate([state[:, half:], state[:, :half]], axis=1)
        elif self._wrong == "in a row":  # (2, batch, half) reshaped without turning
            pair = np.stack([state[:, :half], state[:, half:]])
            state = pair.reshape(len(source), 2 * half)
        return memory, state

    def decode(
        self, inputs: np.ndarray, state: np.ndarray, memory: np.ndarray, is_word: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
        """Logits, weights and state of the decoder."""
        language = "source" if self._wrong == "other language" else "target"
        embedded, before, states = self._parameters[f"{language}_embedding.weight"][inputs], [], []
        if self._wrong == "from zeros":
            state = np.zeros_like(state)
        for position in range(inputs.shape[1]):
            before.append(state)
            state = self._cell("decoder", "_l0", embedded[:, position], state)
            states.append(state)
        hidden = np.stack(states, axis=1)
        queries = np.stack(before, axis=1) if self._wrong == "state before" else hidden
        seen = np.ones_like(is_word, dtype=bool) if self._wrong == "padding" else is_word.astype(bool)
        found: tuple[np.ndarray, np.ndarray | None] = np.zeros_like(hidden), None
        if self.score != "none":
            found = reference.attend(self.scores(queries, memory), memory, seen)
        elif self._wrong == "attends":
            found = reference.attend(reference.dot_score(queries, memory), memory, seen)
        contexts, weights = found
        parts = [hidden, contexts] if self._wrong == "state in front" else [contexts, hidden]
        if self._wrong == "no context":
            parts[0] = np.zeros_like(contexts)
        sums = self._linear("join", np.concatenate(parts, axis=2))
        return self._linear("output", sums if self._wrong == "linear" else np.tanh(sums)), weights, state


IN_ENCODER = {
    "padding read": (
        "The encoder reads the padding after the end of the sentences, too. The backward direction begins with it. "
        "Which function tells a GRU how long each sentence is?"
    ),
    "last position": (
        "The state is the memory at the last position of the batch, where shorter sentences have padding. The second "
        "output of the GRU holds the state of each direction after its last step."
    ),
    "last word": (
        "The state is the memory at the last word. The backward direction has read only that word there. Where does it "
        "end?"
    ),
    "exchanged": "The backward direction's state stands in front. The forward one comes first.",
    "in a row": (
        "The two directions were joined by a reshape, which mixes the sentences of the batch. `torch.cat` along the "
        "units joins them."
    ),
}
IN_DECODER = {
    "state before": "The queries are the states before each input. Luong's attention asks with the state after it.",
    "padding": "Padding gets weight. Is `is_word` passed on to `attend`?",
    "state in front": "The state stands in front of the context. The formula joins [c(t), h(t)].",
    "no context": "The contexts have no influence on the logits. Where is c(t) used?",
    "linear": "There is no tanh between `join` and `output`.",
    "other language": "The words were looked up in `source_embedding`. The decoder reads words of the target.",
    "from zeros": "The argument `state` has no influence. `self.decoder` takes the first state beside its input.",
    "attends": 'The decoder attends with dot scores, though its score is "none". Its contexts are zeros then.',
}


def encoded(score: str, parameters: Parameters, source: np.ndarray, wrong: str) -> np.ndarray:
    """Memory and state of the encoder with a mistake, in one row."""
    return joined(*WrongReader(score, parameters, wrong).encode(source))


def decoded(score: str, parameters: Parameters, given: Sequence[np.ndarray], wrong: str) -> np.ndarray:
    """The logits of the decoder with a mistake."""
    return WrongReader(score, parameters, wrong).decode(given[0], given[1], given[2], given[3])[0]
