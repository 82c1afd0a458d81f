"""What the grader runs in the student's process: a translator in float64, and searches in a language of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

MANY = 100  # times the calls that a search needs: its loop has no end


def shifted(make: Callable[..., Any], target: Tensor) -> dict[str, Any]:
    """`inputs`: what `decoder_inputs` makes of a target. `changed`: whether the target was changed in place."""
    given = target.clone()
    return {"inputs": make(given), "changed": not torch.equal(given, target)}


def encoded(model: Any, source: Tensor) -> Any:
    """What `encode` gives in float64."""
    with torch.no_grad():
        return model.double().encode(source)


def decoded(model: Any, inputs: Tensor, state: Tensor, memory: Tensor, is_word: Tensor) -> Any:
    """What `decode` gives in float64."""
    with torch.no_grad():
        return model.double().decode(inputs, state, memory, is_word.bool())


def forced_weights(model: Any, source: Tensor, inputs: Tensor) -> Any:
    """Logits and weights of a trained translator that reads given words."""
    with torch.no_grad():
        memory, state = model.encode(source)
        logits, weights, _ = model.decode(inputs, state, memory, source != 0)
        return [logits, weights]


def written(search: Callable[..., Any], table: Tensor, first: Tensor, max_length: int) -> Any:
    """What `greedy_search` writes in a language whose next word depends on the two words before.

    Args:
        search: the student's.
        table: log-probabilities of the next word, (words, words, words), by the word before the last one and the last.
        first: the word before `BEGIN` of each sentence, float64 (batch, 1). It is the state.
        max_length: of a sentence.
    """
    return search(_step(table, max_length), first, max_length)


def beamed(
    search: Callable[..., Any], tables: list[Tensor], width: int, max_length: int, length_power: float
) -> list[Any]:
    """What `beam_search` writes in several such languages; each sentence begins with the state 0."""
    return [
        search(_step(table, max_length * width), table.new_zeros(1, 1), width, max_length, length_power)
        for table in tables
    ]


def _step(table: Tensor, enough: int) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """The language of a table. `enough` calls suffice for a search, also one that calls for each beginning alone."""
    calls = 0

    def step(state: Tensor, words: Tensor) -> tuple[Tensor, Tensor]:
        nonlocal calls
        calls += 1
        if calls > MANY * enough:
            raise RuntimeError(f"step was called {calls:,} times in one search: the search does not end at max_length")
        if state.shape != (*words.shape, 1) or words.ndim != 1:
            raise ValueError(
                f"step got states of shape {tuple(state.shape)} and words of shape {tuple(words.shape)}: one row of "
                "the state belongs to each word"
            )
        return table[state[:, 0].long(), words].clone(), words.to(table.dtype).unsqueeze(1)

    return step
