"""Elective 7: scores, attention, searches and BLEU are exact; a trained translator aligns words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from data import Library
from grading.checks import diagnosis, expect, variants
from grading.checks.model import Model
from grading.checks.student import Student
from grading.checks.variants import EXACT, joined
from grading.checks.wording import listed
from grading.outcomes import CheckFailed
from test_cases.e7 import mistakes, reference, search_mistakes, trained
from test_cases.e7.public.data import BEGIN, END, PADDING

MODULE = "electives.translation"
SCORES = ("dot", "general", "additive", "none")
BATCH, TARGET, SOURCE, UNITS, HIDDEN = 3, 4, 6, 5, 7  # all different, so that a dimension is taken for no other
WORDS, OTHER_WORDS, SIZE = 11, 9, 8  # of a small translator: its languages and its states
LENGTHS = (4, 6, 2)  # words of the sentences of a batch that is `SOURCE` wide
FAR = 1000.0  # scores at which exp is infinite or 0 in float64
FEW_WORDS, MAX_ROUNDS, TABLES = 6, 7, 12  # of the languages that searches write
SETTINGS = ((1, 1.0), (2, 1.0), (3, 0.0), (3, 1.0), (4, 0.6))  # width and power of the length
ROUNDED = 1e-12  # logarithms and powers in another order
FORMULA = "The docstring has the formula."


def luong_scores(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 1)
    queries, keys = _pair(random, UNITS, UNITS)
    _exact_scores(student, "dot_score", [(queries, keys)], reference.dot_score, mistakes.luong, mistakes.IN_DOT)
    cases = [
        (*_pair(random, UNITS, UNITS), random.standard_normal((UNITS, UNITS))),
        (*_pair(random, UNITS, HIDDEN), random.standard_normal((UNITS, HIDDEN))),
    ]
    _exact_scores(student, "general_score", cases, reference.general_score, mistakes.luong, mistakes.IN_GENERAL)


def additive_score(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 2)
    cases = []
    for query_units, key_units, hidden in ((UNITS, UNITS, UNITS), (UNITS, SIZE, HIDDEN)):
        shapes = ((hidden, query_units), (hidden, key_units), (hidden,))
        weights = [random.standard_normal(shape) for shape in shapes]
        cases.append((*_pair(random, query_units, key_units), *weights))
    right, explanations = reference.additive_score, mistakes.IN_ADDITIVE
    _exact_scores(student, "additive_score", cases, right, mistakes.additive, explanations)


def attend(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 3)
    is_word = np.arange(SOURCE) < np.array(LENGTHS)[:, None]
    for size in (1.0, FAR):
        scores = size * random.standard_normal((BATCH, TARGET, SOURCE))
        scores[0, :, LENGTHS[0] :] += 2 * size  # padding would win
        values = random.standard_normal((BATCH, SOURCE, UNITS))
        given = scores, values, is_word
        found = student.call(f"{MODULE}.attend", *given)
        with diagnosis.explained(partial(_wrong_attention, given, found)):
            what = "attend should return two things, contexts and weights"
            if not isinstance(found, (list, tuple)) or len(found) != 2:
                raise CheckFailed(f"{what}; got {expect.kind(found)}.")
            contexts, weights = reference.attend(*given)
            of = f" with scores up to {FAR:,.0f}" if size == FAR else ""
            own = expect.array(found[1], weights.shape, f"attend{of} should give weights")
            if own[~np.broadcast_to(is_word[:, None], own.shape)].any():
                raise expect.Mismatch(
                    "attend should give padding a weight of exactly 0; a position of padding got "
                    f"{own[~np.broadcast_to(is_word[:, None], own.shape)].max():.3g}.",
                    mistakes.of_weights_of_padding(own, is_word),
                )
            expect.close(own, weights, EXACT, "attend should give a weight of", FORMULA)
            own = expect.array(found[0], contexts.shape, "attend should give contexts")
            expect.close(own, contexts, EXACT, "attend should give a context with the entry", FORMULA)


def decoder_inputs(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    target = _targets(_random(library, 4))
    answer = student.probe_named("shifted", {"make": f"{MODULE}.decoder_inputs"}, target=target)
    found = answer["inputs"]
    with diagnosis.explained(lambda text: variants.named(mistakes.inputs, mistakes.IN_INPUTS, [((target,), found)])):
        right = reference.decoder_inputs(target)
        what = f"decoder_inputs of a target {target.shape} should return word numbers"
        _equal(
            expect.array(found, right.shape, what), right, f"decoder_inputs of the row {target[0].tolist()} should be"
        )
    if answer["changed"] is not False:
        raise CheckFailed(
            "decoder_inputs changed the target in place. The loss needs the target as it was. Which operations make a "
            "new tensor?"
        )


def translation_loss(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 5)
    target = _targets(random)
    logits = 2 * random.standard_normal((*target.shape, WORDS))
    found = student.gradients(f"{MODULE}.translation_loss", logits, target)
    given = [((logits, target), found.output)]
    with diagnosis.explained(lambda text: variants.named(mistakes.loss, mistakes.IN_LOSS, given)):
        value = expect.number(found.output, "translation_loss should return the mean loss")
        right = reference.translation_loss(logits, target)
        what = f"translation_loss of {int((target != PADDING).sum())} words and some padding should be"
        expect.close(value, right, EXACT, what, "Which positions count, and by what is the sum divided?")
        if not found.differentiable or found.inputs[0] is None:
            raise CheckFailed(
                "no gradient flows from translation_loss to the logits. Training could not improve anything."
            )


def encode(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 6)
    model, parameters = _small_translator(student, "general")
    source = _sources(random)
    found = student.probe("encoded", model=model, source=source)
    memory, state = reference.Reader("general", parameters).encode(source)
    with diagnosis.explained(partial(_wrong_encoder, parameters, source, found)):
        what = "encode should return two things, memory and state"
        own, ends = _parts(found, 2, what)
        is_word = source != PADDING
        what = f"encode of sentences with {listed(LENGTHS)} words should give memory"
        own = expect.array(own, memory.shape, what)
        expect.close(own[is_word], memory[is_word], EXACT, f"{what} that holds", "Does the GRU read anything else?")
        ends = expect.array(ends, state.shape, "encode should give a state")
        hint = "It is the forward direction after the last word, and the backward direction after the first."
        expect.close(ends, state, EXACT, "encode should give a state that holds", hint)
        what = "memory should be zeros at padding, and hold"
        expect.close(own[~is_word], memory[~is_word], EXACT, what, "Padding was written over.")


def decode(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 7)
    for score in SCORES:
        model, parameters = _small_translator(student, score)
        inputs = random.integers(END + 1, OTHER_WORDS, (BATCH, TARGET))
        state, memory = random.standard_normal((BATCH, SIZE)), 2 * random.standard_normal((BATCH, SOURCE, SIZE))
        is_word = np.arange(SOURCE) < np.array(LENGTHS)[:, None]
        given: dict[str, Any] = {"inputs": inputs, "state": state, "memory": memory, "is_word": is_word}
        right = reference.Reader(score, parameters).decode(**given)
        what = f'decode with the score "{score}" should'
        found = student.probe("decoded", model=model, **given)
        with diagnosis.explained(partial(_wrong_decoder, score, parameters, given, found)):
            logits, weights, last = _parts(found, 3, f"{what} return three things: logits, weights and state")
            own = expect.array(logits, right[0].shape, f"{what} give logits")
            expect.close(own, right[0], EXACT, f"{what} give a logit of", FORMULA)
            if score == "none" and weights is not None:
                raise CheckFailed(f"{what} return None for the weights; got {expect.kind(weights)}.")
            if right[1] is not None:
                own = expect.array(weights, right[1].shape, f"{what} give weights")
                expect.close(own, right[1], EXACT, f"{what} give a weight of")
            own = expect.array(last, state.shape, f"{what} give the state after the last input")
            expect.close(own, right[2], EXACT, f"{what} give the state after the last input, which holds")


def greedy_search(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 8)
    probes, first = [], np.arange(FEW_WORDS, dtype=np.float64)[:, None]
    for max_length in (MAX_ROUNDS, 3):
        table = _table(random)
        functions = {"search": f"{MODULE}.greedy_search"}
        found = student.probe("written", functions, table=table, first=first, max_length=max_length)
        what = f"greedy_search for {len(first)} sentences should return {len(first)} lists of word numbers"
        probes.append((table, max_length, _sentences(found, len(first), what)))
    starts = first[:, 0].astype(int)
    given = [((table, starts, most), search_mistakes.rows(found, most)) for table, most, found in probes]
    with diagnosis.explained(lambda text: variants.named(search_mistakes.greedy, search_mistakes.IN_GREEDY, given)):
        for table, most, found in probes:
            right = reference.greedy(table, starts, most)
            _same_sentences(found, right, f"greedy_search with a max_length of {most} should write")


def beam_search(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    tables = _tables(_random(library, 9))
    answers = []
    for width, power in SETTINGS:
        functions = {"search": f"{MODULE}.beam_search"}
        settings: dict[str, Any] = {"width": width, "max_length": MAX_ROUNDS, "length_power": power}
        found = student.probe("beamed", functions, tables=tables, **settings)
        answers.append(_sentences(found, TABLES, "beam_search should return a list of word numbers"))
    given = [
        ((tables, width, MAX_ROUNDS, power), search_mistakes.rows(found, MAX_ROUNDS))
        for (width, power), found in zip(SETTINGS, answers, strict=True)
    ]
    with diagnosis.explained(lambda text: variants.named(search_mistakes.beams, search_mistakes.IN_BEAM, given)):
        for (width, power), found in zip(SETTINGS, answers, strict=True):
            right = [reference.beam(table, 0, width, MAX_ROUNDS, power) for table in tables]
            _same_sentences(found, right, f"beam_search of width {width} with a length_power of {power:g} should write")


def bleu(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    cases = _pairs(_random(library, 10))
    answers = [student.call(f"{MODULE}.bleu", *case) for case in cases]
    given = list(zip(cases, answers, strict=True))
    with diagnosis.explained(lambda text: variants.named(search_mistakes.bleu, search_mistakes.IN_BLEU, given)):
        for case, found in given:
            candidates, references = case
            value = expect.number(found, "bleu should return the score from 0 to 1")
            words = sum(map(len, candidates)), sum(map(len, references))
            what = (
                f"bleu of {len(candidates)} translations ({words[0]} words; the references have {words[1]}) should be"
            )
            expect.close(value, reference.bleu(candidates, references), ROUNDED, what, _parts_of_bleu(*case))


def translation(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    trained.translation(student, library, thresholds)


def _random(library: Library, number: int) -> np.random.Generator:
    """Random inputs of one check, from the run's seed."""
    return np.random.default_rng([library.seed, 7, number])


