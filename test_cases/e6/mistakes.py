"""The classic mistakes in pairs, counts and losses: what each would give, and its explanation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from grading.checks import variants
from grading.checks.diagnosis import Probe
from test_cases.e6 import reference

Question = tuple[Sequence[int], int]  # a sentence and a window


def _around(words: Sequence[int], window: int, wrong: str) -> list[list[int]]:
    """The neighbours of each position with a mistake."""
    count = len(words)
    spans: dict[str, Callable[[int], list[int]]] = {
        "left": lambda here: list(range(max(0, here - window), here)),
        "right": lambda here: list(range(here + 1, min(count, here + window + 1))),
        "itself": lambda here: list(range(max(0, here - window), min(count, here + window + 1))),
        "short": lambda here: [p for p in range(max(0, here - window), min(count, here + window)) if p != here],
        "wide": lambda here: [p for p in range(count) if 0 < abs(p - here) <= window + 1],
        "all": lambda here: [p for p in range(count) if p != here],
        "inside": lambda here: [p for p in range(here - window, here + window + 1) if p != here]
        if window <= here < count - window
        else [],
        "from the end": lambda here: [
            p % count for p in range(here - window, min(count, here + window + 1)) if p != here
        ],
        "furthest": lambda here: [p for p in (here - window, here + window) if 0 <= p < count],
    }  # fmt: skip
    if wrong == "other words":
        usual = [[p for p in range(count) if 0 < abs(p - here) <= window] for here in range(count)]
        return [[words[p] for p in row if words[p] != words[here]] for here, row in enumerate(usual)]
    return [[words[p] for p in spans[wrong](here)] for here in range(count)]


IN_WINDOWS = {
    "left": "Only the words on the left are neighbours. The window reaches to both sides.",
    "right": "Only the words on the right are neighbours. The window reaches to both sides.",
    "itself": "A word is among its own neighbours. The position of the centre is left out.",
    "short": "The window reaches one position less to the right. Where does `range` end?",
    "wide": "The window reaches one position too far.",
    "all": "All words of the sentence are neighbours. What does the window say?",
    "inside": "Words near the ends of the sentence are missing. Their windows are shorter.",
    "from the end": "Words of the end of the sentence are neighbours of the first words. Is an index below 0?",
    "furthest": "Only the two words at the distance `window` are neighbours. All words between count, too.",
    "other words": "A word that occurs twice is no neighbour of itself here. Compare positions, not words.",
}


def skip_gram(words: Sequence[int], window: int, wrong: str) -> Counter[Any]:
    """The pairs of skip-gram with a mistake."""
    if wrong == "once":
        return Counter(set(reference.skip_gram_pairs(words, window)))
    return Counter((words[here], other) for here, row in enumerate(_around(words, window, wrong)) for other in row)


def cbow(words: Sequence[int], window: int, wrong: str) -> Counter[Any]:
    """The pairs of CBOW with a mistake; neighbours are sorted."""
    if wrong == "alone":
        around = reference.neighbours(words, window)
        return Counter((tuple(sorted(row)), words[here]) for here, row in enumerate(around))
    if wrong == "one by one":
        return Counter(
            {((other,), centre): n for (centre, other), n in reference.skip_gram_pairs(words, window).items()}
        )
    rows = _around(words, window, wrong)
    return Counter((tuple(sorted(row)), words[here]) for here, row in enumerate(rows) if row)


IN_SKIP_GRAM = {**IN_WINDOWS, "once": "Each pair comes once. A pair that occurs twice comes twice."}
IN_CBOW = {
    **IN_WINDOWS,
    "alone": "A word without neighbours has a pair. It has none: nothing could be learned from it.",
    "one by one": "Each neighbour has a pair of its own, as in skip-gram. CBOW has all of them in one list.",
}


PAIR_CRASHES = {
    "list index out of range": (
        "A position is outside of the sentence. Where do the windows of the first and of the last words end?"
    )
}


def of_pairs(
    wrong_pairs: Callable[..., Counter[Any]],
    explanations: Mapping[str, str],
    questions: Sequence[Question],
    found: Sequence[Counter[Any]],
) -> str:
    """The explanation of the mistake that gives these pairs for all questions; "" if none or several do."""
    fitting = [
        explanation
        for wrong, explanation in explanations.items()
        if all(wrong_pairs(*question, wrong) == one for question, one in zip(questions, found, strict=True))
    ]
    return fitting[0] if len(fitting) == 1 else ""


def noise(counts: np.ndarray, wrong: str) -> np.ndarray:
    """Noise probabilities with a mistake."""
    raised = counts**0.75
    exponential, of_powers = np.exp(counts - counts.max()), np.exp(raised - raised.max())
    return {
        "power": counts / counts.sum(),
        "sum": raised,
        "sum of counts": raised / counts.sum(),
        "root": np.sqrt(counts) / np.sqrt(counts).sum(),
        "maximum": raised / raised.max(),
        "power last": (counts / counts.sum()) ** 0.75,
        "uniform": np.full(len(counts), 1 / len(counts)),
        "softmax": exponential / exponential.sum(),
        "softmax of powers": of_powers / of_powers.sum(),
        "one more": (counts + 1) ** 0.75 / ((counts + 1) ** 0.75).sum(),
        "inverse": counts ** (4 / 3) / (counts ** (4 / 3)).sum(),
    }[wrong]


IN_NOISE = {
    "power": "The probabilities are the shares of the counts. Where is the power used?",
    "sum": "The powers do not add up to 1. What does the formula divide them by?",
    "sum of counts": "The powers were divided by the sum of the counts. The sum of the powers makes them add up to 1.",
    "root": "The power is 0.5. Is the argument `power` used?",
    "maximum": "The powers were divided by the largest one. The formula has their sum.",
    "power last": "The power was taken of the shares. They no longer add up to 1: the division comes last.",
    "uniform": "All words are equally likely. Where are the counts used?",
    "softmax of powers": "This is a softmax of the powers. The formula divides them by their sum.",
    "one more": "1 was added to each count. The formula has the counts as they are.",
    "softmax": "This is a softmax of the counts. The formula has a power in place of the exponential.",
    "inverse": "The power is 4/3. The formula has 3/4.",
}


IN_THE_SUM = [("the sum of the powers", lambda counts, constant: counts**0.75 / ((counts**0.75).sum() + constant))]


def of_noise(probes: Sequence[Probe]) -> str:
    """The explanation of the mistake that gives these probabilities for these counts."""
    return variants.recognised(reference.noise_distribution, noise, IN_NOISE, probes, IN_THE_SUM)


def negative_sampling(v: np.ndarray, u: np.ndarray, n: np.ndarray, wrong: str) -> float:
    """The loss of a batch with a mistake."""
    fits, misfits = np.einsum("bs,bs->b", u, v), np.einsum("bks,bs->bk", n, v)
    true, false = reference.log_sigmoid(fits), reference.log_sigmoid(-misfits)
    return {
        "sign": float((true + false.sum(axis=1)).mean()),
        "noise sign": float(-(true + reference.log_sigmoid(misfits).sum(axis=1)).mean()),
        "mean of noise": float(-(true + false.mean(axis=1)).mean()),
        "sum": float(-(true + false.sum(axis=1)).sum()),
        "mean of all": float(-(true.mean() + false.mean()) / 2),
        "mean of terms": float(-np.column_stack([true, false]).mean()),
        "no noise": float(-true.mean()),
        "noise alone": float(-false.sum(axis=1).mean()),
        "no log": float(-(np.exp(true) + np.exp(false).sum(axis=1)).mean()),
        "neighbour": float(-(true + reference.log_sigmoid(-np.einsum("bks,bs->bk", n, u)).sum(axis=1)).mean()),
        "no sigmoid": float((misfits.sum(axis=1) - fits).mean()),
        "noise counts for": float(-(true - false.sum(axis=1)).mean()),
    }[wrong]


IN_NEGATIVE_SAMPLING = {
    "sign": "The sign is wrong: this is the log-likelihood, which training would make small.",
    "noise sign": "The noise words are pulled towards the word. What sign has n . v inside the sigmoid?",
    "mean of noise": "The noise words of a pair were averaged. The formula has their sum.",
    "sum": "The losses of the batch were added. Their mean is asked for.",
    "mean of all": "Both parts were averaged over all noise words and pairs. The formula adds the terms of a pair.",
    "mean of terms": "All terms were averaged. The formula adds those of a pair, and averages over the pairs.",
    "no noise": "The noise words have no influence. Without them, all vectors become alike.",
    "noise alone": "The true neighbours have no influence.",
    "no log": "The sigmoids were added as they are. The formula has their logarithms.",
    "neighbour": "The noise words were compared with the neighbour. The formula compares them with the centre.",
    "no sigmoid": "The scalar products were added as they are. Where is the sigmoid?",
    "noise counts for": "The sum over the noise words has the wrong sign.",
}


def _logarithms(v: np.ndarray, u: np.ndarray, n: np.ndarray, constant: float) -> float:
    fits, misfits = np.einsum("bs,bs->b", u, v), np.einsum("bks,bs->bk", n, v)
    true, false = (np.log(np.exp(reference.log_sigmoid(scores)) + constant) for scores in (fits, -misfits))
    return float(-(true + false.sum(axis=1)).mean())


IN_THE_LOGARITHMS = [("the sigmoids in the logarithms", _logarithms)]


def of_negative_sampling(probes: Sequence[Probe]) -> str:
    """The explanation of the mistake that gives these losses."""
    return variants.recognised(
        reference.negative_sampling_loss, negative_sampling, IN_NEGATIVE_SAMPLING, probes, IN_THE_LOGARITHMS
    )


def meetings(sentences: Sequence[Sequence[int]], words: int, window: int, wrong: str) -> np.ndarray:
    """Co-occurrences with a mistake."""
    if wrong == "one text":
        sentences = [[word for line in sentences for word in line]]
    found = np.zeros((words, words))
    for line in sentences:
        met: set[tuple[int, int, int]] = set()  # both words, and how far the other one is to the right
        for here, one in enumerate(line):
            for there, other in enumerate(line):
                distance = abs(there - here)
                reach = {"wide": window + 1, "short": window - 1}.get(wrong, window)
                if (
                    not 0 < distance <= reach
                    or (wrong == "left" and there > here)
                    or (wrong == "right" and there < here)
                ):
                    continue
                if (wrong == "other words" and one == other) or (
                    wrong == "repeats" and (one, other, there - here) in met
                ):
                    continue
                met.add((one, other, there - here))
                weights = {"counted once": 1.0, "distance": float(distance), "window": 1 - (distance - 1) / window}
                found[one, other] += weights.get(wrong, 1 / distance)
    if wrong == "diagonal once":
        np.fill_diagonal(found, np.diag(found) / 2)
    return found


IN_MEETINGS = {
    "counted once": "Each pair of neighbours counts 1. Words that are further apart count less: 1 / distance.",
    "distance": "Each pair of neighbours counts its distance. The formula has 1 / distance.",
    "window": "The weights fall in a straight line. The formula has 1 / distance.",
    "left": "The table has only neighbours on the left. Neighbours stand on both sides, so it is symmetric.",
    "right": "The table has only neighbours on the right. Neighbours stand on both sides, so it is symmetric.",
    "one text": "Words of different sentences were counted as neighbours. Each sentence is counted by itself.",
    "wide": "The window reaches one position too far.",
    "short": "The window reaches one position too little.",
    "other words": "A word that occurs twice is never its own neighbour. Compare positions, not words.",
    "repeats": (
        "Two words that are neighbours twice in a sentence, at one distance, were counted once. "
        "`table[rows, columns] += x` adds once to each entry, however often its index comes."
    ),
    "diagonal once": "A word that is its own neighbour was counted once. Both positions count the other one.",
}


def of_meetings(probes: Sequence[Probe]) -> str:
    """The explanation of the mistake that gives these co-occurrences."""
    why = variants.nearly_right(reference.co_occurrences, probes, float32=variants.FLOAT32_RESULT)
    return variants.first(why, lambda: variants.named(meetings, IN_MEETINGS, probes))


def weight(counts: np.ndarray, maximum: float, power: float, wrong: str) -> np.ndarray:
    """The weights of GloVe with a mistake."""
    shares = counts / maximum
    return {
        "no limit": shares**power,
        "no power": np.minimum(1.0, shares),
        "limit is the maximum": np.minimum(maximum, counts**power),
        "larger": np.maximum(1.0, shares**power),
        "not divided": np.minimum(1.0, counts**power),
        "none above": np.where(counts < maximum, shares**power, 0.0),
        "power below": np.minimum(1.0, counts**power / maximum),
        "turned over": np.minimum(1.0, (maximum / np.maximum(counts, 1e-300)) ** power),
        "own maximum": (counts / counts.max()) ** power,
        "limit is the power": np.minimum(power, shares),
        "default power": np.minimum(1.0, shares**0.75),
        "default maximum": np.minimum(1.0, (counts / 100.0) ** power),
    }[wrong]


IN_WEIGHTS = {
    "no limit": "Counts above the maximum weigh more than 1. Their weight is 1.",
    "no power": "The weights grow in a straight line. Where is the power used?",
    "limit is the maximum": "Counts were cut off at the maximum, after the power. The weight of the maximum is 1.",
    "larger": "The larger of the two was taken: no weight is below 1. Rare pairs weigh less than 1.",
    "not divided": "The counts were not divided by the maximum.",
    "none above": "Counts above the maximum weigh 0. Their weight is 1.",
    "power below": "The power was taken of the count alone. It is that of count / maximum.",
    "turned over": "The fraction is upside down. The count stands above.",
    "own maximum": "The counts were divided by the largest of them. They are divided by the argument `maximum`.",
    "limit is the power": "The shares were cut off at `power`. They are cut off at 1, and raised to that power.",
    "default power": "The power is always 0.75. Is the argument `power` used?",
    "default maximum": "The maximum is always 100. Is the argument `maximum` used?",
}


def of_weights(probes: Sequence[Probe]) -> str:
    """The explanation of the mistake that gives these weights."""
    return variants.recognised(reference.glove_weight, weight, IN_WEIGHTS, probes)


def glove(w: np.ndarray, c: np.ndarray, b: np.ndarray, d: np.ndarray, counts: np.ndarray, wrong: str) -> float:
    """The loss of GloVe with a mistake."""
    products, weights = np.einsum("bs,bs->b", w, c), reference.glove_weight(counts)
    error = products + b + d - np.log(counts)
    return float(
        np.mean(
            {
                "no log": weights * (products + b + d - counts) ** 2,
                "log of 1 more": weights * (products + b + d - np.log1p(counts)) ** 2,
                "binary log": weights * (products + b + d - np.log2(counts)) ** 2,
                "decimal log": weights * (products + b + d - np.log10(counts)) ** 2,
                "no weights": error**2,
                "weights squared": (weights * error) ** 2,
                "no biases": weights * (products - np.log(counts)) ** 2,
                "no context bias": weights * (products + b - np.log(counts)) ** 2,
                "no word bias": weights * (products + d - np.log(counts)) ** 2,
                "not squared": weights * np.abs(error),
                "plain": weights * error,
                "half": weights * error**2 / 2,
                "sum": len(counts) * weights * error**2,
                "log added": weights * (products + b + d + np.log(counts)) ** 2,
                "average weight": weights * error**2 / weights.mean(),
            }[wrong]
        )
    )


IN_GLOVE = {
    "no log": "The scalar products were compared with the counts. The formula compares them with log X.",
    "log of 1 more": "The logarithm is that of X + 1. The formula has log X.",
    "binary log": "The logarithm has the base 2. The formula has the natural logarithm.",
    "decimal log": "The logarithm has the base 10. The formula has the natural logarithm.",
    "no weights": "All pairs weigh the same. Where is `glove_weight` used?",
    "weights squared": "The weights were squared, too. They stand before the square.",
    "no biases": "The two biases are missing.",
    "no context bias": "The bias of the context is missing.",
    "no word bias": "The bias of the word is missing.",
    "not squared": "The error has no square. The formula has the square of the difference.",
    "plain": "The error has no square: errors of both signs cancel each other.",
    "half": "The loss is half of what it should be.",
    "sum": "The losses of the batch were added. Their mean is asked for.",
    "log added": "log X was added. The formula subtracts log X.",
    "average weight": "The mean is one by weights. The formula divides by the number of pairs.",
}


def _counted(w: np.ndarray, c: np.ndarray, b: np.ndarray, d: np.ndarray, counts: np.ndarray, constant: float) -> float:
    error = np.einsum("bs,bs->b", w, c) + b + d - np.log(counts + constant)
    return float((reference.glove_weight(counts) * error**2).mean())


IN_THE_COUNT = [("the count in the logarithm", _counted)]


def of_glove(probes: Sequence[Probe]) -> str:
    """The explanation of the mistake that gives these losses."""
    return variants.recognised(reference.glove_loss, glove, IN_GLOVE, probes, IN_THE_COUNT)
