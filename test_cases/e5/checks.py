"""Elective 5: cells, unrolling and clipping are exact; gated cells remember what the plain cell does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from data import Library, Split, Splits
from grading.checks import course, diagnosis, expect
from grading.checks.answers import Training
from grading.checks.common import Accuracy
from grading.checks.model import Model
from grading.checks.student import Student
from grading.checks.variants import EXACT, ROUNDED
from grading.outcomes import CheckFailed
from test_cases.e5 import backwards, mistakes, reference
from test_cases.e5.public import data
from test_cases.e5.public.charts import Reach
from test_cases.e5.public.picture import Memory

MODULE = "electives.recurrent"
CLASSIFIER = f"{MODULE}.SequenceClassifier"
DATA = "test_cases.e5.public.data"
KINDS = {"rnn": "plain cell", "gru": "GRU", "lstm": "LSTM"}
METRICS = {"rnn": "plain_cell", "gru": "gru", "lstm": "lstm"}
BATCH, INPUTS, UNITS, TIME = 3, 4, 5, 6  # all different, so that a dimension is taken for no other
COUNTED = ((10, 20), (7, 3), (1, 64))
WIDTH = 64  # units of the trained cells
STANDING_STILL = 0.4, 0.85  # an accuracy with one or two symbols of four taken for others
STANDS_STILL = (
    " Some symbols are taken for one another. Training often stands still there for some epochs. A smaller learning "
    "rate or more epochs, up to 20, often help."
)
ROWS_LOOKED_AT = 64  # of gradients that reach back
AGREE = 1e-3  # float32 through 51 steps, against float64


def parameter_counts(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    found = [student.call(f"{MODULE}.parameter_counts", *size) for size in COUNTED]
    with diagnosis.explained(lambda text: mistakes.of_counts(found, COUNTED)):
        for (inputs, units), counts in zip(COUNTED, found, strict=True):
            what = f"parameter_counts({inputs}, {units}) should be"
            right = reference.parameter_counts(inputs, units)
            if not isinstance(counts, dict):
                raise CheckFailed(f"{what} {right}; got {expect.kind(counts)}.")
            if counts.keys() != right.keys() or not all(_is_number(counts[name], right[name]) for name in right):
                shown = str({str(name)[:8]: value for name, value in list(counts.items())[:4]})[:120]
                raise expect.Mismatch(f"{what} {right}; got {shown}.", "Which four tensors does a cell have?")


def rnn_cell(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    _exact_step(student, _random(library, 1), "rnn")


def lstm_cell(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    _exact_step(student, _random(library, 2), "lstm")


def gru_cell(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    _exact_step(student, _random(library, 3), "gru")


def unroll(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 4)
    what = "unroll should return two things: the outputs and the last state"
    answers, probes, cut = [], [], False
    for count in (1, 2):  # parts of the state
        inputs, weights = _inputs(random), _weights(random, "rnn")
        parts = list(random.standard_normal((count, BATCH, UNITS)))
        functions = {"unroll": f"{MODULE}.unroll"}
        answer = student.probe_named("unrolled", functions, inputs=inputs, parts=parts, weights=weights)
        found, reached = answer["answer"], answer["reached"]
        cut = cut or reached != [True] * TIME
        if not isinstance(found, list) or len(found) != 2:
            raise CheckFailed(f"{what}; got {expect.kind(found)}.")
        state = parts[0] if count == 1 else tuple(parts)
        answers.append((found, state, inputs, weights))
        probes.append(((inputs, state, weights), found[0]))
    with diagnosis.explained(lambda text: mistakes.of_unroll(probes)):
        for (outputs, last), state, inputs, weights in answers:
            right, right_last = reference.run_through(mistakes.leaky, inputs, state, weights)
            what = f"unroll of {TIME} steps should return outputs"
            expect.close(expect.array(outputs, right.shape, what), right, EXACT, f"{what} that begin with")
            what = "the last state of unroll should be"
            given = _parts(last, len(state) if isinstance(state, tuple) else 1, "unroll should return the last state")
            wanted = np.stack(right_last) if isinstance(right_last, tuple) else right_last[None]
            expect.close(given, wanted, EXACT, what, "Is the state returned that the last call of the cell gave?")
    if cut:
        raise CheckFailed("unroll should pass gradients from the last output back to every step.", mistakes.STATE_CUT)


def bidirectional(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 5)
    for count in (1, 2):
        inputs, weights = _inputs(random), [_weights(random, "rnn") for _ in range(2)]
        parts = [list(random.standard_normal((count, BATCH, UNITS))) for _ in range(2)]
        functions = {"bidirectional": f"{MODULE}.bidirectional"}
        found = student.probe("both_directions", functions, inputs=inputs, parts=parts, weights=weights)
        states = [each[0] if count == 1 else tuple(each) for each in parts]
        with diagnosis.explained(partial(_wrong_bidirectional, found, inputs, states, weights)):
            what = f"bidirectional over {TIME} steps of a cell with {UNITS} units should return outputs"
            outputs = expect.array(found, (BATCH, TIME, 2 * UNITS), what)
            right = reference.bidirectional(mistakes.leaky, inputs, states, weights)
            expect.close(outputs, right, EXACT, what, "What does the step after the last one know?")


def clip_gradients(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 6)
    gradients = [random.standard_normal(shape) for shape in ((3, 4), (5,), (2, 2))]
    norm = reference.clip_gradients(gradients, 1.0)[1]
    zeros = [np.zeros_like(gradient) for gradient in gradients]
    limits = [(gradients, 0.4 * norm), (gradients, 2.5 * norm), (gradients, 0.05 * norm), (zeros, 1.0)]
    answers = []
    for given, limit in limits:
        functions = {"clip": f"{MODULE}.clip_gradients"}
        found = student.probe_named("clipped", functions, gradients=given, largest_norm=limit)
        answers.append((given, limit, found["norm"], found["gradients"], found["moved"]))
    probes = [((given, limit), _joined(after, given)) for given, limit, _, after, _ in answers]
    norms = [(found, reference.clip_gradients(given, limit)[1]) for given, limit, found, _, _ in answers]
    with diagnosis.explained(
        lambda text: diagnosis.first(
            partial(_read_twice, student, answers),
            lambda: mistakes.of_norms(norms),
            lambda: mistakes.of_clipping(probes),
        )
    ):
        for (given, limit, told, _, moved), (_, after) in zip(answers, probes, strict=True):
            right, norm = reference.clip_gradients(given, limit)
            what = f"three gradients of norm {norm:.4f}, clipped at {limit:.4f}, should"
            if moved is not False:
                raise CheckFailed("clip_gradients changed the parameters. It changes their `.grad` alone.")
            if not np.isfinite(after).all():
                raise CheckFailed(f"{what} be finite. Is something divided by a norm of 0?")
            length = float(np.linalg.norm(after))
            wanted = np.concatenate([gradient.ravel() for gradient in right])
            if not expect.is_close(after, wanted, ROUNDED):
                raise expect.Mismatch(
                    f"{what} have a norm of {np.linalg.norm(wanted):.4f} afterwards and keep their direction; "
                    f"they have {length:.4f}.",
                    "" if mistakes.is_one_factor(given, after) else "Is one factor used for all of them?",
                )
            value = expect.number(told, "clip_gradients should return the norm")
            expect.close(value, norm, ROUNDED, "clip_gradients should return the norm before clipping,")


def reach(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    splits = library.load(DATA)
    models, weights, sizes = {}, {}, {}
    for kind in KINDS:
        models[kind] = student.create(CLASSIFIER, kind, data.INPUTS, WIDTH, data.SYMBOLS)
        weights[kind] = _parameters(models[kind], kind)
        sizes[kind] = _flow(weights[kind], splits.train, kind)
    shares = {kind: _share(size) for kind, size in sizes.items()}
    for kind, share in shares.items():
        student.record(f"{METRICS[kind]}_reach", share)
    student.exhibit(lambda: Reach(sizes))
    for kind in ("lstm", "gru"):
        least = thresholds[f"minimum_{METRICS[kind]}_reach"]
        what = (
            f"the untrained {KINDS[kind]} should keep at least {least:g} of the last step's gradient at the first step"
        )
        if not shares[kind] >= least:
            gate = {"lstm": "the forget gate f", "gru": "the update gate z"}[kind]
            raise CheckFailed(
                f"{what}; got {shares[kind]:.1g}. In 50 steps, {gate} is a factor 50 times: 0.5 to the power of 50 is "
                "1e-15. Which of the biases that initial_weights returns brings it close to 1?"
            )
        _require_own_logits(models[kind], kind, weights[kind], splits.train.x[:BATCH])
        own = _share(_own_flow(student, models[kind], splits.train, kind))
        if own < min(least, shares[kind] / 2):  # by rounding alone, both are nearly the same
            raise CheckFailed(
                f"{what}; got {own:.1g}. By the formulas, these weights keep {shares[kind]:.1g}. Something cuts the "
                "gradient. Is a state detached, or turned into numbers without a gradient?"
            )


def plain_cell(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    _trained(student, library.load(DATA), "rnn")  # no threshold: the plain cell may learn this or not


def gru_memory(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    _remembers(student, library, thresholds, "gru")


def lstm_memory(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    _remembers(student, library, thresholds, "lstm")


def _is_number(found: Any, wanted: int) -> bool:
    """Whether an answer is this number, perhaps in a tensor."""
    return np.size(found) == 1 and bool(np.all(found == wanted))


def _random(library: Library, number: int) -> np.random.Generator:
    """Random inputs of one check, from the run's seed."""
    return np.random.default_rng([library.seed, 5, number])


