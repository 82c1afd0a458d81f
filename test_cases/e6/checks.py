"""Elective 6: pairs, counts, losses and similarities are exact; trained vectors know themes and answer analogies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from data import Library
from grading.checks import diagnosis, expect
from grading.checks.answers import Training
from grading.checks.model import Model
from grading.checks.phrases import counted, times
from grading.checks.student import Student
from grading.checks.variants import EXACT
from grading.outcomes import CheckFailed
from test_cases.e6 import listed_pairs, measures, mistakes, reference, vector_mistakes
from test_cases.e6.public import haiku, kinship
from test_cases.e6.public.charts import NearestWords
from test_cases.e6.public.picture import People, Themes

MODULE = "electives.word_vectors"
MODELS = {"train_skip_gram": "WordVectors", "train_glove": "GloveVectors"}
HAIKU, PEOPLE = "test_cases.e6.public.haiku", "test_cases.e6.public.kinship"
HAIKU_SIZE, PEOPLE_SIZE = 32, 24  # numbers of a trained vector
WINDOWS = (1, 2, 4)
BATCH, SIZE, NOISE_WORDS = 5, 4, 3  # all different, so that a dimension is taken for no other
SHORT = 0.01  # the length of a vector
FAR = 1000.0  # scalar products at which a sigmoid is 0 or 1 in float64
NEAREST = 3  # theme words that are looked at around each theme word
SHOWN = ("tea", "river", "farmer", "book", "exam", "robot", "rose", "moon")
OTHER_MAXIMUM, OTHER_POWER = 10.0, 0.5
SLOPE_EXACT = 1e-6  # of slopes by differences


def skip_gram_pairs(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    right, wrong, explanations = reference.skip_gram_pairs, mistakes.skip_gram, mistakes.IN_SKIP_GRAM
    _exact_pairs(student, library, 1, "skip_gram_pairs", right, wrong, explanations)


def cbow_pairs(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    right, wrong, explanations = reference.cbow_pairs, mistakes.cbow, mistakes.IN_CBOW
    _exact_pairs(student, library, 2, "cbow_pairs", right, wrong, explanations)


def noise_distribution(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 3)
    given = [np.append(random.integers(1, 40, 5), 0).astype(np.float64), random.integers(1, 900, 4).astype(np.float64)]
    answers = [student.call(f"{MODULE}.noise_distribution", counts) for counts in given]
    with diagnosis.explained(lambda text: mistakes.of_noise(list(zip([(c,) for c in given], answers, strict=True)))):
        for counts, found in zip(given, answers, strict=True):
            what = f"noise_distribution of {expect.shown(counts, ())} should be"
            probabilities = expect.array(found, counts.shape, "noise_distribution should return probabilities")
            expect.close(probabilities, reference.noise_distribution(counts), EXACT, what)
    power = random.uniform(0.2, 0.6)
    found = expect.array(
        student.call(f"{MODULE}.noise_distribution", given[0], power), given[0].shape, "it should return probabilities"
    )
    what = f"noise_distribution with the power {power:.2f} should be"
    expect.close(found, reference.noise_distribution(given[0], power), EXACT, what, "Is the argument `power` used?")


def negative_sampling_loss(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 4)
    shapes = ((BATCH, SIZE), (BATCH, SIZE), (BATCH, NOISE_WORDS, SIZE))
    given = [random.standard_normal(shape) for shape in shapes]
    found = _loss(student, "negative_sampling_loss", given)
    losses = reference.negative_sampling_losses(*given)
    with diagnosis.explained(lambda text: mistakes.of_negative_sampling([(tuple(given), found["value"])])):
        _exact_loss(found, given, losses, f"the loss of {BATCH} pairs with {NOISE_WORDS} noise words each")
    _exact_gradients(found, given, measures.slopes(reference.negative_sampling_losses, given), "negative_sampling_loss")
    directions = reference.units(random.standard_normal((BATCH, SIZE)))
    far = [FAR * directions, -directions, np.repeat(directions[:, None], NOISE_WORDS, axis=1)]
    found = _loss(student, "negative_sampling_loss", far)
    hint = "Which function of torch takes the logarithm of a sigmoid in one step?"
    with diagnosis.explained(lambda text: hint):
        what = "with scalar products of 1,000 and -1,000, the loss should be"
        value = expect.number(found["value"], what)
        expect.close(value, float(reference.negative_sampling_losses(*far).mean()), EXACT, what)


def co_occurrences(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 5)
    words, probes, answers = 5, [], []
    for window in (2, 3):
        lines = [[int(word) for word in random.integers(0, words, length)] for length in (6, 1, 4, 5)]
        lines[0][:3] = [lines[0][0], (lines[0][0] + 1) % words, lines[0][0]]  # a word meets itself
        lines[2] = 2 * [lines[0][0], lines[0][1]]  # two words meet twice at one distance
        found = student.call(f"{MODULE}.co_occurrences", lines, words, window)
        probes.append(((lines, words, window), found))
        answers.append((found, reference.co_occurrences(lines, words, window), window))
    with diagnosis.explained(lambda text: mistakes.of_meetings(probes)):
        for found, right, window in answers:
            table = expect.array(found, (words, words), "co_occurrences should return a table")
            what = f"co_occurrences with the window {window} should hold"
            expect.close(table, right, EXACT, what, "The docstring has an example.")


def glove_weight(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 6)
    counts = np.concatenate([[0.0, 100.0], random.uniform(0.1, 90.0, 6), random.uniform(110.0, 900.0, 2)])
    settings: list[tuple[float, ...]] = [(), (OTHER_MAXIMUM, OTHER_POWER)]
    functions = {"weigh": f"{MODULE}.glove_weight"}
    asked = [student.probe_named("weighed", functions, counts=counts, setting=list(setting)) for setting in settings]
    if any(each["changed"] is not False for each in asked):
        raise CheckFailed("glove_weight changed the counts in place. Which operations make a new tensor?")
    answers = [each["weights"] for each in asked]
    whole = [setting or (measures.GLOVE_MAXIMUM, 0.75) for setting in settings]
    probes = [((counts, *setting), found) for setting, found in zip(whole, answers, strict=True)]
    with diagnosis.explained(lambda text: mistakes.of_weights(probes)):
        for (maximum, power), found in zip(whole, answers, strict=True):
            weights = expect.array(found, counts.shape, "glove_weight should return weights")
            what = f"with the maximum {maximum:g} and the power {power:g}, the weights should be"
            expect.close(weights, reference.glove_weight(counts, maximum, power), EXACT, what)


def glove_loss(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 7)
    shapes: tuple[tuple[int, ...], ...] = ((BATCH, SIZE), (BATCH, SIZE), (BATCH,), (BATCH,))
    given: list[Any] = [random.standard_normal(shape) for shape in shapes]
    given.append(np.exp(random.uniform(2.5, 6.0, BATCH)))  # so large that 1e-8 more changes no verdict, for any seed
    found = _loss(student, "glove_loss", given)
    with diagnosis.explained(lambda text: mistakes.of_glove([(tuple(given), found["value"])])):
        _exact_loss(found, given, reference.glove_losses(*given), f"the loss of {BATCH} co-occurrences")
    _exact_gradients(found, given, measures.slopes(reference.glove_losses, given, 4), "glove_loss")
    value = student.call(f"{MODULE}.glove_loss", *given, OTHER_MAXIMUM)
    what = f"with the maximum {OTHER_MAXIMUM:g}, the loss should be"
    right = float(partial(reference.glove_losses, maximum=OTHER_MAXIMUM)(*given).mean())
    expect.close(expect.number(value, what), right, EXACT, what, "Does `glove_weight` get the maximum?")


def cosine_similarity(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 8)
    one, other = random.standard_normal((BATCH, SIZE)), 3 * random.standard_normal((NOISE_WORDS, SIZE))
    other[0] *= 3 / np.linalg.norm(other[0])
    one[2] = SHORT * reference.units(other[:1])[0]  # what is added to its length shows, for every seed
    name = f"{MODULE}.cosine_similarity"
    found = student.call(name, one, other)
    with diagnosis.explained(lambda text: vector_mistakes.of_cosine([((one, other), found)])):
        what = f"cosine_similarity of {BATCH} and {NOISE_WORDS} vectors should return similarities"
        table = expect.array(found, (BATCH, NOISE_WORDS), what)
        expect.close(table, reference.cosine_similarity(one, other), EXACT, f"{what} that begin with")
    one[1] = 0
    found = student.call(name, one, other)
    with diagnosis.explained(lambda text: "Is something divided by 0?" if "NaN" in text else ""):
        what = "cosine_similarity with a vector of zeros should return similarities"
        table = expect.array(found, (BATCH, NOISE_WORDS), what)
        expect.close(table, reference.cosine_similarity(one, other), EXACT, f"{what} that begin with")


def nearest(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    vectors = _vectors(_random(library, 9))
    questions = [[word, count] for word, count in zip((0, 3, 7, 11, len(vectors) - 1), (1, 4, 6, 2, 3), strict=True)]
    answers = _answers(student, "nearest", vectors, questions)
    for (word, count), found in zip(questions, answers, strict=True):
        what = f"nearest(vectors, {word}, {count}) should return a list of {counted(count, 'word', 'words')}"
        if not isinstance(found, list) or not all(isinstance(one, int) and not isinstance(one, bool) for one in found):
            raise CheckFailed(f"{what}, integers; got {expect.kind(found)}.")
        if len(found) != count:
            raise CheckFailed(f"{what}; got {len(found)}.")
    listed = [word for found in answers for word in found]
    with diagnosis.explained(lambda text: vector_mistakes.of_nearest(vectors, questions, listed)):
        for (word, count), found in zip(questions, answers, strict=True):
            right = reference.nearest(vectors, word, count)
            if found != right:
                words = counted(count, "word", "words")
                what = f"the {words} nearest to word {word} of {len(vectors)} should be {right}"
                raise expect.Mismatch(
                    f"{what}; got {_few(found)}.", "Are they ranked by cosine, without the word itself?"
                )
    _require_the_word_left_out(student, vectors)


def analogy(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 10)
    vectors = _vectors(random)
    questions = np.array([random.choice(len(vectors), 3, replace=False) for _ in range(40)])
    answers = _answers(student, "analogy", vectors, questions.tolist())
    for found in answers:
        if not isinstance(found, int) or isinstance(found, bool):
            raise CheckFailed(f"analogy should return a word, an integer; got {expect.kind(found)}.")
    right = reference.analogies(vectors, questions)
    with diagnosis.explained(lambda text: vector_mistakes.of_analogies(vectors, questions, answers)):
        wrong = np.flatnonzero(right != np.array([min(max(found, -1), len(vectors)) for found in answers]))
        if wrong.size:
            first, second, third = questions[wrong[0]].tolist()
            raise expect.Mismatch(
                f"analogy(vectors, {first}, {second}, {third}) should be {right[wrong[0]]}; got "
                f"{_few(answers[wrong[0]])}. {wrong.size} of {len(answers)} answers are wrong.",
                "The docstring has the formula.",
            )


def themes(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    splits = library.load(HAIKU)
    assert splits.test is not None
    words = list(splits.about["words"])
    training, model = _trained(student, "train_skip_gram", splits, HAIKU_SIZE)
    tables = _tables(model, len(words), HAIKU_SIZE, training, ("word", "context"))
    row = {word: number for number, word in enumerate(words)}
    order = np.array([row[word] for word in haiku.vocabulary()])
    x, y = order[splits.test.x], order[splits.test.y]
    loss = measures.pair_loss(tables["word"], tables["context"], x, y, _random(library, 11))
    theme_of = haiku.theme_words()
    rows = np.array([row[word] for word in theme_of])
    vectors, names = tables["word"][rows], list(theme_of.values())
    share = float(reference.neighbours_of_a_theme(vectors, names, NEAREST).mean())
    chance = reference.chance(names)
    student.record("pair_loss", loss)
    student.record("theme_share", share)
    student.exhibit(lambda: Themes.of(words, tables["word"], share, chance))
    student.exhibit(lambda: NearestWords(_listed(words, tables["word"])))
    with diagnosis.explained(lambda text: _why_so_bad(training)):
        what = "the mean loss of pairs from other haiku, with 5 noise words each,"
        hint = "Vectors of zeros have 4.16. Does the loss still fall when training ends?"
        expect.at_most(loss, thresholds["maximum_pair_loss"], what, hint)
        what = f"the share of the {NEAREST} nearest theme words that have the theme of a word"
        hint = f"Chance is {chance:.0%}. Are there enough epochs, and is the learning rate large enough?"
        expect.at_least(share, thresholds["minimum_theme_share"], what, hint)


def analogies(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    splits = library.load(PEOPLE)
    assert splits.test is not None
    words = list(splits.about["words"])
    training, model = _trained(student, "train_glove", splits, PEOPLE_SIZE)
    names = ("word", "context", "word_bias", "context_bias")
    tables = _tables(model, len(words), PEOPLE_SIZE, training, names)
    row = {word: number for number, word in enumerate(words)}
    order = np.array([row[word] for word in kinship.WORDS])
    error = measures.glove_error(
        tables, order[splits.test.x], order[splits.test.y], splits.test.count.astype(np.float64)
    )
    vectors = tables["word"] + tables["context"]
    questions = measures.analogies(row)
    answers = reference.analogies(vectors, questions[:, :3])
    share = float((answers == questions[:, 3]).mean())
    student.record("glove_error", error)
    student.record("analogy_share", share)
    student.exhibit(lambda: People.of(words, vectors, share))
    with diagnosis.explained(lambda text: _why_so_bad(training)):
        what = "the mean squared error of log counts in other sentences, weighted,"
        hint = "Does the loss still fall when training ends? Are all four tables of the model trained?"
        expect.at_most(error, thresholds["maximum_glove_error"], what, hint)
        what = f"the share of {len(questions)} analogies that the sums of the two vectors answer"
        wrong = np.flatnonzero(answers != questions[:, 3])
        hint = f"For example, {measures.told(words, questions[wrong[0]], answers[wrong[0]])}" if wrong.size else ""
        expect.at_least(share, thresholds["minimum_analogy_share"], what, hint)


def _random(library: Library, number: int) -> np.random.Generator:
    """Random inputs of one check, from the run's seed."""
    return np.random.default_rng([library.seed, 6, number])


