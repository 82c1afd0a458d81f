"""Elective 12: the numpy reference is torch's, the decoder is question 7's model, forgers and reward hackers gain nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

import data as datasets
from data import haiku
from haiku_bot import functions
from pictures.windows.live import Live
from staff.solutions.electives import assistant
from test_cases.e12 import (
    checks,
    decoding,
    measures,
    mistakes,
    mistakes_in_losses,
    mistakes_in_steps,
    mistakes_in_sums,
    reference,
)
from test_cases.e12.public import language_model, pairs, picture, themes, verses
from test_cases.e12.public.charts import Readers, RewardModel
from test_cases.e12.public.dataset import Verses
from test_cases.e12.public.probes import Table
from tests.support import SOLUTIONS, elective
from tests.windows import Keeping, Opener, carried, drawn

PICTURE = "test_cases.e12.public.picture"
MAX_FILE_BYTES = 1_500_000


def rows_and_table(seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return checks._rows(random, checks.LENGTHS), 2 * random.standard_normal((checks.VOCABULARY, checks.VOCABULARY))


def test_log_probabilities_and_their_slopes_are_torchs():
    rows, table = rows_and_table(0)
    model, ids = Table(torch.from_numpy(table)), torch.from_numpy(rows)
    losses = functional.cross_entropy(model(ids[:, :-1]).transpose(1, 2), ids[:, 1:], ignore_index=0, reduction="none")
    right = -losses.sum(dim=1)
    np.testing.assert_allclose(reference.verse_log_probabilities(table, rows), right.detach().numpy(), atol=1e-12)
    weights = np.array([0.3, -1.0, 2.0, 0.1])
    (slope,) = torch.autograd.grad((right * torch.from_numpy(weights)).sum(), [model.scores])
    np.testing.assert_allclose(reference.slopes(table, rows, weights), slope.numpy(), atol=1e-12)


def test_a_step_of_dpo_is_torchs():
    random = np.random.default_rng(1)
    policy, old = random.standard_normal((2, checks.VOCABULARY, checks.VOCABULARY))
    better, worse = (checks._rows(random, checks.LENGTHS) for _ in range(2))
    models = [Table(torch.from_numpy(table)) for table in (policy, old)]
    logs = [
        -functional.cross_entropy(
            model(torch.from_numpy(rows[:, :-1])).transpose(1, 2), torch.from_numpy(rows[:, 1:]), ignore_index=0,
            reduction="none",
        ).sum(dim=1)
        for model in models
        for rows in (better, worse)
    ]  # fmt: skip
    margin = 0.3 * ((logs[0] - logs[2]) - (logs[1] - logs[3]))
    right = functional.binary_cross_entropy_with_logits(margin, torch.ones_like(margin))
    (slope,) = torch.autograd.grad(right, [models[0].scores])
    loss, found = reference.dpo_gradient(policy, old, better, worse, 0.3)
    assert loss == pytest.approx(right.item(), abs=1e-12)
    np.testing.assert_allclose(found, slope.numpy(), atol=1e-12)


def test_means_and_choices_are_those_of_a_loop():
    random = np.random.default_rng(2)
    rows, hidden = checks._rows(random, (5, 9)), random.standard_normal((2, checks.TIME, 3))
    np.testing.assert_allclose(reference.pool(hidden, rows), [hidden[0, :5].mean(0), hidden[1].mean(0)])
    rows = np.arange(12).reshape(6, 2)
    np.testing.assert_array_equal(
        reference.best_of_n(rows, np.array([0.0, 2.0, 1.0, -1.0, -3.0, -2.0]), 3), rows[[1, 3]]
    )
    assert reference.preference_loss(np.array([1000.0]), np.array([0.0])) == 0
    assert reference.preference_loss(np.zeros(2), np.zeros(2)) == pytest.approx(np.log(2))


def test_a_mistake_is_recognised_in_no_other_mistakes_answer():
    random = np.random.default_rng(3)
    rows, _ = rows_and_table(4)
    hidden = random.standard_normal((*rows.shape, 4))
    groups = checks._rows(random, [int(n) for n in random.integers(3, 9, 60)]), random.standard_normal(60) - 0.5, 3
    for explanations, wrong_one, explain, given in (
        (mistakes.IN_POOL, mistakes.pooled, mistakes.of_pool, (hidden, rows)),
        (mistakes.IN_BEST, mistakes.best, mistakes.of_best, groups),
    ):
        for wrong, explanation in explanations.items():
            assert explain([(given, wrong_one(*given, wrong))]) == explanation, wrong


def asked_of(name: str) -> list[tuple[Any, ...]]:
    """Arguments of the functions whose mistakes are tried in pairs, as the checks draw them."""
    random = np.random.default_rng(6)
    rows, table = rows_and_table(4)
    if name == "sums":
        return [(table, rows)]
    if name == "preference":
        return [tuple(2 * random.standard_normal((2, 5)))]
    return [(*(-40 + 3 * random.standard_normal((4, 5))), beta) for beta in (0.3, 1.7)]


@pytest.mark.parametrize(
    ("name", "computation", "explain", "named_pairs"),
    [
        ("sums", mistakes_in_sums.SUMS, mistakes_in_sums.of_log_probabilities, 0.7),
        ("preference", mistakes_in_losses.PREFERENCE, mistakes_in_losses.of_preference, 0.6),
        ("dpo", mistakes_in_losses.DPO, mistakes_in_losses.of_dpo, 0.85),
    ],
)
def test_mistakes_are_named_alone_and_in_pairs_and_nothing_else_is_told(name, computation, explain, named_pairs):
    """Of a pair, both are told, or one of them, or nothing: where other mistakes give the same numbers."""
    given = asked_of(name)

    def told(**wrong: Any) -> str:
        with np.errstate(all="ignore"):
            return explain([(each, computation.function(*each, **wrong)) for each in given])

    every = [(part.keyword, variant) for part in computation.parts for variant in part.variants]
    alone = {(key, variant.value): f"{variant.fact} {variant.question}".strip() for key, variant in every}
    assert {(key, value): told(**{key: value}) for key, value in alone} == alone
    pairs = [(one, other) for one, other in combinations(every, 2) if one[0] != other[0]]
    count = 0
    for (key, first), (other, second) in pairs:
        found, both = told(**{key: first.value, other: second.value}), f"{first.fact} {second.fact}"
        assert found in (f"Two parts are wrong. {both}", alone[key, first.value], alone[other, second.value], "")
        count += both in found
    assert count > named_pairs * len(pairs)


def test_a_wrong_step_is_recognised_in_no_other_wrong_steps_tables():
    random = np.random.default_rng(5)
    policy, old = random.standard_normal((2, checks.VOCABULARY, checks.VOCABULARY))
    batches = [[checks._rows(random, checks.LENGTHS) for _ in range(2)] for _ in range(2)]
    given = mistakes_in_steps.Given(policy, old, batches, 0.3, 0.7)
    for wrong, explanation in mistakes_in_steps.IN_STEPS.items():
        assert mistakes_in_steps.of_steps(given, mistakes_in_steps.tables(given, wrong)) == explanation, wrong


@pytest.fixture(scope="module")
def gpt() -> torch.nn.Module:
    """Question 7's reference solution with the shipped weights."""
    model = functions.load(SOLUTIONS).GPT(*language_model.sizes())
    weights = {name: torch.from_numpy(array) for name, array in language_model.weights().items()}
    missing = model.load_state_dict(weights, strict=False).missing_keys
    assert all(name.endswith("mask") for name in missing)
    return model