def _inputs(random: np.random.Generator) -> np.ndarray:
    return random.standard_normal((BATCH, TIME, INPUTS))


def _weights(random: np.random.Generator, kind: str) -> list[np.ndarray]:
    return [random.standard_normal(shape) for shape in reference.shapes(kind, INPUTS, UNITS)]


def _exact_step(student: Student, random: np.random.Generator, kind: str) -> None:
    """One step of a cell gives what its definition gives."""
    name, count = f"{kind}_cell", 2 if kind == "lstm" else 1
    weights, x = _weights(random, kind), random.standard_normal((BATCH, INPUTS))
    parts = list(random.standard_normal((count, BATCH, UNITS)))
    found = student.probe_named("step", {"cell": f"{MODULE}.{name}"}, x=x, parts=parts, weights=weights)
    what = f"{name} should return a new {'hidden state and cell state' if count == 2 else 'hidden state'}"
    if found["changed"] is not False:
        raise CheckFailed(f"{name} changed one of its arguments in place. Which operations make a new tensor?")
    given = _parts(found["state"], count, what)
    state = parts[0] if count == 1 else tuple(parts)
    right = reference.CELLS[kind](x, state, weights)
    rights = right if isinstance(right, tuple) else (right,)
    with diagnosis.explained(lambda text: mistakes.of_cell(kind, given, x, parts, weights)):
        for part, wanted, called in zip(given, rights, ("hidden state", "cell state"), strict=False):
            what = f"a step of {name} with random weights should give the {called}"
            expect.close(part, wanted, EXACT, what, "The docstring has the formula.")
    if found["reached"] != [True] * (1 + count + len(weights)):
        raise CheckFailed(f"{name} should pass gradients to its state, its input and its weights.", mistakes.CUT_OFF)


