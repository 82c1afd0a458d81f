"""The checks of elective 12 that train something. All numbers come from weights, read by the grader's own decoder."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from data import Library, Split, Splits
from grading.checks import diagnosis, expect
from grading.checks.answers import Training
from grading.checks.model import Model
from grading.checks.student import Student
from grading.outcomes import CheckFailed
from test_cases.e12 import decoding, measures, reference
from test_cases.e12.measures import Manner
from test_cases.e12.public import language_model as shipped
from test_cases.e12.public import verses
from test_cases.e12.public.charts import Readers, RewardModel
from test_cases.e12.public.picture import Assistant
from test_cases.e12.public.themes import FEW, MANY, THEMES

MODULE, GPT = "electives.assistant", "gpt_model.GPT"
THEMES_DATA, PAIRS_DATA = "test_cases.e12.public.themes", "test_cases.e12.public.pairs"
LOGITS_AGREE = 1e-3  # float32 through three blocks, in another order of operations
READ = 3  # verses in a comparison of logits
PASSES = "Does it pass question 7? `python autograder.py -q q7` tells."
GROUPS, N = 50, 8  # verses from which the best is chosen
NO_GAIN, EXCHANGED = 0.05, 0.3  # accuracies: gained by pre-training, if hardly any; of rewards that are turned around
FORGOTTEN = (
    "The reader with the pre-trained language model knows no more than one that starts from nothing. Does something "
    "overwrite the trained weights, or is the learning rate so large that they are lost?"
)
TURNED = "Rejected verses get the higher rewards. Have the two changed places in `train_reward`?"
WRITTEN, HELD_OUT = 500, 300  # verses that a model writes; haiku of which the likelihood is measured


def themes(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    """A reader tells themes after a hundred verses, and better than one that starts from nothing."""
    splits = library.load(THEMES_DATA)
    assert splits.test is not None
    accuracies, trainings = {}, {}
    for name, count in (("pretrained", FEW), ("few", FEW), ("many", MANY)):
        base = _pretrained(student, library) if name == "pretrained" else student.create(GPT, *shipped.sizes())
        chosen = {key: array[:count] for key, array in splits.train.arrays.items()}
        reader, trainings[name] = _trained_reader(
            student, "fine_tune", base, dataclasses.replace(splits, train=Split(**chosen)), len(THEMES),
            is_watched=name == "pretrained",
        )  # fmt: skip
        accuracies[name] = expect.accuracy(decoding.outputs(reader, splits.test.x), splits.test.y)
    accuracy, few, many = accuracies.values()
    errors_left = (1 - accuracy) / (1 - few) if few < 1 else 1.0
    for metric, value in (("theme_accuracy", accuracy), ("errors_left", errors_left), ("from_nothing", many)):
        student.record(metric, value)
    student.exhibit(lambda: Readers(accuracy, few, many))
    with diagnosis.explained(lambda text: _why_so_bad(trainings["pretrained"], accuracy - few < NO_GAIN, FORGOTTEN)):
        what = f"accuracy on new verses, after {FEW} with themes,"
        hint = f"Chance is {1 / len(THEMES):.0%}. From nothing, {FEW} verses gave {few:.1%}, {MANY:,} gave {many:.1%}."
        expect.at_least(accuracy, thresholds["minimum_theme_accuracy"], what, hint)
        what = (
            f"with the same {FEW} verses, {1 - accuracy:.1%} are wrong after pre-training, {1 - few:.1%} from nothing; "
            "the first divided by the second"
        )
        expect.at_most(
            errors_left, thresholds["maximum_errors_left"], what, "Does the language model keep what it has learned?"
        )


def rewards(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    """A reward model knows which verse is preferred, and chooses such verses."""
    splits = library.load(PAIRS_DATA)
    assert splits.test is not None
    season = splits.about["season"]
    reader, training = _trained_reader(student, "train_reward", _pretrained(student, library), splits, 1)
    better, worse = (decoding.outputs(reader, rows)[:, 0] for rows in (splits.test.chosen, splits.test.rejected))
    accuracy = float((better > worse).mean())
    candidates = decoding.written(shipped.weights(), GROUPS * N, _random(library, 8))
    scores = decoding.outputs(reader, candidates)[:, 0]
    best = reference.best_of_n(candidates, scores, N)
    share, before = (float(verses.names_season(rows, season).mean()) for rows in (best, candidates))
    student.record("reward_accuracy", accuracy)
    student.record("best_share", share)
    student.exhibit(lambda: RewardModel(season, better, worse, before, share, N))
    with diagnosis.explained(lambda text: _why_so_bad(training, accuracy < EXCHANGED, TURNED)):
        what = "the share of new pairs in which the preferred verse has the higher reward"
        expect.at_least(accuracy, thresholds["minimum_reward_accuracy"], what, "Chance is 50%.")
        what = f"of the best of {N} verses by reward, the share that names {season}"
        hint = f"Of all verses that the language model writes, {before:.1%} do."
        expect.at_least(share, thresholds["minimum_best_share"], what, hint)


def assistant(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    """The policy writes what is preferred twice as often, in form, with different verses, near the language."""
    splits = library.load(PAIRS_DATA)
    season, held_out = splits.about["season"], _held_out(_random(library, 9), HELD_OUT)
    policy = _pretrained(student, library)
    with diagnosis.explained(diagnosis.crash_in_training):
        training = student.train(f"{MODULE}.train_dpo", policy, splits)
    after = _weights(policy, training)
    before, now = (_manner(weights, season, held_out, library) for weights in (shipped.weights(), after))
    student.record("season_before", measures.season_share(before, now))
    student.record("in_form", now.in_form)
    student.record("loss_rise", now.loss - before.loss)
    student.record("different", now.different)
    student.record("divergence", now.divergence)
    plain = _manner(measures.without_frequencies(after, held_out), season, held_out, library)
    student.record("season_without_frequencies", measures.season_share(before, plain))
    path = np.array([[each.divergence, each.season, each.in_form] for each in (before, now)])
    student.exhibit(lambda: Assistant.of(season, (before.rows, now.rows), path))
    with diagnosis.explained(lambda text: measures.explained(training, before, now)):
        measures.require(before, now, season, thresholds)
    measures.require_context(before, plain, season, thresholds)


def _manner(weights: decoding.Weights, season: str, held_out: np.ndarray, library: Library) -> Manner:
    """How a model writes, with the same random numbers for all models."""
    return Manner.of(weights, season, WRITTEN, held_out, _random(library, 10))


def _random(library: Library, number: int) -> np.random.Generator:
    """Random numbers of one check, from the run's seed."""
    return np.random.default_rng([library.seed, 12, number])