def _pair(random: np.random.Generator, query_units: int, key_units: int) -> tuple[np.ndarray, np.ndarray]:
    return random.standard_normal((BATCH, TARGET, query_units)), random.standard_normal((BATCH, SOURCE, key_units))


def _exact_scores(
    student: Student,
    name: str,
    cases: Sequence[tuple[np.ndarray, ...]],
    right: Callable[..., np.ndarray],
    wrong: Callable[..., np.ndarray],
    explanations: Mapping[str, str],
) -> None:
    """A score gives what its definition gives. In the first case, all sizes of vectors are alike."""
    answers: list[Any] = []
    with diagnosis.explained(lambda text: variants.named(wrong, explanations, [(cases[0], answers[0])])):
        for case in cases:
            answers.append(student.call(f"{MODULE}.{name}", *case))
            what = f"{name} of {TARGET} queries and {SOURCE} keys should return scores"
            own = expect.array(answers[-1], (BATCH, TARGET, SOURCE), what)
            expect.close(own, right(*case), EXACT, f"{name} should give a score of", FORMULA)


def _small_translator(student: Student, score: str) -> tuple[Model, dict[str, np.ndarray]]:
    """An untrained translator and its parameters, of the right shapes."""
    model = student.create(f"{MODULE}.Translator", score, WORDS, OTHER_WORDS, SIZE)
    return model, trained.parameters_of(model, score, WORDS, OTHER_WORDS, SIZE)