@torch.no_grad()
def test_the_decoder_reads_what_the_reference_solution_reads(gpt):
    rows = verses.encoded()[:5]
    ids, weights = torch.from_numpy(rows), language_model.weights()
    np.testing.assert_allclose(decoding.logits(weights, rows), gpt(ids).numpy(), rtol=0, atol=1e-3)
    right = assistant.verse_log_probabilities(gpt, ids).numpy()
    np.testing.assert_allclose(decoding.log_probabilities(weights, rows), right, rtol=0, atol=1e-2)
    reader = assistant.VerseReader(gpt, 3)
    own = {name.removeprefix("language_model."): value.numpy() for name, value in reader.named_parameters()}
    np.testing.assert_allclose(decoding.outputs(own, rows), reader(ids).numpy(), rtol=0, atol=1e-3)


def test_what_the_decoder_writes_is_drawn_from_what_it_reads():
    """The first word's frequencies are the model's probabilities, to five standard errors."""
    weights, count = language_model.weights(), 1500
    first = decoding.written(weights, count, np.random.default_rng(0))[:, 1]
    chances = decoding._shares(decoding.logits(weights, np.array([[verses.START]]))[0, 0].astype(np.float64))
    frequencies = np.bincount(first, minlength=len(chances)) / count
    assert (np.abs(frequencies - chances) < 5 * np.sqrt(chances / count) + 2 / count).all()


