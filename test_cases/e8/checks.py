"""Elective 8: attention, blocks and masking are exact; trained encoders guess hidden words and read digits."""

from __future__ import annotations

from collections.abc import Mapping
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
from test_cases.e8 import masking, mistakes, mistakes_in_models, reference
from test_cases.e8.mistakes_in_models import SINGLE
from test_cases.e8.public import digits as digit_data
from test_cases.e8.public import picture, verses
from test_cases.e8.public.charts import LookedAt

MODULE = "electives.encoders"
LANGUAGE_MODEL, VISION = f"{MODULE}.MaskedLanguageModel", f"{MODULE}.VisionTransformer"
VERSES, DIGITS = "test_cases.e8.public.verses", "test_cases.e8.public.digits"
BATCH, TIME, WIDTH, HEADS = 3, 5, 12, 3  # all different from each other but heads and batch, and from width / heads
LENGTHS = (4, 3, 2)  # positions of each sequence that are no padding
SIZES = ((7, 6), (40, 12), (1, 4))  # lengths and widths of positional encodings
IMAGES = ((2, 6, 8, 2), (3, 9, 6, 3), (2, 28, 28, 7))  # batch, height, width, side of a patch
FEW_WORDS = 30
SHORT = 0.01  # the length of a query in whose cosines it shows what is added to a length
BLOCK = 500  # examples that the grader reads at once
LEAST_SHARE = 0.001  # of hidden words; a model that guesses none right has a finite ratio, too


def scores(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 1)
    for name in mistakes.IN_SCORES:
        probes = []
        for batch in ((), (2,)):
            a, b = (6, 4) if name in ("bilinear", "additive") else (6, 6)
            arguments = [random.standard_normal((*batch, 3, a)), random.standard_normal((*batch, 5, b))]
            if name == "bilinear":
                arguments += [random.standard_normal((a, b))]
            elif name == "cosine":
                key = arguments[1][..., 0, :] / np.linalg.norm(arguments[1][..., 0, :], axis=-1, keepdims=True)
                arguments[1][..., 0, :], arguments[0][..., 1, :] = 3 * key, SHORT * key
            elif name == "additive":
                arguments += [random.standard_normal((7, a + b)), random.standard_normal(7)]
            probes.append((tuple(arguments), _unchanged(student, f"{name}_scores", *arguments)))
        with diagnosis.explained(lambda text, name=name, probes=probes: mistakes.of_scores(name, probes)):  # type: ignore[misc]
            for given, found in probes:
                right = getattr(reference, f"{name}_scores")(*given)
                what = f"{name}_scores of queries {given[0].shape} and keys {given[1].shape} should be"
                expect.close(
                    expect.array(found, right.shape, what), right, EXACT, what, "The docstring has the formula."
                )
    zero = [np.zeros((2, 4)), random.standard_normal((3, 4))]
    what = "cosine_scores of vectors of zeros should be"
    found = _unchanged(student, "cosine_scores", *zero)
    if isinstance(found, np.ndarray) and not np.isfinite(found).all():
        raise CheckFailed(
            "cosine_scores of vectors of zeros should be 0; got NaN. Is something divided by a length of 0?"
        )
    expect.close(expect.array(found, (2, 3), what), np.zeros((2, 3)), EXACT, what)