def _exact_pairs(
    student: Student,
    library: Library,
    number: int,
    name: str,
    right: Callable[..., Counter[Any]],
    wrong: Callable[..., Counter[Any]],
    explanations: Mapping[str, str],
) -> None:
    """Pairs of sentences with repeated words, in any order."""
    random = _random(library, number)
    sentences = [[int(word) for word in random.permutation(100)[:length]] for length in (9, 6, 3, 1, 0)]
    sentences[0][2] = sentences[0][3]  # beside itself, and once more further on
    sentences[0][6] = sentences[0][3]
    questions = [(sentence, window) for sentence in sentences for window in WINDOWS]
    functions = {"make": f"{MODULE}.{name}"}
    with diagnosis.explained(lambda text: diagnosis.crash(text, mistakes.PAIR_CRASHES)):
        given = [
            student.probe("pairs", functions, has_curve=False, sentence=sentence, window=window)
            for sentence, window in questions
        ]
    read = listed_pairs.read_skip_gram if name == "skip_gram_pairs" else listed_pairs.read_cbow
    found = [Counter(read(pairs, name)) for pairs in given]
    with diagnosis.explained(lambda text: mistakes.of_pairs(wrong, explanations, questions, found)):
        for question, pairs in sorted(zip(questions, found, strict=True), key=lambda each: len(each[0][0])):
            wanted = right(*question)
            what = f"{name}({question[0]}, {question[1]}) should return {counted(wanted.total(), 'pair', 'pairs')}"
            for difference, word, extra in ((wanted - pairs, "lacks", ""), (pairs - wanted, "holds", " too often")):
                if difference:
                    pair, count = sorted(difference.items())[0]
                    often = f" {times(count)}" if extra or count > 1 else ""
                    raise expect.Mismatch(
                        f"{what}; the list of {pairs.total()} {word} {listed_pairs.as_pair(pair)}{often}{extra}.",
                        "The docstring has an example.",
                    )