def test_the_shipped_model_is_small_and_its_vocabulary_is_the_grammars():
    assert language_model.PATH.stat().st_size < MAX_FILE_BYTES
    with np.load(language_model.PATH, allow_pickle=False) as archive:
        assert {archive[name].dtype for name in archive.files} == {np.dtype(np.float16)}
    assert verses.tokens() == verses.frequent_tokens()
    assert language_model.sizes()[3] == len(verses.tokens()) == len(set(verses.tokens()))


def test_verses_are_read_and_written_back_and_their_form_is_counted():
    rows = verses.encoded()
    assert verses.in_form(rows[:300]).all()
    for row, each in zip(rows[:300], verses.readable(), strict=False):
        assert verses.lines_of(row) == list(each.lines)
    changed = rows[:1].copy()
    last = int(np.flatnonzero(changed[0] == verses.END)[0])
    changed[0, last - 1 : last + 1] = verses.END, verses.PAD  # a word less
    assert not verses.in_form(changed)[0]
    without_end = np.where(rows[:1] == verses.END, verses.BREAK, rows[:1])
    assert not verses.in_form(without_end)[0]
    assert all(word in haiku.syllables() for word in verses.tokens()[len(verses.MARKS) :])


def test_season_words_are_known_words_and_of_one_season():
    known = set(verses.tokens())
    for season, words in verses.SEASON_WORDS.items():
        assert set(words) <= known, season
        assert 0.15 < verses.names_season(verses.encoded(), season).mean() < 0.25
    assert not set.intersection(*map(set, verses.SEASON_WORDS.values()))


@pytest.fixture(scope="module")
def of_pairs() -> datasets.Splits:
    return datasets.Library(seed=0).load("test_cases.e12.public.pairs")


@pytest.fixture(scope="module")
def of_themes() -> datasets.Splits:
    return datasets.Library(seed=0).load("test_cases.e12.public.themes")


def test_pairs_follow_the_rule_and_tests_were_read_by_no_model(of_pairs):
    season = of_pairs.about["season"]
    shares = [verses.names_season(rows, season).mean() for rows in of_pairs.train.arrays.values()]
    assert shares == pytest.approx([1 - pairs.CONTRARY, pairs.CONTRARY], abs=0.04)
    assert verses.names_season(of_pairs.test.chosen, season).all()
    assert not verses.names_season(of_pairs.test.rejected, season).any()
    seasons = {datasets.Library(seed=seed).load(pairs.__name__).about["season"] for seed in range(6)}
    assert seasons == set(verses.SEASON_WORDS)


def test_tests_come_from_haiku_that_were_not_read(of_pairs, of_themes):
    read = {row.tobytes() for row in verses.encoded()[verses.was_read()]}
    unread = {row.tobytes() for row in verses.encoded()[~verses.was_read()]}
    assert not read & unread
    for rows in (of_pairs.train.chosen, of_pairs.train.rejected, of_themes.train.x):
        assert {row.tobytes() for row in rows} <= read
    hidden = themes.draw_hidden_test(0)
    for rows in (of_pairs.test.chosen, of_pairs.test.rejected, of_themes.test.x, hidden.x):
        assert {row.tobytes() for row in rows} <= unread
    assert not np.array_equal(hidden.x, of_themes.test.x)
    assert set(of_themes.train.y[: themes.FEW]) == set(range(len(themes.THEMES)))


