"""Elective 8: the numpy reference is torch's, pictures draw whatever comes, odd answers are named, no answer is forged."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import data as datasets
from grading.outcomes import CheckFailed
from pictures.windows.live import Live
from staff.release import hidden
from staff.solutions.electives import encoders
from test_cases.e8 import checks, masking, mistakes, mistakes_in_models, reference
from test_cases.e8.public import charts, digits, looking, picture, verses
from test_cases.e8.public.dataset import EncoderDataset
from tests.support import SOLUTIONS, only
from tests.windows import Keeping, Opener, carried, drawn, figure_of

PICTURE = "test_cases.e8.public.picture"
SOURCE = (SOLUTIONS / "electives" / "encoders.py").read_text(encoding="utf-8")
BATCH, TIME, WIDTH, HEADS = checks.BATCH, checks.TIME, checks.WIDTH, checks.HEADS


def random(number: int = 0) -> np.random.Generator:
    return np.random.default_rng(number)


def tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(array)


def same(found: np.ndarray, right: torch.Tensor, tolerance: float = 1e-12) -> None:
    np.testing.assert_allclose(found, right.detach().numpy(), rtol=0, atol=tolerance)


def parameters_of(model: nn.Module) -> dict[str, np.ndarray]:
    return {name: value.detach().numpy() for name, value in model.named_parameters()}


@pytest.mark.parametrize("is_padding", [None, checks._padding()])
def test_the_reference_looks_around_as_torchs_own_layer_does(is_padding):
    torch.manual_seed(0)
    layer = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True, dtype=torch.float64)
    nn.init.normal_(layer.in_proj_bias)
    nn.init.normal_(layer.out_proj.bias)
    x = random().standard_normal((BATCH, TIME, WIDTH))
    mask = None if is_padding is None else tensor(is_padding)
    right = layer(*[tensor(x)] * 3, key_padding_mask=mask, average_attn_weights=False)
    weights = tuple(
        each.detach().numpy()
        for each in (layer.in_proj_weight, layer.in_proj_bias, layer.out_proj.weight, layer.out_proj.bias)
    )
    result, shares = reference.attention(x, weights, HEADS, is_padding)
    same(result, right[0])
    same(shares, right[1])


@pytest.mark.parametrize("is_padding", [None, checks._padding()])
def test_the_reference_block_is_torchs_encoder_layer(is_padding):
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(
        WIDTH, HEADS, 2 * WIDTH, dropout=0.0, batch_first=True, dtype=torch.float64, activation="relu"
    ).train()
    parameters = {name: random(2).standard_normal(shape) for name, shape in reference.block_shapes(WIDTH).items()}
    theirs = {"attention_in.weight": "self_attn.in_proj_weight", "attention_in.bias": "self_attn.in_proj_bias"}
    for kind in ("weight", "bias"):
        names = {"attention_out": "self_attn.out_proj", "expand": "linear1", "contract": "linear2"}
        theirs |= {f"{ours}.{kind}": f"{other}.{kind}" for ours, other in names.items()}
    layer.load_state_dict({theirs.get(name, name): tensor(value) for name, value in parameters.items()})
    x = random().standard_normal((BATCH, TIME, WIDTH))
    mask = None if is_padding is None else tensor(is_padding)
    right = layer(tensor(x), src_key_padding_mask=mask)
    same(reference.block(x, parameters, HEADS, is_padding)[0], right, 1e-11)


def test_the_reference_scores_as_torch_does():
    queries, keys = random().standard_normal((2, 3, 6)), random(1).standard_normal((2, 5, 6))
    right = functional.cosine_similarity(tensor(queries)[:, :, None], tensor(keys)[:, None], dim=3)
    same(reference.cosine_scores(queries, keys), right)
    weight = random(2).standard_normal((6, 6))
    pairs = [tensor(np.ascontiguousarray(np.broadcast_to(each, (2, 3, 5, 6)))) for each in
             (queries[:, :, None], keys[:, None])]  # fmt: skip
    same(reference.bilinear_scores(queries, keys, weight), functional.bilinear(*pairs, tensor(weight[None]))[..., 0])
    wide, vector = random(3).standard_normal((7, 12)), random(4).standard_normal(7)
    right = torch.tanh(functional.linear(torch.cat(pairs, dim=3), tensor(wide))) @ tensor(vector)
    same(reference.additive_scores(queries, keys, wide, vector), right)


def test_the_reference_cuts_patches_as_torchs_unfold_does():
    for *shape, size in checks.IMAGES:
        images = random().random(shape)
        right = functional.unfold(tensor(images)[:, None], size, stride=size).transpose(1, 2)
        same(reference.patches(images, size), right)


def test_the_reference_reads_words_and_digits_as_the_models_do():
    torch.manual_seed(0)
    model, vision = encoders.MaskedLanguageModel(30).double(), encoders.VisionTransformer().double()
    ids = random().integers(2, 30, (BATCH, TIME))
    ids[checks._padding()] = verses.PADDING
    states, shares = reference.read_words(parameters_of(model), ids)
    same(states, model.encode(tensor(ids)), 1e-10)
    same(shares, looking.last_attention(model, tensor(ids))[0], 1e-10)
    images = random().random((2, 28, 28))
    logits, shares = reference.read_digits(parameters_of(vision), images)
    same(logits, vision(tensor(images)), 1e-10)
    same(shares, looking.last_attention(vision, tensor(images))[0], 1e-10)


def test_without_positions_permuting_the_input_permutes_the_output():
    torch.manual_seed(0)
    encoder, x = encoders.Encoder(WIDTH, HEADS, 2).double(), torch.randn(2, 6, WIDTH, dtype=torch.float64)
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    torch.testing.assert_close(encoder(x[:, order]), encoder(x)[:, order])
    places = encoders.positional_encoding(6, WIDTH)
    assert not torch.allclose(encoder((x + places)[:, order]), encoder(x[:, order] + places))


def distinct(explanations: Any, found: Any, explain: Any) -> None:
    """Each mistake is named, and no mistake is taken for another."""
    for wrong, explanation in explanations.items():
        assert explain(found(wrong)) == explanation, wrong


def test_a_mistake_is_recognised_in_no_other_mistakes_answer():
    for name, explanations in mistakes.IN_SCORES.items():
        given = [
            random().standard_normal((3, 6)),
            random(1).standard_normal((5, 6 if name in ("dot", "cosine") else 4)),
        ]
        given += {"bilinear": [random(2).standard_normal((6, 4))]}.get(name, [])
        given += [random(2).standard_normal((7, 10)), random(3).standard_normal(7)] if name == "additive" else []
        distinct(
            explanations,
            lambda wrong, name=name, given=given: [(tuple(given), mistakes.scores(name, given, wrong))],
            lambda probes, name=name: mistakes.of_scores(name, probes),
        )
    distinct(
        mistakes.IN_POSITIONS,
        lambda wrong: [(size, mistakes.positions(*size, wrong)) for size in checks.SIZES],
        mistakes.of_positions,
    )
    arguments = []
    for padding in (None, checks._padding()):
        x = random(5).standard_normal((BATCH, TIME, WIDTH))
        arguments.append((x, checks._attention_weights(random(6)), HEADS, padding))
    for wrong, explanation in mistakes.IN_ATTENTION.items():
        given = arguments["padding" in wrong or "padded" in wrong]
        assert mistakes.of_attention([(given, mistakes.attention(*given, wrong))]) == explanation, wrong
    parameters = {name: random(7).standard_normal(shape) for name, shape in reference.block_shapes(WIDTH).items()}
    parameters |= {name: random(8).standard_normal(WIDTH) for name in ("norm1.weight", "norm2.bias")}
    blocks = [(x, parameters, heads, padding) for x, _, heads, padding in arguments]
    distinct(
        mistakes.IN_BLOCK, lambda wrong: [(each, mistakes.block(*each, wrong)) for each in blocks], mistakes.of_block
    )
    images = [(random().random(shape), size) for *shape, size in checks.IMAGES]
    distinct(
        mistakes_in_models.IN_PATCHES,
        lambda wrong: [(each, mistakes_in_models.patches(*each, wrong)) for each in images],
        mistakes_in_models.of_patches,
    )


def test_a_mistake_in_a_model_is_recognised_in_no_other_mistakes_answer():
    torch.manual_seed(0)
    parameters = parameters_of(encoders.MaskedLanguageModel(30).double())
    ids = random().integers(2, 30, (BATCH, TIME))
    ids[checks._padding()] = verses.PADDING
    for wrong, explanation in mistakes_in_models.IN_STATES.items():
        assert (
            mistakes_in_models.of_states(parameters, ids, mistakes_in_models.states(parameters, ids, wrong))
            == explanation
        )
    parameters, images = parameters_of(encoders.VisionTransformer().double()), random().random((BATCH, 28, 28))
    for wrong, explanation in mistakes_in_models.IN_DIGITS.items():
        assert (
            mistakes_in_models.of_digits(parameters, images, mistakes_in_models.digit_logits(parameters, images, wrong))
            == explanation
        )


class Masker:
    """In the position of the student: answers the probe of `mask_tokens` with a function."""

    def __init__(self, function: Any) -> None:
        self.function = function

    def probe_named(self, name: str, functions: Any, arguments: list[Any]) -> dict[str, Any]:
        ids, words = tensor(arguments[0]), arguments[1]
        return {"result": [each.numpy() for each in self.function(ids.clone(), words)], "changed": False}


def test_shares_of_masks_are_told_from_others():
    ids = masking.drawn(random())
    torch.manual_seed(0)
    for _ in range(3):  # no draw is unlucky
        masking.require(Masker(encoders.mask_tokens), "", ids)

    def shifted(ids: torch.Tensor, words: int) -> Any:
        inputs, is_chosen = encoders.mask_tokens(ids, words)
        return inputs.where(inputs != words - 1, torch.tensor(2)), is_chosen

    def frozen(ids: torch.Tensor, words: int) -> Any:
        torch.manual_seed(0)
        return encoders.mask_tokens(ids, words)

    def others(ids: torch.Tensor, words: int) -> Any:
        inputs, is_chosen = encoders.mask_tokens(ids, words)
        return inputs, ~is_chosen

    def everything(ids: torch.Tensor, words: int) -> Any:
        return ids, torch.ones_like(ids, dtype=torch.bool)

    for wrong, message in (
        (shifted, "were not chosen"),
        (frozen, "should draw other tokens"),
        (others, "Does the second tensor mark the tokens that were not chosen"),
        (everything, "padded tokens.$"),
    ):
        with pytest.raises(CheckFailed, match=message):
            masking.require(Masker(wrong), "", ids)


def splits(kind: str, seed: int = 0) -> datasets.Splits:
    return datasets.Library(seed=seed).load(checks.VERSES if kind == "words" else checks.DIGITS)


def test_hidden_lines_are_in_no_play_that_students_have_and_follow_from_the_secret():
    found, again, other = hidden.verses(1), hidden.verses(1), hidden.verses(2)
    shipped = {tuple(line) for line in verses.numbered().tolist()}
    assert len(found) == verses.TEST
    assert not shipped & {tuple(line) for line in found.ids.tolist()}
    np.testing.assert_array_equal(found.inputs, again.inputs)
    assert not np.array_equal(found.ids, other.ids)
    assert 0.06 < checks._unigram_rate(splits("words").train, found) < 0.12
    with pytest.raises(ValueError, match=r"1,500 new lines are needed; the plays have 0"):
        verses.hidden_test(verses.plays.BUILT_IN_FILE.read_text(encoding="utf-8"), 1)


def test_held_out_lines_do_not_occur_in_training_and_hide_a_seventh():
    found = splits("words")
    lines = {tuple(line) for line in found.train.ids.tolist()}
    assert found.test is not None
    assert found.validation is not None
    for split in (found.validation, found.test, hidden.verses(0)):
        assert not lines & {tuple(line) for line in split.ids.tolist()}
        is_hidden = split.inputs == verses.MASK
        assert is_hidden.any(axis=1).all()
        assert 0.13 < is_hidden.sum() / (split.ids != verses.PADDING).sum() < 0.19
        np.testing.assert_array_equal(split.inputs[~is_hidden], split.ids[~is_hidden])
    assert found.about["words"][: verses.FIRST_WORD] == ["(padding)", "(hidden)"]
    assert 0.06 < checks._unigram_rate(found.train, found.test) < 0.12


def test_a_validation_accuracy_counts_hidden_words_alone():
    arrays = datasets.training_arrays(splits("words"))
    dataset = EncoderDataset(None, arrays)
    inputs, answers = dataset.validation[0]
    right = functional.one_hot(torch.from_numpy(arrays["validation_ids"]), len(dataset.words)).float()
    dataset.model = nn.Module()
    dataset.model.forward = lambda ids: right
    assert dataset.get_validation_accuracy() == 1.0
    assert len(answers) == int((inputs == verses.MASK).sum())


def arrays(kind: str, count: int = 256) -> dict[str, Any]:
    found = datasets.training_arrays(splits(kind))
    return {name: each[:count] if name.startswith("train") else each for name, each in found.items()}


def untrained(kind: str) -> nn.Module:
    torch.manual_seed(0)
    return encoders.MaskedLanguageModel(len(verses.vocabulary())) if kind == "words" else encoders.VisionTransformer()


@pytest.fixture(scope="module")
def states() -> dict[str, picture.State]:
    with torch.no_grad():
        return {
            kind: picture.Reader(EncoderDataset(untrained(kind), arrays(kind))).read() for kind in ("words", "digits")
        }


def test_the_pictures_of_both_models_draw(states):
    pictures = {kind: drawn(PICTURE, state) for kind, state in states.items()}
    assert all(one.shape == (480, 640, 3) for one in pictures.values())
    assert states["words"].caption.startswith("hidden words: ")
    assert states["words"].words[states["words"].place] in picture.HIDDEN_WORDS
    even = dataclasses.replace(states["words"], attention=np.zeros_like(states["words"].attention))
    assert (drawn(PICTURE, even) != pictures["words"]).any()


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf, 1e30])
@pytest.mark.filterwarnings("error")
def test_pictures_of_whatever_numbers_draw(states, value):
    for state in states.values():
        odd = dataclasses.replace(
            state, attention=np.full_like(state.attention, value), chances=np.full_like(state.chances, value)
        )
        assert drawn(PICTURE, odd).shape == (480, 640, 3)


def test_the_state_of_the_picture_is_data_that_the_channel_carries(states):
    for state in states.values():
        back = carried(state)
        assert (back.kind, back.words, back.guesses) == (state.kind, state.words, state.guesses)
        np.testing.assert_array_equal(back.attention, state.attention)


def test_the_charts_of_the_report_draw(states):
    images, attention = random().random((10, 28, 28)), random(1).random((10, 4, 17))
    window, chart = charts.LookedAt(images, attention, np.eye(10)[::-1], 0.95).panels()
    figure_of(chart)
    assert "row" in chart.alt
    assert window.state.accuracy == 0.95
    assert states["words"].words[states["words"].place] in picture.Heads(states["words"]).panels()[0].alt


def trained(kind: str, live: Live | None) -> list[torch.Tensor]:
    """Parameters after a short training, with a window or without."""
    model = untrained(kind)
    dataset = EncoderDataset(model, arrays(kind))
    train: Any = encoders.train_masked if kind == "words" else encoders.train_vit
    torch.manual_seed(1)
    with live.watching(PICTURE, dataset) if live else pytest.MonkeyPatch.context():
        train(model, dataset)
    return [parameter.detach() for parameter in model.parameters()]


@pytest.mark.parametrize("kind", ["words", "digits"])
def test_the_live_window_follows_training_and_changes_no_weight(kind):
    opener = Opener(Keeping)
    ticks = iter(range(10**9))
    watched = trained(kind, Live("e8 Encoders", opener, clock=lambda: next(ticks) / 20))
    assert all(torch.equal(one, other) for one, other in zip(watched, trained(kind, None), strict=True))
    states = opener.windows[0].states
    assert len(states) > 2
    assert not np.array_equal(states[-1].attention, states[0].attention)


def submission(folder: Path, *changes: tuple[str, str]) -> Path:
    """The solution without training, for speed, and with changes."""
    text = SOURCE
    for old, new in (*changes, ("    epochs = 2\n", "    epochs = 0\n    return\n")):
        assert old in text, old
        text = text.replace(old, new)
    (folder / "electives").mkdir()
    (folder / "electives" / "encoders.py").write_text(text, encoding="utf-8")
    return folder


BILINEAR, TABLE = "return queries @ weight @ keys.mT", "return torch.stack([angles"
RESULT, MASKED = "return joined @ out_weight.T + out_bias, attention", "random, inputs), is_chosen"


@pytest.mark.parametrize(
    "changes",
    [
        {
            "scores": (BILINEAR, "return None", "got None (is a return missing?)"),
            "positions": (TABLE, f"return 'table'\n    {TABLE}", "got a str"),
            "attention": (RESULT, "return joined[0], attention", "(3, 5, 12)"),
            "mask_tokens": (MASKED, "random, inputs).float(), is_chosen", "its dtype is float32"),
            "masked_loss": ("return cross_entropy(predict(", "return None, (predict(", "got a list"),
        },
        {
            "scores": (BILINEAR, "return [3]", "got a list"),
            "attention": (RESULT, "x.add_(1)\n    return joined, attention", "in place"),
            "mask_tokens": (MASKED, "random, inputs), is_chosen.long()", "its dtype is int64"),
        },
        {
            "encoder_block": (
                "self.expand, self.contract =",
                "self.more = Linear(1, 1)\n        self.expand, self.contract =",
                "Was the class changed?",
            ),
            "mask_tokens": (MASKED, "random, inputs)", "should return two tensors"),
        },
    ],
)
def test_odd_answers_are_named(graded, tmp_path, changes):
    run = graded(submission(tmp_path, *[change[:2] for change in changes.values()]), only("e8", *changes))
    for check, (_, _, message) in changes.items():
        assert message in run.check("e8", check)["message"], check


def test_a_model_whose_forward_is_not_that_of_its_weights_is_worth_nothing(graded, tmp_path):
    """The grader computes answers from the weights: a forward that knows better forges none."""
    run = graded(submission(tmp_path, ("return self.head(x[:, 0])", "return self.head(x[:, 0]) + 9")), "e8")
    assert run.check("e8", "models")["status"] == "failed"
    assert run.question("e8")["score"] == 2.75


def test_inputs_differ_from_seed_to_seed():
    one, other = (splits("words", seed) for seed in (0, 1))
    assert one.test is not None
    assert other.test is not None
    assert not np.array_equal(one.test.inputs, other.test.inputs)
    assert digits.images(np.full((1, 784), 255, np.uint8)).max() == 1
