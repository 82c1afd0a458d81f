"""What elective 7 should compute, in numpy: scores, attention, a translator from its parameters, searches, BLEU."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from test_cases.e7.public.data import BEGIN, END, PADDING

Parameters = Mapping[str, np.ndarray]
Sentences = Sequence[Sequence[int]]
MAX_ORDER = 4  # of n-grams


def dot_score(queries: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """(batch, target, units) and (batch, source, units) give (batch, target, source)."""
    return np.einsum("btu,bsu->bts", queries, keys)


def general_score(queries: np.ndarray, keys: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The same with `weight` (units of a query, units of a key) in between."""
    return np.einsum("btu,uv,bsv->bts", queries, weight, keys, optimize=True)


def additive_score(
    queries: np.ndarray, keys: np.ndarray, query_weight: np.ndarray, key_weight: np.ndarray, vector: np.ndarray
) -> np.ndarray:
    """The score of a hidden layer without biases."""
    sums = (queries @ query_weight.T)[:, :, None] + (keys @ key_weight.T)[:, None]
    return np.tanh(sums) @ vector


SCORES: dict[str, Callable[..., np.ndarray]] = {
    "dot": dot_score,
    "general": general_score,
    "additive": additive_score,
}


def softmax(scores: np.ndarray) -> np.ndarray:
    """Over the last dimension; scores may be minus infinity, but not all of a row."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def attend(scores: np.ndarray, values: np.ndarray, is_word: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Contexts (batch, target, units) and weights (batch, target, source)."""
    shares = softmax(np.where(is_word[:, None], scores, -np.inf))
    return shares @ values, shares


def translation_loss(logits: np.ndarray, target: np.ndarray) -> float:
    """The mean over all words that are no padding, in nats."""
    return float(word_losses(logits, target)[target != PADDING].mean())