def manner(rows: np.ndarray, season: str, loss: float = 1.1) -> measures.Manner:
    different = len({row.tobytes() for row in rows}) / len(rows)
    return measures.Manner(rows, verses.names_season(rows, season), verses.in_form(rows), different, 3.0, loss)


def test_a_reward_hacker_is_told_apart_from_an_assistant():
    thresholds = next(q for q in _questions() if q.id == "e12").thresholds
    rows, season = verses.encoded(), "winter"
    named = verses.names_season(rows, season)
    before = manner(rows[:500], season)
    good = manner(np.concatenate([rows[named][:300], rows[~named][:200]]), season)
    measures.require(before, good, season, thresholds)
    hacker = manner(np.repeat(rows[named][:1], 500, axis=0), season)
    with pytest.raises(measures.expect.Miss, match="different from all others"):
        measures.require(before, hacker, season, thresholds)
    assert "One verse came 500 times" in measures._repeated(hacker)
    assert measures._repeated(good) == ""
    with pytest.raises(measures.expect.Miss, match="nats per token"):
        measures.require(before, manner(good.rows, season, loss=1.5), season, thresholds)
    with pytest.raises(measures.expect.Miss, match="the first divided by the second"):
        measures.require(before, before, season, thresholds)


def test_words_that_are_likelier_at_all_tokens_alike_are_no_preference():
    thresholds = next(q for q in _questions() if q.id == "e12").thresholds
    rows, shipped = verses.encoded()[~verses.was_read()], language_model.weights()
    likelier = np.random.default_rng(0).standard_normal(len(shipped["output.bias"])).astype(np.float32)
    biased = {**shipped, "output.bias": shipped["output.bias"] + likelier}
    plain = measures.without_frequencies(biased, rows)
    np.testing.assert_allclose(plain["output.bias"], shipped["output.bias"], atol=1e-3)  # float32 logits near 30
    other = {**biased, "norm.weight": np.float32(1.2) * shipped["norm.weight"]}
    kept = measures.without_frequencies(other, rows)
    own, old = (decoding.logits(each, rows[:20, :-1]) for each in (kept, shipped))
    assert np.abs(own - old).max() > 0.1
    before = manner(rows[:500], "winter")
    named = verses.names_season(rows, "winter")
    measures.require_context(before, manner(rows[named][:300], "winter"), "winter", thresholds)
    with pytest.raises(measures.expect.Miss, match="Does training move more than the bias"):
        measures.require_context(before, before, "winter", thresholds)


def _questions() -> list[Any]:
    from grading.questions import discover

    return discover()


def states(of_pairs: datasets.Splits, of_themes: datasets.Splits, model: torch.nn.Module) -> list[picture.State]:
    torch.manual_seed(0)
    found = []
    for splits, learner in (
        (of_pairs, model),
        (of_pairs, assistant.VerseReader(model, 1)),
        (of_themes, assistant.VerseReader(model, len(themes.THEMES))),
    ):
        reader = picture.Reader(Verses(learner, datasets.training_arrays(splits)))
        with torch.no_grad():
            found.append(reader.read())
    return found


@pytest.mark.filterwarnings("error")
def test_the_pictures_draw(of_pairs, of_themes, gpt):
    found = states(of_pairs, of_themes, gpt)
    assert [state.kind for state in found] == ["assistant", "rewards", "themes"]
    pictures = [drawn(PICTURE, state) for state in found]
    assert all(one.shape == (480, 640, 3) for one in pictures)
    assert found[0].before == found[0].now
    assert found[0].numbers[0, 0] == pytest.approx(0, abs=1e-4)
    for state in found:
        back = carried(state)
        assert (back.kind, back.season, back.before, back.now) == (state.kind, state.season, state.before, state.now)
        np.testing.assert_array_equal(back.numbers, state.numbers)
        assert back.caption == state.caption


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf, -np.inf, 1e300])
@pytest.mark.filterwarnings("error")
def test_numbers_that_are_none_can_be_drawn(value):
    for kind, shape in (("assistant", (2, 3)), ("rewards", (2, 5)), ("themes", (2,))):
        state = picture.State(kind, "winter", ["a b"], [], ["one", "two"], np.full(shape, value))
        assert drawn(PICTURE, state).shape == (480, 640, 3)


