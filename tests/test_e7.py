"""Elective 7: the numpy reference is torch's, BLEU is sacrebleu's, sentences are as the grammar says, pictures draw."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

import data as datasets
from grading.checks import variants
from pictures.windows.live import Live
from staff.solutions.electives import translation
from test_cases.e7 import checks, mistakes, reference, search_mistakes, trained
from test_cases.e7.public import data, language, picture, probes
from test_cases.e7.public.charts import BleuByLength
from test_cases.e7.public.dataset import SentencePairs
from tests.support import SOLUTIONS, only
from tests.windows import Keeping, Opener, carried, drawn, figure_of

PICTURE = "test_cases.e7.public.picture"
SOURCE = (SOLUTIONS / "electives" / "translation.py").read_text(encoding="utf-8")


def random_pairs(count: int) -> list[tuple[list[list[int]], list[list[int]]]]:
    """Small collections of translations: shorter and longer ones, ones with repeated words, a few with no 4-gram."""
    random = np.random.default_rng(0)
    pairs = []
    for _ in range(count):
        lengths = random.integers(1, 14, random.integers(1, 6))
        right = [random.integers(3, 7, length).tolist() for length in lengths]
        own = []
        for sentence in right:
            changed = [word if random.random() < 0.8 else int(random.integers(3, 7)) for word in sentence]
            own.append((changed + changed[: random.integers(0, 4)])[: random.integers(len(changed) // 2, 18)])
        pairs.append((own, right))
    return pairs


def test_bleu_is_that_of_sacrebleu_on_a_hundred_random_pairs():
    sacrebleu = pytest.importorskip("sacrebleu")
    metric = sacrebleu.metrics.BLEU(tokenize="none", smooth_method="none", force=True)
    values = []
    for candidates, references in random_pairs(100):
        texts = [[" ".join(map(str, sentence)) for sentence in sentences] for sentences in (candidates, references)]
        wanted = metric.corpus_score(texts[0], [texts[1]]).score / 100
        assert reference.bleu(candidates, references) == pytest.approx(wanted, abs=1e-9)
        assert translation.bleu(candidates, references) == pytest.approx(wanted, abs=1e-9)
        values.append(wanted)
    assert 0.0 in values
    assert len(set(values)) > 70


def test_bleu_of_an_example_by_hand():
    """Of 6 words 5 match; of 5 pairs 3, of 4 triples 2, of 3 runs of four 1; the reference has 7 words."""
    value = reference.bleu([[1, 2, 3, 4, 9, 6]], [[1, 2, 3, 4, 5, 6, 7]])
    assert value == pytest.approx(np.exp(1 - 7 / 6) * (5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25)


def parameters(model: torch.nn.Module) -> dict[str, np.ndarray]:
    return {name: parameter.detach().double().numpy() for name, parameter in model.named_parameters()}


@pytest.mark.parametrize("score", checks.SCORES)
def test_the_reference_translates_as_torch_does(score):
    torch.manual_seed(0)
    random = np.random.default_rng(0)
    model = translation.Translator(score, checks.WORDS, checks.OTHER_WORDS, checks.SIZE).double()
    assert {name: tuple(one.shape) for name, one in parameters(model).items()} == reference.shapes(
        score, checks.WORDS, checks.OTHER_WORDS, checks.SIZE
    )
    source, reader = checks._sources(random), reference.Reader(score, parameters(model))
    target = random.integers(3, checks.OTHER_WORDS, (len(source), 5))
    with torch.no_grad():
        memory, state = model.encode(torch.from_numpy(source))
        logits = model(torch.from_numpy(source), torch.from_numpy(target))
    for own, wanted in zip(reader.encode(source), (memory, state), strict=True):
        np.testing.assert_allclose(own, wanted.numpy(), rtol=0, atol=1e-12)
    np.testing.assert_allclose(reader.forced(source, target)[0], logits.numpy(), rtol=0, atol=1e-12)
    assert reader.translate(source, 9) == model.translate(torch.from_numpy(source), max_length=9)


def test_a_sentence_means_the_same_in_every_batch():
    torch.manual_seed(0)
    model = translation.Translator("general", checks.WORDS, checks.OTHER_WORDS, checks.SIZE).double()
    source = torch.from_numpy(checks._sources(np.random.default_rng(0)))
    wide = torch.nn.functional.pad(source, (0, 5))
    target = torch.full((len(source), 3), 4)
    torch.testing.assert_close(model(source, target), model(wide, target), rtol=0, atol=1e-12)
    alone = model(source[2:, : checks.LENGTHS[2]], target[2:])
    torch.testing.assert_close(model(source, target)[2:], alone, rtol=0, atol=1e-12)


def test_the_loss_of_the_reference_is_torchs():
    random = np.random.default_rng(0)
    target = checks._targets(random)
    logits = random.standard_normal((*target.shape, checks.WORDS))
    tensors = torch.from_numpy(logits).flatten(0, 1), torch.from_numpy(target).flatten()
    wanted = torch.nn.functional.cross_entropy(*tensors, ignore_index=0).item()
    assert reference.translation_loss(logits, target) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("power", [0.0, 1.0])
def test_a_beam_that_is_wide_enough_finds_the_best_of_all_sentences(power):
    """Against all sentences of up to three words, one after the other."""
    table, most = checks._table(np.random.default_rng(1)), 3

    def value(words: tuple[int, ...]) -> float:
        before = [0, data.BEGIN, *words]
        total = sum(table[before[at], before[at + 1], word] for at, word in enumerate(words))
        return float(total) / len(words) ** power

    numbers = range(checks.FEW_WORDS)
    sentences = [(*rest, data.END) for length in range(most) for rest in product(numbers, repeat=length)]
    sentences += list(product(numbers, repeat=most))
    allowed = [one for one in sentences if data.END not in one[:-1]]
    best = reference.before_end(list(max(allowed, key=value)))
    assert reference.beam(table, 0, 6**3, most, power) == best


def test_a_beam_of_width_one_is_a_greedy_search():
    for seed in range(5):
        table = checks._table(np.random.default_rng(seed))
        (greedy,) = reference.greedy(table, np.array([0]), 7)
        assert reference.beam(table, 0, 1, 7, 1.0) == greedy


def test_the_solution_searches_as_the_reference_does():
    random = np.random.default_rng(3)
    for width, power in (*checks.SETTINGS, (8, 0.5)):
        tables = [checks._table(random) for _ in range(checks.TABLES)]
        tensors = [torch.from_numpy(table) for table in tables]
        found = probes.beamed(translation.beam_search, tensors, width, 7, power)
        assert found == [reference.beam(table, 0, width, 7, power) for table in tables]


def test_scores_that_lead_to_nan_are_blamed_on_exp_only_if_they_are_large():
    """A softmax of nothing but minus infinity is NaN as well: where a mask is reversed, or in columns of padding."""
    random = np.random.default_rng(5)
    is_word = np.arange(checks.SOURCE) < np.array(checks.LENGTHS)[:, None]
    scores = random.standard_normal((checks.BATCH, checks.TARGET, checks.SOURCE))
    shown = torch.from_numpy(is_word)[:, None]

    def told(masked: torch.Tensor, dim: int, scores: np.ndarray = scores) -> str:
        weights = masked.softmax(dim).numpy()
        return checks._wrong_attention((scores, np.zeros((3, 6, 5)), is_word), [np.zeros((3, 4, 5)), weights], "")

    tensor = torch.from_numpy(scores)
    assert "Is the mask reversed?" in told(tensor.masked_fill(shown, -torch.inf), 2)
    assert "The softmax runs over the target positions" in told(tensor.masked_fill(~shown, -torch.inf), 1)
    assert "The softmax runs over the sentences" in told(tensor.masked_fill(~shown, -torch.inf), 0)
    assert told(tensor.masked_fill(tensor > 0, torch.inf), 2) == ""
    far = 1000 * scores
    assert "exp(1,000) is infinite" in told(torch.from_numpy(far).exp() / torch.from_numpy(far).exp(), 2, far)
    swapped = [np.zeros((3, 4, 6)), np.zeros((3, 4, 5))]
    assert "are swapped" in checks._wrong_attention((scores, np.zeros((3, 6, 5)), is_word), swapped, "")


def named(computation: Callable[..., Any], explanations: dict[str, str], cases: list[tuple[Any, ...]]) -> None:
    """Each mistake's answers are taken for no other mistake's."""
    for wrong, explanation in explanations.items():
        given = [(case, computation(*case, wrong=wrong)) for case in cases]
        assert variants.named(computation, explanations, given) == explanation, wrong


@pytest.mark.parametrize("seed", range(3))
def test_a_mistake_is_recognised_in_no_other_mistakes_answer(seed):
    random = np.random.default_rng([seed, 9])
    pair = checks._pair(random, checks.UNITS, checks.UNITS)
    square = random.standard_normal((2, checks.UNITS, checks.UNITS))
    named(mistakes.luong, mistakes.IN_DOT, [pair])
    named(mistakes.luong, mistakes.IN_GENERAL, [(*pair, square[0])])
    named(mistakes.additive, mistakes.IN_ADDITIVE, [(*pair, *square, random.standard_normal(checks.UNITS))])
    is_word = np.arange(checks.SOURCE) < np.array(checks.LENGTHS)[:, None]
    scores = random.standard_normal((checks.BATCH, checks.TARGET, checks.SOURCE))
    named(mistakes.attention, mistakes.IN_ATTENTION, [(scores, pair[1], is_word)])
    target = checks._targets(random)
    named(mistakes.inputs, mistakes.IN_INPUTS, [(target,)])
    named(mistakes.loss, mistakes.IN_LOSS, [(random.standard_normal((*target.shape, checks.WORDS)), target)])
    named(search_mistakes.bleu, search_mistakes.IN_BLEU, checks._pairs(random))
    tables = [checks._table(random) for _ in range(checks.TABLES)]
    starts = np.arange(checks.FEW_WORDS)
    named(search_mistakes.greedy, search_mistakes.IN_GREEDY, [(tables[0], starts, 7), (tables[1], starts, 3)])
    settings = [(tables, width, 7, power) for width, power in checks.SETTINGS]
    named(search_mistakes.beams, search_mistakes.IN_BEAM, settings)


@pytest.mark.parametrize("score", ["general", "none"])
def test_a_mistake_in_the_translator_is_recognised_in_no_other_mistakes_answer(score):
    torch.manual_seed(1)
    random = np.random.default_rng(1)
    model = translation.Translator(score, checks.WORDS, checks.OTHER_WORDS, checks.SIZE)
    named(mistakes.encoded, mistakes.IN_ENCODER, [(score, parameters(model), checks._sources(random))])
    given = (
        random.integers(3, checks.OTHER_WORDS, (checks.BATCH, checks.TARGET)),
        random.standard_normal((checks.BATCH, checks.SIZE)),
        random.standard_normal((checks.BATCH, checks.SOURCE, checks.SIZE)),
        np.arange(checks.SOURCE) < np.array(checks.LENGTHS)[:, None],
    )
    if score != "none":
        named(mistakes.decoded, mistakes.IN_DECODER, [(score, parameters(model), given)])


@pytest.fixture(scope="module")
def splits() -> datasets.Splits:
    return datasets.Library(seed=0).load(trained.DATA)


def test_a_sentence_is_translated_word_by_word_with_agreement_and_the_verb_at_the_end():
    class Scripted:
        """Decides in a fixed way: no place, a determiner and an adjective everywhere, plurals."""

        def sample(self, population: list[Any], count: int) -> list[Any]:
            return list(population)

        def choice(self, options: list[Any]) -> Any:
            return options[0]

        def randrange(self, end: int) -> int:
            return 1

        def random(self) -> float:
            return next(self._numbers)

        _numbers = iter([0.9, 0.1, 0.9, 0.1, 0.9])  # not bare, an adjective; the same again; no place

    found = language.Sentence(Scripted(), 1)
    assert " ".join(found.source) == "the small queens helped the small songs"
    assert " ".join(word for word, _ in found.target) == "kirati picas las fenuli picas las jutun"
    assert [position for _, position in found.target] == [2, 1, 0, 6, 5, 4, 3]


def test_every_target_word_comes_from_a_source_word_of_the_same_meaning(splits):
    nouns = {source: target for row in language.NOUNS for source, target in row}
    roots = {**nouns, **language.DETERMINERS, **language.ADJECTIVES, **language.VERBS}
    roots |= {**language.PREPOSITIONS, **language.CONJUNCTIONS}
    roots |= {f"{source}s": target for source, target in nouns.items()}
    for row in range(0, len(splits.test), 7):
        source = data.words_of(splits.test.source[row], language.SOURCE)
        target = data.words_of(splits.test.target[row], language.TARGET)
        positions = splits.test.alignment[row, : len(target)].tolist()
        assert target[-1] == "<end>"
        assert positions[-1] == -1
        assert sorted(positions[:-1]) == list(range(len(source)))
        for word, position in zip(target, positions[:-1], strict=False):
            assert word.startswith(roots[source[position]])


def test_splits_are_of_their_lengths_and_share_no_sentence(splits):
    longest = {name: data.lengths(getattr(splits, name).source).max() for name in ("train", "validation", "test")}
    assert longest == {"train": 14, "validation": 14, "test": 28}
    assert set(splits.train.arrays) == {"source", "target"}
    assert (len(splits.train), len(splits.validation)) == tuple(data.COUNTS.values())
    known = {row[row > 0].tobytes() for row in splits.train.source}
    shared = np.array([row[row > 0].tobytes() in known for row in splits.test.source])
    assert not shared[data.lengths(splits.test.source) > 6].any()
    assert shared.mean() < 0.02  # of the shortest sentences there are few thousand
    hidden = data.draw_hidden_test(0)
    assert {name: array.shape[1:] for name, array in hidden.arrays.items()} == {
        name: array.shape[1:] for name, array in splits.test.arrays.items()
    }
    assert not np.array_equal(hidden.source, splits.test.source)


def test_words_move_far(splits):
    distances = np.abs(splits.test.alignment - np.arange(splits.test.alignment.shape[1]))[splits.test.alignment >= 0]
    assert (distances >= 4).mean() > 0.04
    assert distances.max() >= 7


def untrained(score: str = "general", splits: datasets.Splits | None = None) -> Any:
    """A data set with few rows and its model."""
    torch.manual_seed(0)
    model = translation.Translator(score, len(language.SOURCE), len(language.TARGET), 16)
    splits = splits or datasets.Library(seed=0).load(trained.DATA)
    arrays = datasets.training_arrays(splits)
    arrays |= {name: arrays[name][:256] for name in ("train_source", "train_target")}
    return SentencePairs(model, arrays)


def test_batches_are_as_wide_as_their_longest_sentence(splits):
    batch = untrained(splits=splits).__getitems__([0, 1, 2]).columns
    assert batch["source"].dtype == torch.int64
    assert (batch["source"][:, -1] != data.PADDING).any()
    assert (batch["target"][:, -1] != data.PADDING).any()


@pytest.fixture(scope="module")
def states(splits) -> dict[str, picture.State]:
    found = {}
    for score in ("general", "none"):
        with torch.no_grad():
            found[score] = picture.Reader(untrained(score, splits)).read()
    return found


def test_the_pictures_draw_with_attention_and_without(states):
    pictures = [drawn(PICTURE, state) for state in states.values()]
    assert all(one.shape == (480, 640, 3) for one in pictures)
    assert "largest weight at the right word" in states["general"].caption
    assert states["none"].caption.startswith("without attention")
    assert states["general"].weights.shape == (len(states["general"].target), len(states["general"].source))


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf, -1e30])
@pytest.mark.filterwarnings("error")
def test_weights_that_are_none_can_be_drawn(states, value):
    state = states["general"]
    odd = dataclasses.replace(state, weights=np.full_like(state.weights, value), words_right=float("nan"))
    assert drawn(PICTURE, odd).shape == (480, 640, 3)


def test_the_state_of_the_picture_is_data_that_the_channel_carries(states):
    state = states["general"]
    back = carried(state)
    assert (back.source, back.written, back.score) == (state.source, state.written, state.score)
    np.testing.assert_array_equal(back.weights, state.weights)


def test_the_charts_of_the_report_draw(states):
    scores = {"with attention": np.array([1.0, 0.9, 0.4]), "without attention": np.array([0.4, 0.39, 0.38])}
    (panel,) = BleuByLength(np.array([4.0, 12.0, 20.0]), scores, 14).panels()
    figure_of(panel)
    assert "without attention 0.40 to 0.38" in panel.alt
    (window,) = picture.Alignment(states["general"], "a sentence").panels()
    assert window.state is states["general"]


def test_the_live_window_follows_training_and_changes_no_weight(splits, monkeypatch):
    def after(live: Live | None) -> list[torch.Tensor]:
        dataset = untrained(splits=splits)
        with live.watching(PICTURE, dataset) if live else pytest.MonkeyPatch.context():
            translation.train_translator(dataset.model, dataset)
        return [parameter.detach() for parameter in dataset.model.parameters()]

    opener, ticks = Opener(Keeping), iter(range(10**9))
    watched = after(Live("e7 Translation with attention", opener, clock=lambda: next(ticks) / 20))
    assert all(torch.equal(one, other) for one, other in zip(watched, after(None), strict=True))
    shown = opener.windows[0].states
    assert len(shown) > 2
    assert not np.array_equal(shown[-1].weights, shown[0].weights)


def submission(folder: Path, old: str, new: str, epochs: str = "None") -> Path:
    """The solution with a change; without epochs its training ends at once, by a crash."""
    assert SOURCE.count(old) == 1, old
    changed = SOURCE.replace(old, new).replace("epochs, size = 3, 64", f"epochs, size = {epochs}, 64")
    changed = changed.replace("total_iters=epochs * len(loader)", "total_iters=1 + epochs")
    (folder / "electives").mkdir()
    (folder / "electives" / "translation.py").write_text(changed, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("old", "new", "check", "message"),
    [
        ("return queries @ keys.mT  #", "return None  #", "luong_scores", "got None (is a return missing?)"),
        ("return weights @ values, weights  #", "return weights @ values  #", "attend", "should return two things"),
        ("return torch.cat([begin, target[:, :-1]], dim=1)  #", "return target.float()[:, :2]  #", "decoder_inputs", "got (3, 2)"),
        ("ignore_index=PADDING)", "ignore_index=PADDING).detach()", "translation_loss", "no gradient flows"),
        ("return memory, torch.cat([last[0], last[1]], dim=1)", "return memory", "encode", "should return two things"),
        ("return self.output(joined), weights, last.squeeze(0)", "return self.output(joined), weights, last", "decode", "got (1, 3, 8)"),
        ("return [row[: row.index(END)] if END in row else row for row in rows]", "return torch.stack(columns, dim=1)", "greedy_search", "lists of word numbers"),
        ("return [word for word in answer if word != END]", "return torch.tensor(answer)", "beam_search", "`tolist()` turns a tensor into a list"),
        ("return min(1.0, exp(1 - r / c)) * exp(logarithms)", "return None", "bleu", "got None"),
        ("self.join = Linear(2 * units, units)", "self.join = Linear(2 * units, 2 * units)\n        self.more = Linear(2, 2)", "encode", "leave its layers as they are"),
    ],
)  # fmt: skip
def test_odd_answers_are_named(graded, tmp_path, old, new, check, message):
    run = graded(submission(tmp_path, old, new), only("e7", check))
    assert message in run.check("e7", check)["message"]


def test_a_model_that_answers_other_than_its_weights_is_worth_nothing(graded, tmp_path):
    old = "return self.decode(decoder_inputs(target), state, memory, source != PADDING)[0]"
    run = graded(submission(tmp_path, old, f"{old} + 1", epochs="0"), "e7")
    assert "Was the class changed?" in run.check("e7", "translation")["message"]
    assert run.question("e7")["score"] == 3.25


def test_inputs_differ_from_seed_to_seed():
    first, second = (checks._random(SimpleNamespace(seed=seed), 1).random() for seed in (0, 1))
    assert first != second