def _held_out(random: np.random.Generator, count: int) -> np.ndarray:
    """Haiku that the language model has not read."""
    return random.permutation(verses.encoded()[~verses.was_read()])[:count]


def _pretrained(student: Student, library: Library) -> Model:
    """The student's GPT with the shipped weights; it gives the logits that the grader's decoder gives."""
    model, known = student.create(GPT, *shipped.sizes()), shipped.weights()
    shapes = {name: array.shape for name, array in model.parameters().items()}
    for name, array in known.items():
        if shapes.get(name) != array.shape:
            raise CheckFailed(
                f"your GPT should have a parameter `{name}` of shape {array.shape}; got {shapes.get(name, 'none')}. "
                "The trained weights fit the layers of the starters. Were the layers of question 6 or 7 changed?"
            )
    model.set_parameters(known)
    rows = _held_out(_random(library, 7), READ)[:, :-1]
    what = f"with the trained weights, your GPT of question 7 should read {READ} verses into logits"
    right = decoding.logits(known, rows)
    given = expect.array(model(rows), right.shape, what, PASSES)
    expect.close(given, right, LOGITS_AGREE, f"{what} that begin with", PASSES)
    return model


def _trained_reader(
    student: Student, name: str, base: Model, splits: Splits, outputs: int, is_watched: bool = True
) -> tuple[dict[str, np.ndarray], Training]:
    """Train a new reader around a language model; gives its weights."""
    reader = student.create(f"{MODULE}.VerseReader", base.handle, outputs)
    with diagnosis.explained(diagnosis.crash_in_training):
        training = student.train(f"{MODULE}.{name}", reader, splits, is_watched=is_watched)
    return _weights(reader, training, "language_model.", outputs), training


def _weights(model: Model, training: Training, prefix: str = "", outputs: int = 0) -> dict[str, np.ndarray]:
    """The parameters of a trained model, each of its shape and finite."""
    found, size = model.parameters(), shipped.sizes()[1]
    shapes = {f"{prefix}{name}": array.shape for name, array in shipped.weights().items()}
    if outputs:
        shapes |= {"head.weight": (outputs, size), "head.bias": (outputs,)}
    with diagnosis.explained(lambda text: diagnosis.training(training)):
        return {
            name.removeprefix(prefix): expect.array(found.get(name), shape, f"the trained model should have `{name}`")
            for name, shape in shapes.items()
        }


def _why_so_bad(training: Training, is_known: bool, known: str) -> str:
    """What was seen in training; else the mistake that the measured numbers tell; else whether training was short."""
    return diagnosis.first(
        lambda: diagnosis.training(training), lambda: known if is_known else "", lambda: diagnosis.coverage(training)
    )