def _sources(random: np.random.Generator) -> np.ndarray:
    """Source sentences of `LENGTHS` words, (batch, source)."""
    source = random.integers(END + 1, WORDS, (BATCH, SOURCE))
    return np.where(np.arange(SOURCE) < np.array(LENGTHS)[:, None], source, PADDING)


def _targets(random: np.random.Generator) -> np.ndarray:
    """Target sentences of different lengths, with END and padding behind it, (batch, longest)."""
    target = np.full((BATCH, max(LENGTHS) + 2), PADDING)
    for row, length in enumerate(LENGTHS):
        target[row, : length + 1] = [*random.integers(END + 1, WORDS, length), END]
    return target


def _table(random: np.random.Generator) -> np.ndarray:
    """Log-probabilities of the next word by the two words before, (words, words, words); neither 0 nor BEGIN comes."""
    logits = 1.5 * random.standard_normal((FEW_WORDS,) * 3)
    logits[..., (PADDING, BEGIN)] -= 9
    return np.asarray(logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True)))


def _tables(random: np.random.Generator) -> list[np.ndarray]:
    """Languages for a beam search, in which each of the searches ends for one reason alone."""
    found: list[np.ndarray] = []
    while len(found) < TABLES:
        table = _table(random)
        if all(reference.ends_in_one_way(table, 0, width, MAX_ROUNDS) for width, _ in SETTINGS):
            found.append(table)
    return found