def _few(found: Any) -> str:
    return str(found)[:60]


def _loss(student: Student, name: str, given: Sequence[np.ndarray]) -> Any:
    """Value and gradients of a loss, if nothing was changed in place."""
    found = student.probe_named("loss", {"function": f"{MODULE}.{name}"}, has_curve=False, arguments=list(given))
    if found["changed"] is not False:
        raise CheckFailed(f"{name} changed one of its arguments in place. Which operations make a new tensor?")
    return found


def _exact_loss(found: Any, given: Sequence[np.ndarray], losses: np.ndarray, what: str) -> None:
    value = expect.number(found["value"], f"{what} should be")
    expect.close(value, float(losses.mean()), EXACT, f"{what} should be", "The docstring has the formula.")


def _exact_gradients(found: Any, given: Sequence[np.ndarray], slopes: Sequence[np.ndarray], name: str) -> None:
    what = f"the gradient of {name} with respect to argument"
    gradients = found["gradients"]
    if not isinstance(gradients, list) or len(gradients) < len(slopes):
        raise CheckFailed(f"{name} has no gradient. Is `detach`, `item` or a new tensor in between?")
    for number, (gradient, slope) in enumerate(zip(gradients, slopes, strict=False), start=1):
        if gradient is None:
            raise CheckFailed(f"{what} {number} is missing. Is `detach` or a new tensor in between?")
        value = expect.array(gradient, given[number - 1].shape, f"{what} {number} should be")
        expect.close(value, slope, SLOPE_EXACT, f"{what} {number} should be", "Is something detached?")


