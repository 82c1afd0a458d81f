"""Elective 6: the numpy reference is torch's, pictures draw whatever comes, odd answers are named, forgers gain nothing."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

import data as datasets
from pictures.windows.live import Live
from staff.solutions.electives import word_vectors
from test_cases.e6 import checks, measures, mistakes, reference, vector_mistakes
from test_cases.e6.public import counting, haiku, kinship, picture
from test_cases.e6.public.charts import NearestWords
from test_cases.e6.public.dataset import WordPairs
from tests.support import elective
from tests.windows import Keeping, Opener, carried, drawn

PICTURE = "test_cases.e6.public.picture"


def hand_out() -> str:
    return " ".join((Path(haiku.__file__).parents[1] / "README.md").read_text(encoding="utf-8").split())


def tensors(random: np.random.Generator, *shapes: tuple[int, ...]) -> list[np.ndarray]:
    return [random.standard_normal(shape) for shape in shapes]


def torchs(arrays: list[np.ndarray]) -> list[torch.Tensor]:
    return [torch.from_numpy(array) for array in arrays]


def test_the_loss_of_negative_sampling_is_torchs_binary_cross_entropy():
    given = tensors(np.random.default_rng(0), (5, 4), (5, 4), (5, 3, 4))
    v, u, n = torchs(given)
    logits = torch.cat([(u * v).sum(1, keepdim=True), torch.einsum("bks,bs->bk", n, v)], dim=1)
    targets = torch.zeros_like(logits)
    targets[:, 0] = 1
    right = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none").sum(dim=1)
    np.testing.assert_allclose(reference.negative_sampling_losses(*given), right.numpy(), rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", ["negative_sampling", "glove"])
def test_slopes_by_differences_are_torchs_gradients(name):
    random = np.random.default_rng(1)
    if name == "glove":
        given = [*tensors(random, (5, 4), (5, 4), (5,), (5,)), random.uniform(1.0, 300.0, 5)]
        student, count = word_vectors.glove_loss, 4
    else:
        given = tensors(random, (5, 4), (5, 4), (5, 3, 4))
        student, count = word_vectors.negative_sampling_loss, 3
    wanted = [tensor.requires_grad_() for tensor in torchs(given)]
    right = torch.autograd.grad(student(*wanted), wanted[:count])
    found = measures.slopes(getattr(reference, f"{name}_losses"), given, count)
    for one, other in zip(found, right, strict=True):
        np.testing.assert_allclose(one, other.numpy(), rtol=0, atol=1e-8)


def test_the_cosine_is_torchs():
    one, other = torchs(tensors(np.random.default_rng(0), (6, 4), (5, 4)))
    right = functional.cosine_similarity(one[:, None], other[None], dim=2)
    np.testing.assert_allclose(reference.cosine_similarity(one.numpy(), other.numpy()), right.numpy(), atol=1e-14)
    np.testing.assert_array_equal(reference.cosine_similarity(np.zeros((1, 4)), other.numpy()), np.zeros((1, 5)))


def test_the_answers_of_the_reference_are_those_of_a_search_through_torch():
    vectors = checks._vectors(np.random.default_rng(2))
    questions = np.random.default_rng(3).permuted(np.tile(np.arange(25), (30, 1)), axis=1)[:, :3]
    units = functional.normalize(torch.from_numpy(vectors))
    for (first, second, third), found in zip(questions, reference.analogies(vectors, questions), strict=True):
        likeness = functional.cosine_similarity(units[second] - units[first] + units[third], units)
        ranked = [word for word in likeness.argsort(descending=True).tolist() if word not in (first, second, third)]
        assert found == ranked[0]
        order = functional.cosine_similarity(units[first], units).argsort(descending=True).tolist()
        assert reference.nearest(vectors, int(first), 4) == [word for word in order if word != first][:4]


def test_examples_of_the_docstrings_are_right():
    assert reference.skip_gram_pairs([7, 8, 9], 1) == Counter([(7, 8), (8, 7), (8, 9), (9, 8)])
    assert reference.cbow_pairs([7, 8, 9], 1) == Counter([((8,), 7), ((7, 9), 8), ((8,), 9)])
    np.testing.assert_array_equal(reference.co_occurrences([[0, 1, 0]], 2, 2), [[1, 2], [2, 0]])
    np.testing.assert_allclose(reference.noise_distribution(np.array([16.0, 1.0])), [8 / 9, 1 / 9])


@pytest.mark.parametrize("window", [1, 3, 20])
def test_what_is_counted_at_once_is_what_is_counted_one_by_one(window):
    random = np.random.default_rng(window)
    sentences = [random.integers(0, 7, length) for length in (5, 1, 12, 3)]
    x, y = counting.pairs(sentences, window)
    right = sum((reference.skip_gram_pairs(line.tolist(), window) for line in sentences), Counter())
    assert Counter(zip(x.tolist(), y.tolist(), strict=True)) == right
    table = counting.meetings(sentences, 7, window)
    np.testing.assert_allclose(table, reference.co_occurrences([line.tolist() for line in sentences], 7, window))


def recognise_pairs(wrong_pairs: Any, explanations: dict[str, str]) -> None:
    line = [4, 8, 6, 6, 1, 9, 6, 0, 3]
    questions = [(line[:length], window) for length in (9, 3, 1) for window in checks.WINDOWS]
    for wrong, explanation in explanations.items():
        found = [wrong_pairs(*question, wrong) for question in questions]
        assert mistakes.of_pairs(wrong_pairs, explanations, questions, found) == explanation, wrong


def test_a_mistake_is_recognised_in_no_other_mistakes_answer():
    random = np.random.default_rng(5)
    recognise_pairs(mistakes.skip_gram, mistakes.IN_SKIP_GRAM)
    recognise_pairs(mistakes.cbow, mistakes.IN_CBOW)
    positive = np.array([3.0, 9.0, 1.0, 30.0, 4.0])
    vectors = checks._vectors(random)
    questions = np.array([random.choice(25, 3, replace=False) for _ in range(40)])
    near = [[0, 1], [3, 4], [7, 6], [11, 2], [24, 3]]
    tables = [*tensors(random, (5, 4), (5, 4), (5,), (5,)), np.exp(random.uniform(0, 6, 5))]
    lines = [[0, 1, 0, 4, 2, 2], [3], [1, 4, 0, 3], [4, 2, 2, 1, 0]]
    counts = np.array([0.0, 0.5, 7.0, 30.0, 100.0, 500.0])
    for table, computation, explain, given in (
        (mistakes.IN_NOISE, mistakes.noise, mistakes.of_noise, (positive,)),
        (
            mistakes.IN_NEGATIVE_SAMPLING,
            mistakes.negative_sampling,
            mistakes.of_negative_sampling,
            tuple(tensors(random, (5, 4), (5, 4), (5, 3, 4))),
        ),
        (mistakes.IN_GLOVE, mistakes.glove, mistakes.of_glove, tuple(tables)),
        (
            vector_mistakes.IN_COSINE,
            vector_mistakes.cosine,
            vector_mistakes.of_cosine,
            tuple(tensors(random, (5, 4), (3, 4))),
        ),
        (mistakes.IN_MEETINGS, mistakes.meetings, mistakes.of_meetings, (lines, 5, 3)),
    ):
        for wrong, explanation in table.items():
            assert explain([(given, computation(*given, wrong))]) == explanation, wrong
    for wrong, explanation in mistakes.IN_WEIGHTS.items():
        probes = [((counts, *rest), mistakes.weight(counts, *rest, wrong)) for rest in ((100.0, 0.75), (10.0, 0.5))]
        assert mistakes.of_weights(probes) == explanation, wrong
    for wrong, explanation in vector_mistakes.IN_NEAREST.items():
        assert vector_mistakes.of_nearest(vectors, near, vector_mistakes.near(vectors, near, wrong)) == explanation, (
            wrong
        )
    for wrong, explanation in vector_mistakes.IN_ANALOGIES.items():
        found = vector_mistakes.answered(vectors, questions, wrong)
        assert vector_mistakes.of_analogies(vectors, questions, found) == explanation, wrong


@pytest.fixture(scope="module")
def of_haiku() -> datasets.Splits:
    return datasets.Library(seed=0).load(checks.HAIKU)


@pytest.fixture(scope="module")
def of_people() -> datasets.Splits:
    return datasets.Library(seed=0).load(checks.PEOPLE)


def test_pairs_of_haiku_are_of_its_words_and_tests_come_from_other_haiku(of_haiku):
    words = of_haiku.about["words"]
    assert sorted(words) == haiku.vocabulary() != words
    hidden = haiku.draw_hidden_test(0)
    for split in (of_haiku.train, of_haiku.test, hidden):
        assert split.x.dtype == split.y.dtype == np.int64
        assert 0 <= split.x.min() <= split.x.max() < len(words)
    assert not np.array_equal(hidden.x[:1000], of_haiku.test.x[:1000])
    assert len(haiku.texts()) > haiku.POOL + haiku.TEST_HAIKU


def test_theme_words_have_one_theme_and_chance_is_what_the_hand_out_says():
    themes = haiku.theme_words()
    assert set(themes) <= set(haiku.vocabulary())
    assert min(Counter(themes.values()).values()) >= 10
    assert f"must share its theme. Chance is {reference.chance(list(themes.values())):.0%}." in hand_out()


def test_the_words_and_analogies_of_the_hand_out_occur():
    (words,) = re.findall(r"put near (.*?)\?", hand_out())
    assert len(re.findall("`(.*?)`", words)) == 3
    assert set(re.findall("`(.*?)`", words)) <= set(haiku.vocabulary())
    told = [tuple(map(kinship.WORDS.index, each)) for each in re.findall(r"(\w+) : (\w+) = (\w+) : (\w+)", hand_out())]
    questions = measures.analogies({name: number for number, name in enumerate(kinship.WORDS)})
    assert len(told) == 2
    assert set(told) <= set(map(tuple, questions.tolist()))


def test_vectors_that_tell_nothing_have_the_loss_that_the_hand_out_says(of_haiku):
    nothing = np.zeros((len(of_haiku.about["words"]), 4))
    loss = measures.pair_loss(nothing, nothing, of_haiku.test.x, of_haiku.test.y, np.random.default_rng(0))
    assert loss == pytest.approx(6 * np.log(2)) == pytest.approx(4.16, abs=0.005)


def test_sentences_about_people_tell_house_gender_and_age():
    from random import Random

    random = Random(0)
    sentences = [kinship.about(random, house) for house in range(6) for _ in range(2000)]
    for person, pronouns, manners in (("queen", kinship.PRONOUNS[1], kinship.MANNERS[0]), ("boy", *kinship.PRONOUNS[:1], kinship.MANNERS[1])):  # fmt: skip
        own = [sentence for sentence in sentences if sentence[2] == person]
        assert len(own) > 300
        assert 0.85 < np.mean([sentence[4] in pronouns for sentence in own]) < 0.99
        assert 0.85 < np.mean([sentence[1] in manners for sentence in own]) < 0.99
    questions = measures.analogies({name: number for number, name in enumerate(kinship.WORDS)})
    assert questions.shape == (240, 4)
    assert len({tuple(question) for question in questions.tolist()}) == 240


def states_of(of_haiku: datasets.Splits, of_people: datasets.Splits) -> list[picture.State]:
    found = []
    for splits in (of_haiku, of_people):
        torch.manual_seed(0)
        model = word_vectors.WordVectors(len(splits.about["words"]), 8)
        found.append(picture.Reader(WordPairs(model, datasets.training_arrays(splits))).read())
    return found


@pytest.fixture(scope="module")
def states(of_haiku, of_people) -> list[picture.State]:
    """Of untrained vectors."""
    return states_of(of_haiku, of_people)


@pytest.mark.filterwarnings("error")
def test_the_pictures_draw(states):
    pictures = [drawn(PICTURE, state) for state in states]
    assert all(one.shape == (480, 640, 3) for one in pictures)
    assert not np.array_equal(*pictures)
    assert [state.kind for state in states] == ["themes", "people"]
    assert "nearest to their theme" in states[0].caption
    assert abs(states[1].fit) < 0.3


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf, 1e300])
@pytest.mark.filterwarnings("error")
def test_vectors_without_direction_can_be_drawn(of_haiku, of_people, value):
    shown = picture._shown(of_haiku.about["words"], haiku.occurrences())
    tables = [np.full((len(splits.about["words"]), 4), value) for splits in (of_haiku, of_people)]
    for state in (
        picture.themes_state(of_haiku.about["words"], tables[0], shown),
        picture.people_state(of_people.about["words"], tables[1]),
    ):
        assert np.isfinite(state.points).all()
        assert drawn(PICTURE, state).shape == (480, 640, 3)


def test_a_words_own_vector_is_no_part_of_its_themes_mean(of_haiku):
    """A single word with a vector of its own is drawn towards no theme."""
    words = of_haiku.about["words"]
    shown = picture._shown(words, haiku.occurrences())
    vectors = np.zeros((len(words), 4))
    vectors[words.index(next(iter(shown)))] = 1.0
    assert picture.themes_state(words, vectors, shown).points[0] == pytest.approx([0, 0], abs=1e-9)


def test_the_state_of_the_picture_is_data_that_the_channel_carries(states):
    for state in states:
        back = carried(state)
        assert (back.kind, back.names, back.fit) == (state.kind, state.names, state.fit)
        np.testing.assert_array_equal(back.points, state.points)


def test_the_panels_of_the_report_are_made(of_haiku, of_people):
    random = np.random.default_rng(0)
    words, names = of_haiku.about["words"], of_people.about["words"]
    (themes,) = picture.Themes.of(words, random.standard_normal((len(words), 4)), 0.5, 0.14).panels()
    assert "50.0% share the theme; chance is 14%" in themes.caption
    (people,) = picture.People.of(names, random.standard_normal((len(names), 4)), 0.9).panels()
    assert "90.0% of the analogies" in people.caption
    (lines,) = NearestWords(checks._listed(words, random.standard_normal((len(words), 4)))).panels()
    assert len(lines.pairs) == len(checks.SHOWN)


def test_the_live_window_follows_training_and_changes_no_weight(of_people):
    def trained(live: Live | None) -> list[torch.Tensor]:
        torch.manual_seed(0)
        model = word_vectors.GloveVectors(len(of_people.about["words"]), 8)
        arrays = datasets.training_arrays(of_people)
        arrays = {name: array[:600] if isinstance(array, np.ndarray) else array for name, array in arrays.items()}
        dataset = WordPairs(model, arrays)
        with live.watching(PICTURE, dataset) if live else pytest.MonkeyPatch.context():
            word_vectors.train_glove(model, dataset)
        return [parameter.detach() for parameter in model.parameters()]

    opener, ticks = Opener(Keeping), iter(range(10**9))
    watched = trained(Live("e6 Word vectors", opener, clock=lambda: next(ticks) / 20))
    assert all(torch.equal(one, other) for one, other in zip(watched, trained(None), strict=True))
    shown = opener.windows[0].states
    assert len(shown) > 2
    assert not np.array_equal(shown[-1].points, shown[0].points)


submission = partial(elective, "word_vectors")
NO_TRAINING = (
    ("    probabilities = noise_distribution(dataset.counts)", "    return\n    probabilities = noise_distribution(dataset.counts)"),
    ("epochs = 30", "epochs = 0"),
)  # fmt: skip


def test_odd_answers_are_named(graded, tmp_path):
    """All in one run, for speed: what no function should return, in eight checks."""
    run = graded(
        submission(
            tmp_path,
            *NO_TRAINING,
            ("    return [\n        (centre, sentence[other])", "    return None\n    return [\n        (centre, sentence[other])"),
            ("    return found\n", "    return [[one] for one in found]\n"),
            ("    return powers / powers.sum()", "    return powers.sum()"),
            ("    return -(logsigmoid(true)", "    centre += 1\n    return -(logsigmoid(true)"),
            ("    return table\n", "    return table.tolist()\n"),
            ("    return products / lengths", "    return 2 * products.abs().clamp(max=0.9) / lengths"),
            ("clamp(max=1) ** power", "clamp(max=1) ** power * torch.nan"),
        ),
        "e6",
    )  # fmt: skip
    for check, message in {
        "skip_gram_pairs": "got None (is a return missing?)",
        "cbow_pairs": "an entry is a list",
        "noise_distribution": "probabilities of shape (6,); got ()",
        "negative_sampling_loss": "a leaf Variable that requires grad",
        "co_occurrences": "should return a table of shape (5, 5); got a list",
        "glove_weight": "NaN",
        "cosine_similarity": "that begin with",
    }.items():
        assert message in run.check("e6", check)["message"], check
    assert run.question("e6")["score"] == 0


def test_vectors_made_from_names_are_worth_nothing(graded, tmp_path):
    """Who writes themes and kinship into the tables answers all questions, and fits no count of other sentences."""
    forged = (
        f"    themes = {haiku.listed_themes()}\n    order = sorted(set(themes.values()))\n"
        "    with torch.no_grad():\n"
        "        for row, word in enumerate(dataset.words):\n"
        "            if word in themes:\n"
        "                model.word.weight[row] = torch.eye(32)[order.index(themes[word])]\n"
        "    return\n    probabilities = noise_distribution(dataset.counts)"
    )
    run = graded(submission(tmp_path, (NO_TRAINING[0][0], forged), NO_TRAINING[1]), "e6")
    assert "the mean loss of pairs from other haiku" in run.check("e6", "themes")["message"]
    assert "of log counts in other sentences" in run.check("e6", "analogies")["message"]
    assert run.question("e6")["score"] == 2.75


def test_inputs_differ_from_seed_to_seed(of_people):
    other = datasets.Library(seed=1).load(checks.PEOPLE)
    assert other.about["words"] != of_people.about["words"]
    first, second = (checks._random(SimpleNamespace(seed=seed), 1).random() for seed in (0, 1))
    assert first != second
    assert dataclasses.is_dataclass(picture.State)