def _parts(state: Any, count: int, what: str) -> np.ndarray:
    """The parts of a state, (count, batch, units)."""
    if count == 1 and isinstance(state, np.ndarray):
        state = [state]
    if not isinstance(state, list) or len(state) != count:
        tensors = f"a tuple of {count} tensors" if count > 1 else "a tensor"
        raise CheckFailed(f"{what}, {tensors} of shape {(BATCH, UNITS)}; got {expect.kind(state)}.")
    return np.stack([expect.array(part, (BATCH, UNITS), f"{what}, each") for part in state])


def _read_twice(student: Student, answers: Sequence[tuple[list[np.ndarray], float, Any, Any, Any]]) -> str:
    """That the gradients come out right only if the parameters are in a list, which can be gone through twice."""
    functions = {"clip": f"{MODULE}.clip_gradients"}
    is_right_once = True
    for gradients, limit, _, once, _ in answers:
        found = student.probe_named("clipped", functions, gradients=gradients, largest_norm=limit, is_list=True)
        right = np.concatenate([gradient.ravel() for gradient in reference.clip_gradients(gradients, limit)[0]])
        if not expect.is_close(_joined(found["gradients"], gradients), right, ROUNDED):
            return ""
        is_right_once &= expect.is_close(_joined(once, gradients), right, ROUNDED)
    return "" if is_right_once else mistakes.READ_TWICE


def _wrong_bidirectional(found: Any, inputs: np.ndarray, states: Any, weights: Any, text: str) -> str:
    return mistakes.of_bidirectional(found, inputs, states, weights)


def _joined(after: Any, before: list[np.ndarray]) -> np.ndarray:
    """The entries of all gradients one after the other, if there is one for each parameter."""
    if not isinstance(after, list) or len(after) != len(before):
        raise CheckFailed("clip_gradients should leave a gradient in `.grad` of each parameter.")
    for gradient, old in zip(after, before, strict=True):
        if not isinstance(gradient, np.ndarray) or gradient.shape != old.shape:
            raise CheckFailed(f"a gradient of shape {old.shape} should keep its shape; got {expect.kind(gradient)}.")
    return np.concatenate([gradient.astype(np.float64).ravel() for gradient in after])