def _require_the_word_left_out(student: Student, vectors: np.ndarray) -> None:
    """Of two words of one direction, each is nearest to the other, though its own cosine is no larger."""
    one, other = 4, len(vectors) - 3
    twins = vectors.copy()
    twins[other] = 2 * twins[one]
    questions = [[one, 1], [other, 1]]
    for (word, count), found in zip(questions, _answers(student, "nearest", twins, questions), strict=True):
        right = reference.nearest(twins, word, count)
        if found != right:
            raise CheckFailed(
                f"the vectors of words {one} and {other} have one direction, so their cosine is 1. "
                f"nearest(vectors, {word}, 1) should be {right}; got {_few(found)}.",
                vector_mistakes.FIRST_LEFT_OUT if found == [word] else "Which word is left out?",
            )


def _vectors(random: np.random.Generator) -> np.ndarray:
    """Vectors of very different lengths, so that lengths matter where they should not."""
    return random.standard_normal((25, SIZE)) * np.exp(random.uniform(-1.5, 1.5, (25, 1)))


def _answers(student: Student, name: str, vectors: np.ndarray, questions: list[list[int]]) -> list[Any]:
    """What a function answers to questions about vectors."""
    functions = {"function": f"{MODULE}.{name}"}
    found = student.probe_named("answers", functions, vectors=vectors, questions=questions)
    if found["changed"] is not False:
        raise CheckFailed(f"{name} changed the vectors in place. Work on a copy.")
    answers = found["answers"]
    if not isinstance(answers, list) or len(answers) != len(questions):
        raise CheckFailed(f"{name} was asked {len(questions)} questions; got {expect.kind(answers)}.")
    return answers