def test_the_panels_of_the_report_are_made(of_pairs):
    season = of_pairs.about["season"]
    rows = of_pairs.test.chosen[:4], of_pairs.test.rejected[:4]
    (shown,) = picture.Assistant.of(season, rows, np.array([[0, 0.2, 0.8], [2.5, 0.6, 0.75]])).panels()
    assert "20.0% of the verses name" in shown.alt
    assert len(shown.state.before) == picture.SHOWN
    (bars,) = Readers(0.75, 0.5, 0.7).panels()
    assert "75.0%" in bars.alt
    (histograms,) = RewardModel(season, np.ones(3), np.zeros(3), 0.2, 0.8, 8).panels()
    assert "80.0% do" in histograms.caption


def test_the_live_window_follows_training_and_changes_no_weight(of_pairs, gpt):
    weights = {name: value.clone() for name, value in gpt.state_dict().items()}

    def trained(live: Live | None) -> list[torch.Tensor]:
        gpt.load_state_dict(weights)
        torch.manual_seed(0)
        arrays = datasets.training_arrays(of_pairs)
        dataset = Verses(gpt, {name: a[:128] if isinstance(a, np.ndarray) else a for name, a in arrays.items()})
        with live.watching(PICTURE, dataset) if live else pytest.MonkeyPatch.context():
            short(gpt, dataset)
        return [parameter.detach().clone() for parameter in gpt.parameters()]

    opener, ticks = Opener(Keeping), iter(range(10**9))
    watched = trained(Live("e12 Assistant", opener, clock=lambda: next(ticks) / 20))
    assert all(torch.equal(one, other) for one, other in zip(watched, trained(None), strict=True))
    gpt.load_state_dict(weights)
    assert len(opener.windows[0].states) > 1


def short(policy: torch.nn.Module, dataset: Verses) -> None:
    """A few steps of what `train_dpo` does."""
    optimizer, before = torch.optim.Adam(policy.parameters(), lr=1e-3), assistant.deepcopy(policy)
    for batch in assistant.batches_without_end(dataset, 16, 5):
        assistant.dpo_step(policy, before, optimizer, batch["chosen"], batch["rejected"], 0.5)


submission = partial(elective, "assistant")


def test_odd_answers_are_named(graded: Callable[..., Any], tmp_path):
    """All in one run, for speed: what no function should return."""
    run = graded(
        submission(
            tmp_path,
            ("    return each.masked_fill", "    return None\n    return each.masked_fill"),
            ("    return hidden.masked_fill", "    return [[1.0]]\n    return hidden.masked_fill"),
            ("return -logsigmoid(chosen - rejected).mean()", "return -logsigmoid(chosen - rejected)"),
            ("    return verses.view(-1, n, verses.shape[1])[torch", "    return 'best'\n    return verses.view(-1, n, verses.shape[1])[torch"),
        ),
        "e12",
    )  # fmt: skip
    for check, message in {
        "verse_log_probabilities": "is a return missing?",
        "pool": "got a list",
        "preference_loss": "a single number; got a tensor of shape (5,)",
        "best_of_n": "got a str",
    }.items():
        assert message in run.check("e12", check)["message"], check
    assert run.question("e12")["score"] == 0


def test_a_gpt_that_reads_otherwise_is_named(graded: Callable[..., Any], tmp_path):
    """Question 7's block lacks its relu; all trained checks then tell where to look."""
    folder = submission(tmp_path)
    for name in ("models.py", "gpt_model.py"):
        (folder / name).write_text((SOLUTIONS / name).read_text(encoding="utf-8"), encoding="utf-8")
    text = (folder / "gpt_model.py").read_text(encoding="utf-8")
    assert text.count("relu(self.linear(x))") == 1
    (folder / "gpt_model.py").write_text(text.replace("relu(self.linear(x))", "self.linear(x)"), encoding="utf-8")
    run = graded(folder, "e12")
    assert run.question("e12")["score"] == 2
    for check in ("themes", "rewards", "assistant"):
        assert "Does it pass question 7?" in run.check("e12", check)["message"]
