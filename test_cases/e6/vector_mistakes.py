"""The classic mistakes in what uses vectors: similarities, nearest words, analogies."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from grading.checks import variants
from grading.checks.diagnosis import Probe
from test_cases.e6 import reference


def cosine(one: np.ndarray, other: np.ndarray, wrong: str) -> np.ndarray:
    """Cosine similarities with a mistake; `other` has as many rows as `one` or not."""
    lengths = np.outer(np.linalg.norm(one, axis=1), np.linalg.norm(other, axis=1))
    safe = np.where(lengths > 0, lengths, 1.0)
    products = one @ other.T
    first, second = (np.where(np.linalg.norm(t, axis=1) > 0, np.linalg.norm(t, axis=1), 1.0) for t in (one, other))
    return {
        "products": products,
        "squares": products / safe**2,
        "one length": products / first[:, None],
        "other length": products / second[None],
        "transposed": (products / safe).T,
        "distance": 1 - products / safe,
        "root": products / np.sqrt(safe),
        "whole table": products / (np.linalg.norm(one) * np.linalg.norm(other)),
        "sum of lengths": products / np.add.outer(first, second),
        "columns": _by_columns(one, other),
        "centred": reference.cosine_similarity(_centred(one), _centred(other)),
    }[wrong]


def _centred(table: np.ndarray) -> np.ndarray:
    return table - table.mean(axis=1, keepdims=True)


def _by_columns(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    scaled = [table / np.linalg.norm(table, axis=0, keepdims=True) for table in (one, other)]
    return scaled[0] @ scaled[1].T


IN_COSINE = {
    "products": "These are scalar products. What are they divided by?",
    "squares": "The products were divided by squares of lengths. A length is the root of the sum of squares.",
    "one length": "The products were divided by the length of the vectors of `one` alone.",
    "other length": "The products were divided by the length of the vectors of `other` alone.",
    "transposed": "Rows and columns are swapped. The rows belong to `one`.",
    "distance": "This is 1 - cosine, a distance. The cosine itself is asked for.",
    "root": "The products were divided by the root of the lengths. Was a root taken twice?",
    "whole table": "All products were divided by the norm of the whole tables. Each row has its own length.",
    "sum of lengths": "The lengths were added. The formula multiplies them.",
    "columns": "The lengths are those of columns. Each row is a vector: which `dim` is it?",
    "centred": "The mean of each vector was subtracted first: this is a correlation, not the cosine.",
}


def _lengthened(one: np.ndarray, other: np.ndarray, constant: float, form: str) -> np.ndarray:
    """Cosine similarities with a small constant in the lengths."""
    lengths = [np.linalg.norm(table, axis=1) for table in (one, other)]
    if form == "each":
        lengths = [length + constant for length in lengths]
    elif form == "squares":
        lengths = [np.sqrt(length**2 + constant) for length in lengths]
    return one @ other.T / (np.outer(*lengths) + (constant if form == "product" else 0.0))


IN_THE_LENGTHS = [
    ("the product of the lengths", partial(_lengthened, form="product")),
    ("each length", partial(_lengthened, form="each")),
    ("the sums of squares", partial(_lengthened, form="squares")),
]


def of_cosine(probes: Sequence[Probe]) -> str:
    """The explanation of the mistake that gives these similarities."""
    return variants.recognised(reference.cosine_similarity, cosine, IN_COSINE, probes, IN_THE_LENGTHS)


def near(vectors: np.ndarray, questions: Sequence[Sequence[int]], wrong: str) -> np.ndarray:
    """The nearest words with a mistake, one question after the other."""
    found: list[int] = []
    for word, count in questions:
        likeness = reference.cosine_similarity(vectors, vectors[[word]])[:, 0]
        if wrong == "product":
            likeness = vectors @ vectors[word]
        if wrong == "distance":
            likeness = -np.linalg.norm(vectors - vectors[word], axis=1)
        if wrong == "absolute":
            likeness = np.abs(likeness)
        ranked = np.argsort(likeness if wrong == "least" else -likeness, kind="stable")
        others = ranked if wrong == "itself" else ranked[ranked != word]
        if wrong == "second on":
            others = others[1:]
        chosen = others[:count]
        found += list(chosen[::-1] if wrong == "reversed" else np.sort(chosen) if wrong == "sorted" else chosen)
    return np.array(found, np.float64)


IN_NEAREST = {
    "itself": "The word itself is among its nearest words.",
    "product": "The words were ranked by scalar product. That prefers long vectors; the cosine does not.",
    "distance": "The words were ranked by the distance of their vectors. The cosine looks at directions alone.",
    "absolute": "The words were ranked by the size of the cosine. A cosine of -1 is least similar.",
    "least": "These are the least similar words.",
    "reversed": "The words are right, and in reverse order. The most similar one comes first.",
    "sorted": "The words are right, and sorted by their number. The most similar one comes first.",
    "second on": "The most similar word is missing. Was one left out for the word itself, which was left out already?",
}


FIRST_LEFT_OUT = (
    "The word itself came back. The first word of the ranking was left out, and that was the other one. Which word has "
    "to be left out?"
)


def of_nearest(vectors: np.ndarray, questions: Sequence[Sequence[int]], found: Sequence[int]) -> str:
    """The explanation of the mistake that gives these words."""
    probe = (vectors, questions), np.array(found, np.float64)
    return variants.named(near, IN_NEAREST, [probe], 0.0)


def answered(vectors: np.ndarray, questions: np.ndarray, wrong: str) -> np.ndarray:
    """The answers to analogies with a mistake."""
    directions = vectors if wrong in ("lengths", "lengths, product") else reference.units(vectors)
    a, b, c = (directions[column] for column in questions.T)
    target = {
        "turned": a - b + c,
        "exchanged": b + a - c,
        "second alone": b + np.zeros_like(c),
        "third alone": c + np.zeros_like(a),
        "sum": a + b + c,
        "third lost": b - a,
    }.get(wrong, b - a + c)
    likeness = reference.cosine_similarity(target, vectors)
    if wrong in ("product", "lengths, product"):
        likeness = target @ vectors.T
    if wrong == "distance":
        likeness = -np.linalg.norm(target[:, None] - vectors[None], axis=2)
    left_out = {"three": questions[:, :0], "third kept": questions[:, :2], "others kept": questions[:, 2:]}
    np.put_along_axis(likeness, left_out.get(wrong, questions), -np.inf, axis=1)
    return (likeness.argmin(axis=1) if wrong == "least" else likeness.argmax(axis=1)).astype(np.float64)


IN_ANALOGIES = {
    "turned": "The direction from the first word to the second is reversed. Which of the two is subtracted?",
    "exchanged": "The third word was subtracted, and the first one added. The formula subtracts the first one.",
    "second alone": "Only the second word has an influence.",
    "third alone": "Only the third word has an influence.",
    "sum": "All three vectors were added. The formula subtracts the first one.",
    "third lost": "The third word has no influence.",
    "lengths": "The vectors were added as they are. The formula divides each by its length first.",
    "lengths, product": "The vectors were added as they are, and compared by scalar product. Use directions.",
    "product": "The answers were compared by scalar product. That prefers long vectors; the cosine does not.",
    "distance": "The answers were compared by the distance to the target. The formula has the cosine.",
    "three": "The answer may be one of the three words here. They are left out.",
    "third kept": "The answer may be the third word here. All three are left out.",
    "others kept": "The answer may be the first or the second word here. All three are left out.",
}


def of_analogies(vectors: np.ndarray, questions: np.ndarray, found: Sequence[int]) -> str:
    """The explanation of the mistake that gives these answers."""
    probe = (vectors, questions), np.array(found, np.float64)
    return variants.named(answered, IN_ANALOGIES, [probe], 0.0)