def _pairs(random: np.random.Generator) -> list[tuple[list[list[int]], list[list[int]]]]:
    """Candidates and references: alike, shorter, longer, with repeated words, and without a common 4-gram."""
    right = [random.integers(3, 9, length).tolist() for length in (9, 12, 6, 15)]
    changed = [[word if random.random() < 0.85 else int(random.integers(3, 9)) for word in one] for one in right]
    shorter = [one[: max(4, len(one) - 3)] for one in right]
    longer = [[*one, *one[:2]] for one in changed]
    repeated = [[*one[:5], *one[:5]] for one in right]
    return [(changed, right), (shorter, right), (longer, right), (repeated, right), (right, right),
            ([one[:3] for one in right], right), ([[word + 20 for word in one] for one in right], right)]  # fmt: skip


def _parts_of_bleu(candidates: reference.Sentences, references: reference.Sentences) -> str:
    """What a BLEU is made of."""
    precisions, brevity = reference.parts_of_bleu(candidates, references)
    if not precisions.all():
        return "Here, p(n) is 0 for some n, or there are no 4-grams."
    return f"Here, p(1) to p(4) are {listed([f'{p:.4f}' for p in precisions])}. The brevity is {brevity:.4f}."


def _parts(found: Any, count: int, what: str) -> list[Any]:
    if not isinstance(found, (list, tuple)) or len(found) != count:
        raise CheckFailed(f"{what}; got {expect.kind(found)}.")
    return list(found)


def _sentences(found: Any, count: int, what: str) -> list[list[int]]:
    """Lists of word numbers, as the searches should give."""
    if not isinstance(found, list) or len(found) != count:
        raise CheckFailed(f"{what}; got {expect.kind(found)}.")
    for sentence in found:
        if not isinstance(sentence, list) or any(type(word) is not int for word in sentence):
            kind = expect.kind(sentence) if not isinstance(sentence, list) else "a list of other things"
            raise CheckFailed(f"{what}, whole numbers in a list; got {kind}. `tolist()` turns a tensor into a list.")
    return found


def _same_sentences(found: list[list[int]], right: list[list[int]], what: str) -> None:
    for own, wanted in zip(found, right, strict=True):
        if own != wanted:
            raise expect.Mismatch(f"{what} {wanted}; got {own[:12]}.", "Which round is the first that differs?")


def _equal(found: np.ndarray, right: np.ndarray, what: str) -> None:
    if not np.array_equal(found, right):
        row = int((found != right).any(axis=1).argmax())
        raise expect.Mismatch(f"{what} {right[row].tolist()}; got {found[row].astype(int).tolist()}.", FORMULA)


def _wrong_attention(given: tuple[np.ndarray, ...], found: Any, text: str) -> str:
    contexts, weights = found
    scores, values, is_word = given
    if contexts.shape == scores.shape and weights.shape == (BATCH, TARGET, UNITS):
        return "Contexts and weights are swapped. The contexts come first."
    if not np.isfinite(weights).all():
        return mistakes.of_weights_without_numbers(weights, scores, is_word)
    return variants.named(mistakes.attention, mistakes.IN_ATTENTION, [(given, joined(contexts, weights))])


def _wrong_encoder(parameters: dict[str, np.ndarray], source: np.ndarray, found: Any, text: str) -> str:
    given = ("general", parameters, source)
    return variants.named(mistakes.encoded, mistakes.IN_ENCODER, [(given, joined(*found))])


def _wrong_decoder(score: str, parameters: Any, given: Mapping[str, np.ndarray], found: Any, text: str) -> str:
    case = (score, parameters, list(given.values()))
    return variants.named(mistakes.decoded, mistakes.IN_DECODER, [(case, found[0])])