def word_losses(logits: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The cross-entropy of each position, (batch, target)."""
    most = logits.max(axis=-1)
    totals = most + np.log(np.exp(logits - most[..., None]).sum(axis=-1))
    return totals - np.take_along_axis(logits, target[..., None], axis=-1)[..., 0]


class Reader:
    """A `Translator` by its parameters.

    Args:
        score: "dot", "general", "additive" or "none".
        parameters: by name, as torch names them.
    """

    def __init__(self, score: str, parameters: Parameters) -> None:
        self.score = score
        self._parameters = parameters

    def encode(self, source: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Memory (batch, source, units), zeros at padding, and the first state of the decoder (batch, units)."""
        embedded, is_word = self._parameters["source_embedding.weight"][source], source != PADDING
        half = self._parameters["encoder.weight_hh_l0"].shape[1]
        memory = np.zeros((*source.shape, 2 * half))
        ends = []
        for part, suffix, order in ((0, "", 1), (1, "_reverse", -1)):
            state = np.zeros((len(source), half))
            for position in range(source.shape[1])[::order]:
                after = self._cell("encoder", f"_l0{suffix}", embedded[:, position], state)
                state = np.where(is_word[:, position, None], after, state)
                memory[:, position, part * half : (part + 1) * half] = state * is_word[:, position, None]
            ends.append(state)
        return memory, np.concatenate(ends, axis=1)

    def decode(
        self, inputs: np.ndarray, state: np.ndarray, memory: np.ndarray, is_word: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
        """Logits (batch, target, words), weights (batch, target, source) or None, and the last state (batch, units)."""
        embedded = self._parameters["target_embedding.weight"][inputs]
        states = []
        for position in range(inputs.shape[1]):
            state = self._cell("decoder", "_l0", embedded[:, position], state)
            states.append(state)
        hidden = np.stack(states, axis=1)
        contexts, weights = np.zeros_like(hidden), None
        if self.score != "none":
            contexts, weights = attend(scores=self.scores(hidden, memory), values=memory, is_word=is_word)
        joined = np.tanh(self._linear("join", np.concatenate([contexts, hidden], axis=2)))
        return self._linear("output", joined), weights, state

    def scores(self, queries: np.ndarray, keys: np.ndarray) -> np.ndarray:
        """By the function that the model was made with."""
        named = [
            self._parameters[name] for name in ("query_weight", "key_weight", "vector") if name in self._parameters
        ]
        return SCORES[self.score](queries, keys, *named)

    def translate(self, source: np.ndarray, max_length: int) -> list[list[int]]:
        """Greedy translations, without `END`."""
        memory, state = self.encode(source)
        is_word, words = source != PADDING, np.full(len(source), BEGIN)
        columns = []
        for _round in range(max_length):
            logits, _, state = self.decode(words[:, None], state, memory, is_word)
            words = logits[:, 0].argmax(axis=1)
            columns.append(words)
        return [before_end(row.tolist()) for row in np.stack(columns, axis=1)]

    def forced(self, source: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Logits and weights where the decoder reads the right words."""
        memory, state = self.encode(source)
        logits, weights, _ = self.decode(decoder_inputs(target), state, memory, source != PADDING)
        return logits, weights

    def _cell(self, name: str, suffix: str, x: np.ndarray, state: np.ndarray) -> np.ndarray:
        """One step of a GRU in torch's form."""
        w, u, b, c = (
            self._parameters[f"{name}.{kind}{suffix}"] for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        (r_x, z_x, n_x), (r_h, z_h, n_h) = np.split(x @ w.T + b, 3, axis=1), np.split(state @ u.T + c, 3, axis=1)
        keep = _sigmoid(z_x + z_h)
        return (1 - keep) * np.tanh(n_x + _sigmoid(r_x + r_h) * n_h) + keep * state

    def _linear(self, name: str, x: np.ndarray) -> np.ndarray:
        return x @ self._parameters[f"{name}.weight"].T + self._parameters[f"{name}.bias"]


def shapes(score: str, source_words: int, target_words: int, units: int) -> dict[str, tuple[int, ...]]:
    """The shape of each parameter of a `Translator`."""
    half = units // 2
    found: dict[str, tuple[int, ...]] = {
        "source_embedding.weight": (source_words, units),
        "target_embedding.weight": (target_words, units),
        "join.weight": (units, 2 * units), "join.bias": (units,),
        "output.weight": (target_words, units), "output.bias": (target_words,),
    }  # fmt: skip
    for name, suffix, size in (("encoder", "_l0", half), ("encoder", "_l0_reverse", half), ("decoder", "_l0", units)):
        found |= {f"{name}.weight_ih{suffix}": (3 * size, units), f"{name}.weight_hh{suffix}": (3 * size, size)}
        found |= {f"{name}.bias_ih{suffix}": (3 * size,), f"{name}.bias_hh{suffix}": (3 * size,)}
    if score in ("general", "additive"):
        found["query_weight"] = (units, units)
    if score == "additive":
        found |= {"key_weight": (units, units), "vector": (units,)}
    return found


def decoder_inputs(target: np.ndarray) -> np.ndarray:
    """The right words, one position later, behind `BEGIN`."""
    return np.concatenate([np.full((len(target), 1), BEGIN), target[:, :-1]], axis=1)


def before_end(words: Sequence[int]) -> list[int]:
    """The words before the first `END`."""
    return list(words[: words.index(END)] if END in words else words)


def greedy(table: np.ndarray, first: np.ndarray, max_length: int) -> list[list[int]]:
    """The most likely words where `table[state, word]` holds the log-probabilities of what follows.

    A row's state is the word before the last one; it begins with `first`, (batch,).
    """
    found = []
    for state in first.tolist():
        word = BEGIN
        sentence: list[int] = []
        while len(sentence) < max_length and word != END:
            state, word = word, int(table[state, word].argmax())
            sentence.append(word)
        found.append(before_end(sentence))
    return found


def beam(table: np.ndarray, first: int, width: int, max_length: int, length_power: float) -> list[int]:
    """The answer of a beam search in such a table."""
    done, prefixes, _ = beam_rounds(table, first, width, max_length)
    if len(done) < width:
        done += prefixes
    words = max(done, key=lambda one: one[0] / (len(one[1]) - 2) ** length_power)[1]
    return before_end(words[2:])


def ends_in_one_way(table: np.ndarray, first: int, width: int, max_length: int) -> bool:
    """Whether a search does not end for two reasons at once: enough are finished in the last round, some are not."""
    done, prefixes, rounds = beam_rounds(table, first, width, max_length)
    return not (rounds == max_length and len(done) >= width and prefixes)


def beam_rounds(
    table: np.ndarray, first: int, width: int, max_length: int
) -> tuple[list[tuple[float, list[int]]], list[tuple[float, list[int]]], int]:
    """What a beam search has finished and what its beam holds in the end, each with its log-probability; its rounds."""
    prefixes: list[tuple[float, list[int]]] = [(0.0, [first, BEGIN])]
    done: list[tuple[float, list[int]]] = []
    rounds = 0
    while rounds < max_length and len(done) < width and prefixes:
        longer = [
            (total + float(value), [*words, word])
            for total, words in prefixes
            for word, value in enumerate(table[words[-2], words[-1]])
        ]
        longer.sort(key=lambda one: -one[0])
        done += [one for one in longer[:width] if one[1][-1] == END]
        prefixes = [one for one in longer[:width] if one[1][-1] != END]
        rounds += 1
    return done, prefixes, rounds


def bleu(candidates: Sentences, references: Sentences) -> float:
    """From 0 to 1, of all sentences together, without smoothing."""
    precisions, brevity = parts_of_bleu(candidates, references)
    return brevity * math.exp(np.log(precisions).mean()) if precisions.all() else 0.0


def parts_of_bleu(candidates: Sentences, references: Sentences) -> tuple[np.ndarray, float]:
    """p(1) to p(4), 0 where there are no n-grams, and the brevity. At least one candidate has a word."""
    matches, totals = np.zeros(MAX_ORDER), np.zeros(MAX_ORDER)
    for candidate, right in zip(candidates, references, strict=True):
        for order in range(1, MAX_ORDER + 1):
            held, wanted = n_grams(candidate, order), n_grams(right, order)
            matches[order - 1] += sum((held & wanted).values())
            totals[order - 1] += sum(held.values())
    written, asked = (sum(len(sentence) for sentence in sentences) for sentences in (candidates, references))
    return matches / np.maximum(totals, 1), math.exp(min(0.0, 1 - asked / max(written, 1)))


def n_grams(sentence: Sequence[int], order: int) -> Counter[Any]:
    """How often each run of `order` neighbouring words occurs."""
    return Counter(tuple(sentence[place : place + order]) for place in range(len(sentence) + 1 - order))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(0.5 * x))
