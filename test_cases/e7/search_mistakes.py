"""The classic mistakes of elective 7 in searches and in BLEU: what each gives, and its explanation."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from test_cases.e7 import reference
from test_cases.e7.public.data import BEGIN, END
from test_cases.e7.reference import MAX_ORDER, Sentences

NOTHING = -1  # fills rows behind sentences


def rows(sentences: Sentences, width: int) -> np.ndarray:
    """Sentences as an array (count, width), filled up with `NOTHING`."""
    found = np.full((len(sentences), width), NOTHING)
    for row, sentence in enumerate(sentences):
        found[row, : len(sentence)] = list(sentence)[:width]
    return found


def greedy(table: np.ndarray, first: np.ndarray, max_length: int, wrong: str) -> np.ndarray:
    """Greedy sentences with a mistake, (batch, max_length)."""
    sentences = []
    for state in first.tolist():
        start, word, sentence = state, BEGIN, []
        for _round in range(max_length):
            likely = table[state, word]
            following = int(likely.argmin() if wrong == "least" else likely.argmax())
            state = start if wrong == "state" else word
            word = BEGIN if wrong == "begin" else following
            sentence.append(following)
        sentences.append(sentence)
    if wrong == "not cut":
        return rows(sentences, max_length)
    if wrong == "first end":  # all end with the first one that ends
        stop = min((sentence.index(END) for sentence in sentences if END in sentence), default=max_length)
        sentences = [sentence[:stop] for sentence in sentences]
    if wrong == "end kept":
        return rows([[*reference.before_end(one), *[END] * (END in one)] for one in sentences], max_length)
    if wrong == "begin kept":
        return rows([[BEGIN, *reference.before_end(one)] for one in sentences], max_length)
    if wrong == "ends left out":
        return rows([[word for word in sentence if word != END] for sentence in sentences], max_length)
    return rows([reference.before_end(sentence) for sentence in sentences], max_length)


IN_GREEDY = {
    "begin": "Every round reads BEGIN. From the second round on, a sentence reads the word that it wrote last.",
    "state": "Every round begins with the first state. Each round returns the state for the next one.",
    "not cut": "The sentences go on behind END. What comes after the first END of a sentence does not count.",
    "ends left out": "END was left out, and what comes after it was kept. A sentence ends with its first END.",
    "end kept": "END is part of the answer. It should be left out.",
    "begin kept": "BEGIN is part of the answer. The answer begins with the first word that was written.",
    "least": "The least likely word was taken every time. Which end does a log-probability count from?",
    "first end": "All sentences end where the first one ends. The others go on until their own END.",
}


def beams(tables: Sequence[np.ndarray], width: int, max_length: int, power: float, wrong: str) -> np.ndarray:
    """The answers of a beam search with a mistake, (tables, max_length)."""
    return rows([_beam(table, width, max_length, power, wrong) for table in tables], max_length)


def _beam(table: np.ndarray, width: int, max_length: int, power: float, wrong: str) -> list[int]:
    if wrong == "greedy":
        return reference.beam(table, 0, 1, max_length, power)
    if wrong == "no length":
        power = 0.0
    if wrong == "always 1":
        power = 1.0
    beam = [(0.0, (0, BEGIN), [0, BEGIN])]  # log-probability, what the state and the last word say, words
    done: list[tuple[float, list[int]]] = []
    for _round in range(max_length):
        longer = [
            (total + float(value), parent, [*words, word])
            for parent, (total, seen, words) in enumerate(beam)
            for word, value in enumerate(table[seen])
        ]
        longer.sort(key=lambda one: -one[0])
        chosen = longer[:width]
        if wrong == "one of each":
            best = [next(one for one in longer if one[1] == parent) for parent in range(len(beam))]
            chosen = longer[:width] if len(beam) < width else best
        done += [(total, words) for total, _, words in chosen if words[-1] == END]
        going = [one for one in chosen if one[2][-1] != END]
        if wrong == "state left behind":  # row i keeps the state of row i
            states = [beam[min(row, len(beam) - 1)][1][1] for row in range(len(going))]
        else:
            states = [beam[parent][1][1] for _, parent, _ in going]
        if wrong == "first finished" and done:
            break
        beam = [(total, (state, words[-1]), words) for (total, _, words), state in zip(going, states, strict=True)]
        if (len(done) >= width and wrong != "never ends") or not beam:
            break
    else:
        done += [] if wrong == "unfinished forgotten" and done else [(total, words) for total, _, words in beam]
    shift = 1 if wrong == "length with begin" else 2

    def value(one: tuple[float, list[int]]) -> float:
        length = len(one[1]) - shift - (wrong == "length without end" and one[1][-1] == END)
        return one[0] * max(length, 1) ** (power if wrong == "multiplied" else -power)

    answer = max(done, key=value)[1][2:]
    if wrong == "begin kept":
        answer = [BEGIN, *answer]
    return answer if wrong == "end kept" else reference.before_end(answer)


IN_BEAM = {
    "no length": (
        "The log-probability is not divided by the length. Every word makes a sentence less likely, so short sentences "
        "win."
    ),
    "always 1": "The log-probability is divided by the length itself. Where is `length_power` used?",
    "greedy": "The answer is that of a greedy search. Does the beam keep `width` beginnings?",
    "one of each": (
        "Each beginning goes on with its best word alone. The best extensions of all beginnings together go on; "
        "several may have the same beginning."
    ),
    "state left behind": (
        "Each new sentence continues an old one. Its row of the state must be the row of that old sentence. Your state "
        "keeps the old order of the rows. Which index selects the rows?"
    ),
    "first finished": "The search ends with the first finished sentence. A longer one may have a better average.",
    "never ends": "The search goes on until `max_length`. It ends once `width` sentences are finished.",
    "unfinished forgotten": "What is in the beam after `max_length` rounds was left out. It counts as finished.",
    "multiplied": "The log-probability is multiplied by length ** length_power. The formula divides.",
    "end kept": "END is part of the answer. It should be left out.",
    "begin kept": "BEGIN is part of the answer. The answer begins with the first word that was written.",
    "length with begin": "BEGIN was counted in the length.",
    "length without end": "END was not counted in the length.",
}


def bleu(candidates: Sentences, references: Sentences, wrong: str) -> float:
    """BLEU with a mistake."""
    if wrong == "mean of sentences":
        single = [reference.bleu([one], [other]) for one, other in zip(candidates, references, strict=True)]
        return float(np.mean(single))
    matches, totals = np.zeros(MAX_ORDER), np.zeros(MAX_ORDER)
    for candidate, right in zip(candidates, references, strict=True):
        for n in range(MAX_ORDER):
            end = -1 if wrong == "last left out" else None
            held, wanted = (reference.n_grams(words[:end], n + 1) for words in (candidate, right))
            matches[n] += _matches(held, wanted, wrong)
            divided = wanted if wrong == "recall" else held
            totals[n] += len(held) if wrong == "different" else sum(divided.values())
    if not matches.all():
        return 0.0
    precisions = matches / totals
    written, asked = (sum(len(sentence) for sentence in sentences) for sentences in (candidates, references))
    brevity = math.exp(min(0.0, 1 - asked / written))
    brevity = {
        "no brevity": 1.0,
        "brevity turned": math.exp(min(0.0, 1 - written / asked)),
        "brevity a quotient": min(1.0, written / asked),
    }.get(wrong, brevity)
    score = brevity * float(np.exp(np.log(precisions).mean()))
    return {
        "arithmetic": brevity * float(precisions.mean()),
        "product": brevity * float(precisions.prod()),
        "single words": brevity * float(precisions[0]),
        "percent": 100 * score,
    }.get(wrong, score)


def _matches(held: Counter[tuple[int, ...]], wanted: Counter[tuple[int, ...]], wrong: str) -> int:
    if wrong == "not clipped":
        return sum(count for n_gram, count in held.items() if n_gram in wanted)
    if wrong == "different":
        return sum(1 for n_gram in held if n_gram in wanted)
    return sum((held & wanted).values())


IN_BLEU = {
    "mean of sentences": "BLEU was computed for each sentence and averaged. The counts of all sentences add up.",
    "not clipped": (
        "Your code counts an n-gram each time that the candidate has it. An n-gram may count at most as often as the "
        "reference has it."
    ),
    "different": "Each different n-gram was counted once. An n-gram that occurs twice counts twice.",
    "last left out": (
        "The last n-gram of each sentence was left out. A sentence of 5 words has 5 single words, and 2 runs of 4 "
        "words. Where does your range end?"
    ),
    "recall": "The matches were divided by the n-grams of the references. The formula has those of the candidates.",
    "no brevity": "There is no brevity penalty: translations that are too short lose nothing.",
    "brevity turned": "r and c are swapped in the brevity penalty. It is for candidates that are too short.",
    "brevity a quotient": "The brevity penalty is c / r. The formula has exp(1 - r / c).",
    "arithmetic": "The four precisions were averaged. The formula has the fourth root of their product.",
    "product": "The four precisions were multiplied. The formula takes the fourth root of the product.",
    "single words": "Only single words are compared. n goes from 1 to 4.",
    "percent": "The result is a percentage. The function returns a number from 0 to 1.",
}
