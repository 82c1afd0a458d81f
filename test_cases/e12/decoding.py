"""The grader's own reading of a language model: verses drawn from its weights, and how likely it finds verses.

One token after the other, for a whole batch. Keys and values of earlier tokens are kept, so that no token is computed
twice. A test compares the logits with those of question 7's reference solution.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from test_cases.e12.public.verses import END, MAX_TOKENS, PAD, START

Weights = Mapping[str, np.ndarray]
NORM_EPSILON = 1e-5  # torch's LayerNorm
ROWS_AT_ONCE = 500  # all at once would take more memory


class Decoder:
    """A language model at one position of a batch of verses.

    Args:
        weights: the parameters of a `GPT`, by name.
        rows: how many verses are read side by side.
    """

    def __init__(self, weights: Weights, rows: int) -> None:
        self._weights = {name: array.astype(np.float32) for name, array in weights.items()}
        self._layers = 1 + max(int(name.split(".")[1]) for name in weights if name.startswith("blocks."))
        positions, size = weights["position_embedding.weight"].shape
        self._seen = np.empty((self._layers, 2, rows, positions, size), np.float32)  # keys and values
        self._place = 0

    def logits(self, ids: np.ndarray) -> np.ndarray:
        """Read the next token of each verse, int (rows,); gives float32 (rows, vocabulary), scores of what follows."""
        return self._affine(self.states(ids), "output")

    def states(self, ids: np.ndarray) -> np.ndarray:
        """Read the next token of each verse, int (rows,); gives float32 (rows, size), what the output layer reads."""
        known, here = self._weights, self._place
        state = known["token_embedding.weight"][ids] + known["position_embedding.weight"][here]
        for number in range(self._layers):
            name = f"blocks.{number}"
            state = self._normal(state + self._look_back(state, number), f"{name}.norm_1")
            state = self._normal(state + np.maximum(self._affine(state, f"{name}.linear"), 0), f"{name}.norm_2")
        self._place += 1
        return self._normal(state, "norm")

    def _look_back(self, state: np.ndarray, number: int) -> np.ndarray:
        """What the newest token takes over from all tokens so far, (rows, size)."""
        name, now = f"blocks.{number}.attention", self._place + 1
        for kind, layer in enumerate(("k_layer", "v_layer")):
            self._seen[number, kind, :, self._place] = self._affine(state, f"{name}.{layer}")
        asked = self._affine(state, f"{name}.q_layer") / np.float32(np.sqrt(state.shape[1]))
        keys, values = self._seen[number, :, :, :now]  # (rows, now, size) each
        shares = _shares((keys @ asked[:, :, None])[:, :, 0])  # (rows, now)
        return (shares[:, None] @ values)[:, 0]

    def _affine(self, state: np.ndarray, name: str) -> np.ndarray:
        return state @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]

    def _normal(self, state: np.ndarray, name: str) -> np.ndarray:
        centred = state - state.mean(axis=1, keepdims=True)
        spread = np.sqrt((centred * centred).mean(axis=1, keepdims=True) + np.float32(NORM_EPSILON))
        return centred / spread * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]


def written(weights: Weights, count: int, random: np.random.Generator) -> np.ndarray:
    """Verses drawn from a language model at temperature 1: int64 (count, MAX_TOKENS).

    No rule of form is applied. A verse without an end fills its row with other tokens.
    """
    return np.concatenate([_written(weights, rows, random) for rows in _blocks(count)])


def log_probabilities(weights: Weights, verses: np.ndarray) -> np.ndarray:
    """The logarithm of the probability of each verse after its first token, float64 (verses,), in nats."""
    found, start = np.zeros(len(verses)), 0
    for rows in _blocks(len(verses)):
        chosen = slice(start, start + rows)
        decoder, block, start = Decoder(weights, rows), verses[chosen], start + rows
        for here in range(block.shape[1] - 1):
            following = block[:, here + 1]
            chances = _shares(decoder.logits(block[:, here]))[np.arange(rows), following].astype(np.float64)
            found[chosen] += np.where(following == PAD, 0.0, np.log(np.maximum(chances, 1e-30)))
    return found


def outputs(weights: Weights, verses: np.ndarray) -> np.ndarray:
    """What a reader tells of each verse, float64 (verses, outputs); its head is `head`, the language model the rest."""
    total, start = np.zeros((len(verses), weights["norm.weight"].size)), 0
    for rows in _blocks(len(verses)):
        chosen = slice(start, start + rows)
        decoder, start = Decoder(weights, rows), start + rows
        for column in verses[chosen].T:
            total[chosen] += decoder.states(column) * (column != PAD)[:, None]
    means = total / (verses != PAD).sum(axis=1, keepdims=True)
    return means @ weights["head.weight"].T.astype(np.float64) + weights["head.bias"]


def logits(weights: Weights, verses: np.ndarray) -> np.ndarray:
    """The scores of the next token at every position, float32 (verses, time, vocabulary)."""
    decoder = Decoder(weights, len(verses))
    return np.stack([decoder.logits(column) for column in verses.T], axis=1)


def _written(weights: Weights, rows: int, random: np.random.Generator) -> np.ndarray:
    decoder = Decoder(weights, rows)
    found = np.full((rows, MAX_TOKENS), PAD)
    found[:, 0] = START
    has_ended = np.zeros(rows, bool)
    for here in range(MAX_TOKENS - 1):
        sums = _shares(decoder.logits(found[:, here])).cumsum(axis=1)
        drawn = (sums < sums[:, -1:] * random.random((rows, 1))).sum(axis=1)
        found[:, here + 1] = np.where(has_ended, PAD, np.minimum(drawn, sums.shape[1] - 1))
        has_ended |= drawn == END
    return found


def _shares(scores: np.ndarray) -> np.ndarray:
    """Softmax over the last dimension."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def _blocks(count: int) -> list[int]:
    """`count` rows in blocks of at most `ROWS_AT_ONCE`."""
    return [min(ROWS_AT_ONCE, count - start) for start in range(0, count, ROWS_AT_ONCE)]