def _parameters(model: Model, kind: str) -> dict[str, np.ndarray]:
    """The parameters of a model; those of the cell, made by `initial_weights`, and of the output have their shapes."""
    found = model.parameters()
    names = ("input_weight", "hidden_weight", "input_bias", "hidden_bias")
    for name, shape in zip(names, reference.shapes(kind, data.INPUTS, WIDTH), strict=True):
        what = f'initial_weights("{kind}", {data.INPUTS}, {WIDTH}) should return four tensors, {name}'
        expect.array(found.get(name), shape, what)
    what = "the output layer of SequenceClassifier should hold a weight"
    expect.array(found.get("output.weight"), (data.SYMBOLS, WIDTH), what)
    expect.array(found.get("output.bias"), (data.SYMBOLS,), "the output layer of SequenceClassifier should hold a bias")
    return found


def _require_own_logits(model: Model, kind: str, parameters: Mapping[str, np.ndarray], few: np.ndarray) -> None:
    """The model gives the logits that its weights give by the formulas."""
    what = f"SequenceClassifier, the {KINDS[kind]}, should give logits"
    own = expect.array(model(few), (len(few), data.SYMBOLS), what)
    right = reference.logits(kind, parameters, few)
    expect.close(own, right, AGREE, f"{what} that its weights give by the formulas,", "Was the class changed?")


def _flow(parameters: Mapping[str, np.ndarray], split: Split, kind: str) -> np.ndarray:
    """The size of the gradient at each step, (time,), computed here from the weights."""
    return backwards.gradient_sizes(kind, parameters, split.x[:ROWS_LOOKED_AT], split.y[:ROWS_LOOKED_AT])


def _own_flow(student: Student, model: Model, split: Split, kind: str) -> np.ndarray:
    """The same in the student's cells, which may cut the gradient. No point is gained by these numbers."""
    x, y = split.x[:ROWS_LOOKED_AT], split.y[:ROWS_LOOKED_AT]
    found = student.probe("gradient_flow", model=model, x=x, y=y)
    return expect.array(found, (data.TIME,), f"the gradients of the {KINDS[kind]}, step by step, should be numbers")


def _share(sizes: np.ndarray) -> float:
    """The gradient at the first step, as a share of that at the last."""
    return float(sizes[0] / sizes[-1]) if sizes[-1] else 0.0


def _trained(student: Student, splits: Splits, kind: str) -> tuple[float, Training, Model]:
    """Train a classifier of a kind, record and exhibit what came; gives its accuracy on the test split.

    The grader computes the accuracy from the trained parameters, with cells of its own.
    """
    assert splits.test is not None
    model = student.create(CLASSIFIER, kind, data.INPUTS, WIDTH, data.SYMBOLS)
    before = _flow(_parameters(model, kind), splits.test, kind)
    untrained = student.create(CLASSIFIER, "rnn", data.INPUTS, WIDTH, data.SYMBOLS)
    plain = _flow(_parameters(untrained, "rnn"), splits.test, "rnn")
    with diagnosis.explained(diagnosis.crash_in_training):
        training = student.train(f"{MODULE}.train_memory", model, splits)
    with diagnosis.explained(lambda text: diagnosis.training(training)):
        parameters = _parameters(model, kind)
    _require_own_logits(model, kind, parameters, splits.test.x[:BATCH])
    accuracy = expect.accuracy(reference.logits(kind, parameters, splits.test.x), splits.test.y)
    student.record(f"{METRICS[kind]}_accuracy", accuracy)
    after, gates = _flow(parameters, splits.test, kind), backwards.gates(kind, parameters, splits.test.x[:1])
    student.exhibit(lambda: Memory(kind, accuracy, plain, before, after, gates))
    return accuracy, training, model


def _remembers(student: Student, library: Library, thresholds: Mapping[str, float], kind: str) -> None:
    splits = library.load(DATA)
    share, training, model = _trained(student, splits, kind)
    least = thresholds[f"minimum_{METRICS[kind]}_accuracy"]
    measured = Accuracy(share, least, lambda: _validation_accuracy(kind, model, splits))
    with diagnosis.explained(lambda text: measured.mistake(training)):
        what = f"accuracy of the {KINDS[kind]} on held-out sequences"
        measured.require(what, lambda: f"{_shown_by(share)} {course.told(training, data.SYMBOLS)}")


def _shown_by(share: float) -> str:
    """What an accuracy under the threshold tells of a cell."""
    return f"Chance is 25%.{STANDS_STILL if STANDING_STILL[0] <= share <= STANDING_STILL[1] else ''}"


def _validation_accuracy(kind: str, model: Model, splits: Splits) -> float:
    assert splits.validation is not None
    return expect.accuracy(reference.logits(kind, _parameters(model, kind), splits.validation.x), splits.validation.y)