def positions(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    probes = [(size, student.call(f"{MODULE}.positional_encoding", *size)) for size in SIZES]
    with diagnosis.explained(lambda text: mistakes.of_positions(probes)):
        for (length, width), found in probes:
            right = reference.positional_encoding(length, width)
            what = f"positional_encoding({length}, {width}) should be a table"
            expect.close(expect.array(found, right.shape, what), right, EXACT, f"{what} with", "Where does it begin?")


def attention(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 2)
    for is_padding in (None, _padding()):  # what is wrong without padding is named there, where nothing is infinite
        x, weights = random.standard_normal((BATCH, TIME, WIDTH)), _attention_weights(random)
        found = _unchanged(student, "multi_head_attention", x, *weights, HEADS, is_padding)
        what = "multi_head_attention should return two tensors: the result and the attention"
        if not isinstance(found, list) or len(found) != 2:
            raise CheckFailed(f"{what}; got {expect.kind(found)}.")
        result = expect.array(found[0], x.shape, f"{what}; the result should be")
        shares = expect.array(found[1], (BATCH, HEADS, TIME, TIME), f"{what}; the attention should be")
        probe = (x, weights, HEADS, is_padding), (result, shares)
        right, right_shares = reference.attention(*probe[0])
        of = f"of {x.shape} and {HEADS} heads{'' if is_padding is None else ' with padding'} should be"
        with diagnosis.explained(lambda text, probe=probe: mistakes.of_attention([probe])):  # type: ignore[misc]
            sums_to_1 = expect.is_close(shares.sum(axis=-1), np.ones(shares.shape[:-1]), ROUNDED)
            hint = "Steps 1 to 5 lead there." if sums_to_1 else "Do the weights of a row sum to 1?"
            expect.close(shares, right_shares, EXACT, f"the attention {of}", hint)
            expect.close(result, right, EXACT, f"the result of multi_head_attention {of}", "Six steps lead there.")


def encoder_block(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random, probes, orders = _random(library, 3), [], []
    for is_padding in (None, _padding()):
        x, order = random.standard_normal((BATCH, TIME, WIDTH)), np.roll(random.permutation(TIME), 1)
        parameters = {name: random.standard_normal(shape) / 2 for name, shape in reference.block_shapes(WIDTH).items()}
        functions = {"block_class": f"{MODULE}.EncoderBlock"}
        arguments: dict[str, Any] = {"x": x, "is_padding": is_padding, "heads": HEADS, "order": order}
        arguments |= {"names": list(parameters), "values": list(parameters.values())}
        found = student.probe_named("block", functions, has_curve=False, **arguments)
        if found["fits"] is not True:
            raise CheckFailed("EncoderBlock has other parameters than its `__init__` makes. Was the class changed?")
        what = f"EncoderBlock of {x.shape} should give"
        output = expect.array(found["output"], x.shape, what)
        probes.append(((x, parameters, HEADS, is_padding), output))
        orders.append((order, expect.array(found["permuted"], x.shape, what)))
    with diagnosis.explained(lambda text: mistakes.of_block(probes)):
        for ((x, parameters, heads, is_padding), output), (order, permuted) in zip(probes, orders, strict=True):
            right = reference.block(x, parameters, heads, is_padding)[0]
            padded = " with padding" if is_padding is not None else ""
            what = f"EncoderBlock of {x.shape}{padded} should give"
            expect.close(output, right, EXACT, what, "The docstring has the formulas.")
            what = "EncoderBlock should give the same for positions in another order, in that order:"
            expect.close(permuted, right[:, order], EXACT, what, "What depends on the order?")


def mask_tokens(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    masking.require(student, f"{MODULE}.mask_tokens", masking.drawn(_random(library, 4)))


def masked_loss(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random, probes, gradients = _random(library, 5), [], []
    for _ in range(2):
        states, ids = random.standard_normal((BATCH, TIME, 4)), random.integers(2, 9, (BATCH, TIME))
        is_chosen = np.zeros((BATCH, TIME), bool)
        is_chosen[0, 1:3] = is_chosen[1, 0] = is_chosen[2, 2:] = True
        table = random.standard_normal((9, 4))
        functions = {"masked_loss": f"{MODULE}.masked_loss"}
        arguments: dict[str, Any] = {"states": states, "ids": ids, "is_chosen": is_chosen, "table": table}
        found = student.probe_named("loss_of_masked", functions, has_curve=False, **arguments)
        loss = expect.number(found["loss"], "masked_loss should be")
        probes.append((tuple(arguments.values()), loss))
        gradients.append(found["gradient"])
    with diagnosis.explained(lambda text: mistakes_in_models.of_loss(probes)):
        for given, loss in probes:
            what = "masked_loss of 6 chosen tokens among 15 should be"
            expect.close(loss, mistakes_in_models.masked_loss(*given), ROUNDED, what, "The docstring has the formula.")
    if not all(isinstance(gradient, np.ndarray) and gradient.any() for gradient in gradients):
        raise CheckFailed(
            "masked_loss should have a gradient for the states; no gradient arrives. Is the loss made by `detach()`, "
            "`item()` or numpy, or copied into a new tensor?"
        )


def patches(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random, probes = _random(library, 6), []
    for *shape, size in IMAGES:
        images = random.random(shape)
        probes.append(((images, size), _unchanged(student, "patches", images, size)))
    with diagnosis.explained(lambda text: mistakes_in_models.of_patches(probes)):
        for (images, size), found in probes:
            right, what = reference.patches(images, size), f"patches of images {images.shape} by {size} should be"
            expect.close(expect.array(found, right.shape, what), right, EXACT, what, "The docstring tells the order.")


def models(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = _random(library, 7)
    model = student.create(LANGUAGE_MODEL, FEW_WORDS)
    ids = random.integers(verses.FIRST_WORD, FEW_WORDS, (BATCH, TIME))
    ids[_padding()] = verses.PADDING
    parameters = _parameters(model, "words", FEW_WORDS)
    states = model.method("encode", ids)
    with diagnosis.explained(lambda text: mistakes_in_models.of_states(parameters, ids, states)):
        right, what = (
            reference.read_words(parameters, ids)[0],
            "MaskedLanguageModel.encode of 3 lines should give states",
        )
        expect.close(expect.array(states, right.shape, what), right, SINGLE, what, "The docstring has the formula.")
    _require_own_logits(model, "words", parameters, ids)
    model = student.create(VISION)
    images = random.random((BATCH, digit_data.SIDE, digit_data.SIDE)).astype(np.float32)
    parameters = _parameters(model, "digits")
    logits = model(images)
    with diagnosis.explained(lambda text: mistakes_in_models.of_digits(parameters, images, logits)):
        right, what = reference.read_digits(parameters, images)[0], "VisionTransformer of 3 images should give logits"
        expect.close(expect.array(logits, right.shape, what), right, SINGLE, what, "The docstring has four steps.")


def masked_words(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    splits = library.load(VERSES)
    assert splits.test is not None
    words = splits.about["words"]
    model, training = _trained(student, "train_masked", LANGUAGE_MODEL, splits, "words", len(words))
    parameters = _parameters(model, "words", len(words), "train_masked")
    _require_own_logits(model, "words", parameters, splits.test.inputs[:BATCH])
    rate, share = _unigram_rate(splits.train, splits.test), _guessed(parameters, splits.test)
    student.record("unigram_rate", rate)
    student.record("masked_accuracy", share)
    relative = rate / max(share, LEAST_SHARE)
    student.record("unigram_share", relative)
    student.exhibit(lambda: _looked_up(parameters, splits, share, rate))
    with diagnosis.explained(lambda text: diagnosis.first(lambda: diagnosis.training(training))):
        largest = thresholds["maximum_unigram_share"]
        what = (
            f"{share:.1%} of the hidden words are guessed; always guessing the most frequent one gives {rate:.1%}. The "
            "second divided by the first"
        )
        expect.at_most(relative, largest, what, course.told(training))


def digits(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    splits = library.load(DIGITS)
    assert splits.test is not None
    assert splits.validation is not None
    model, training = _trained(student, "train_vit", VISION, splits, "digits")
    parameters = _parameters(model, "digits", after="train_vit")
    _require_own_logits(model, "digits", parameters, digit_data.images(splits.test.x[:BATCH]))
    share = _accuracy(parameters, splits.test)
    student.record("digit_accuracy", share)
    student.exhibit(lambda: _looked_at(parameters, splits, share))
    validation = splits.validation
    measured = Accuracy(share, thresholds["minimum_digit_accuracy"], lambda: _accuracy(parameters, validation))
    with diagnosis.explained(lambda text: measured.mistake(training)):
        hint = course.told(training, digit_data.CLASSES)
        measured.require("accuracy of the Vision Transformer on the test images", lambda: hint)


def _random(library: Library, number: int) -> np.random.Generator:
    """Random inputs of one check, from the run's seed."""
    return np.random.default_rng([library.seed, 8, number])


def _padding() -> np.ndarray:
    """Which positions are padding, bool (batch, time)."""
    return np.arange(TIME) >= np.array(LENGTHS)[:, None]


def _attention_weights(random: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Weight and bias of the input and of the output."""
    shapes = ((3 * WIDTH, WIDTH), (3 * WIDTH,), (WIDTH, WIDTH), (WIDTH,))
    return tuple(random.standard_normal(shape) / 2 for shape in shapes)


def _unchanged(student: Student, name: str, *arguments: Any) -> Any:
    """What a function of the student's gives; it may change no argument in place."""
    found = student.probe_named(
        "unchanged", {"function": f"{MODULE}.{name}"}, has_curve=False, arguments=list(arguments)
    )
    if found["changed"] is not False:
        raise CheckFailed(f"{name} changed one of its arguments in place. Which operations make a new tensor?")
    return found["result"]


def _parameters(model: Model, kind: str, words: int = 0, after: str = "") -> dict[str, np.ndarray]:
    """The parameters of a model, all of their shapes and finite."""
    found, name = model.parameters(), "MaskedLanguageModel" if kind == "words" else "VisionTransformer"
    shapes = reference.model_shapes(kind, words)
    what = f"{f'after {after}, ' if after else ''}{name} should have a parameter"
    for parameter, shape in shapes.items():
        expect.array(found.get(parameter), shape, f"{what} {parameter}", "Was the class changed?")
    if more := sorted(set(found) - set(shapes)):
        raise CheckFailed(f"{name} has a parameter {more[0][:40]} that it should not have.")
    return found


def _require_own_logits(model: Model, kind: str, parameters: Mapping[str, np.ndarray], inputs: np.ndarray) -> None:
    """The model gives the logits that its weights give by the formulas."""
    if kind == "words":
        right = reference.word_logits(parameters, reference.read_words(parameters, inputs)[0])
    else:
        right = reference.read_digits(parameters, inputs)[0]
    what = f"{'MaskedLanguageModel' if kind == 'words' else 'VisionTransformer'} should give logits"
    found = expect.array(model(inputs), right.shape, what)
    what = f"{what} that its weights give by the formulas,"
    expect.close(found, right, SINGLE, what, "Was the class changed?")


def _trained(
    student: Student, function: str, target: str, splits: Splits, kind: str, words: int = 0
) -> tuple[Model, Training]:
    """A model of the student's, trained by a function of the student's."""
    model = student.create(target, words) if words else student.create(target)
    with diagnosis.explained(diagnosis.crash_in_training):
        training = student.train(f"{MODULE}.{function}", model, splits)
    with diagnosis.explained(lambda text: diagnosis.training(training)):
        _parameters(model, kind, words, function)
    return model, training


def _unigram_rate(train: Split, test: Split) -> float:
    """How often the most frequent word of the training lines is right at the hidden words."""
    most = int(np.bincount(train.ids[train.ids >= verses.FIRST_WORD]).argmax())
    return float((test.ids[test.inputs == verses.MASK] == most).mean())


def _guessed(parameters: Mapping[str, np.ndarray], split: Split) -> float:
    """The share of hidden words that are guessed; computed here, from the weights."""
    right = []
    for start in range(0, len(split), BLOCK):
        inputs, ids = split.inputs[start : start + BLOCK], split.ids[start : start + BLOCK]
        is_hidden = inputs == verses.MASK
        states = reference.read_words(parameters, inputs)[0][is_hidden]
        right.append(reference.word_logits(parameters, states).argmax(axis=1) == ids[is_hidden])
    return float(np.concatenate(right).mean())


def _accuracy(parameters: Mapping[str, np.ndarray], split: Split) -> float:
    """Computed here, from the weights."""
    blocks = np.split(split.x, range(BLOCK, len(split.x), BLOCK))
    logits = [reference.read_digits(parameters, digit_data.images(block))[0] for block in blocks]
    return expect.accuracy(np.concatenate(logits), split.y)


def _looked_up(parameters: Mapping[str, np.ndarray], splits: Splits, share: float, rate: float) -> picture.Heads:
    """How the heads look at a test line with one hidden word, and what is guessed there."""
    assert splits.test is not None
    words = splits.about["words"]
    ids, hidden = picture.shown_line(splits.test.ids, words)
    inputs = ids.copy()
    inputs[hidden] = verses.MASK
    states, shares = reference.read_words(parameters, inputs[None])
    chances = reference.softmax(reference.word_logits(parameters, states[0, hidden]))
    return picture.Heads(picture.of_line(share, rate, shares[0], ids, hidden, words, chances))


def _looked_at(parameters: Mapping[str, np.ndarray], splits: Splits, share: float) -> LookedAt:
    """What the class token looks at, for one test image of each digit."""
    assert splits.test is not None
    rows = [int(np.flatnonzero(splits.test.y == digit)[0]) for digit in range(digit_data.CLASSES)]
    images = digit_data.images(splits.test.x[rows])
    logits, shares = reference.read_digits(parameters, images)
    return LookedAt(images, shares[:, :, 0], reference.softmax(logits), share)