def _trained(student: Student, name: str, splits: Any, size: int) -> tuple[Training, Model]:
    """Train new vectors by a function of the student's."""
    model = student.create(f"{MODULE}.{MODELS[name]}", len(splits.about["words"]), size)
    with diagnosis.explained(diagnosis.crash_in_training):
        return student.train(f"{MODULE}.{name}", model, splits), model


def _tables(model: Model, words: int, size: int, training: Training, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Tables of trained vectors by name, (words, size), and biases, (words,)."""
    found, tables = model.parameters(), {}
    with diagnosis.explained(lambda text: diagnosis.training(training)):
        for name in names:
            width = 1 if name.endswith("bias") else size
            what = f"the model should have a table `{name}`"
            table = expect.array(found.get(f"{name}.weight"), (words, width), what, "Was the class changed?")
            tables[name] = table[:, 0] if width == 1 else table
    return tables


def _listed(words: Sequence[str], vectors: np.ndarray) -> dict[str, list[str]]:
    """The nearest words of some words, for the report."""
    row = {word: number for number, word in enumerate(words)}
    return {word: [words[near] for near in reference.nearest(vectors, row[word], 6)] for word in SHOWN if word in row}


def _why_so_bad(training: Training) -> str:
    return diagnosis.first(lambda: diagnosis.training(training), lambda: diagnosis.coverage(training))
