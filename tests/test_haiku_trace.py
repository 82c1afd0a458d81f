"""How a verse came to be: what is told is what the model, the student's functions and the reader really did."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from data.haiku import themes
from haiku_bot import functions
from haiku_bot.attention import last_attention
from haiku_bot.bot import STEERING, HaikuBot, Steered
from haiku_bot.candidates import Candidate, Pool, Sampling, Score
from haiku_bot.corpus import Corpus, load_corpus
from haiku_bot.functions import Parts, StudentFunctions
from haiku_bot.messages import read, understand
from haiku_bot.trace import Trace, in_form, positions_of, syllables_by_line, trace, why_forbidden
from haiku_bot.trainer import Recipe, create_model
from haiku_bot.unbound import write_unbound
from haiku_bot.vocabulary import BREAK, END, LONGEST
from haiku_bot.weights import WEIGHTS
from tests.chat_server import reference_in_place  # noqa: F401 - a fixture
from tests.support import PROJECT, SOLUTIONS, fresh_student_modules
from training import sampling as drawing

TINY = Recipe(n_embd=16, n_layer=2)
SAMPLING = Sampling(temperature=0.9, top_k=15)


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return load_corpus()


@pytest.fixture(scope="module")
def students(reference: None) -> StudentFunctions:
    return functions.load(SOLUTIONS)


@pytest.fixture(scope="module")
def parts(students: StudentFunctions) -> Parts:
    return functions.load_parts(SOLUTIONS)


@pytest.fixture(scope="module")
def bot(corpus: Corpus, students: StudentFunctions) -> HaikuBot:
    return HaikuBot(create_model(TINY, corpus.vocabulary, students), corpus, students)


@pytest.fixture(scope="module")
def pool(bot: HaikuBot) -> Pool:
    return bot.consider(understand("rain on my umbrella"), "0/rain", sampling=SAMPLING)


@pytest.fixture(scope="module")
def steered(bot: HaikuBot) -> Steered:
    return Steered(bot.model, 3.0 * bot.asked_words(understand("rain on my umbrella")))


@pytest.fixture(scope="module")
def traced(bot: HaikuBot, pool: Pool, steered: Steered, parts: Parts) -> Trace:
    verse = next(each for each in pool.candidates if each.steering == 3.0).verse
    prompt = bot.prompt(understand("rain on my umbrella"))
    return trace(steered, prompt, verse, bot.vocabulary.form, SAMPLING, parts)


def test_the_scores_of_a_trace_are_those_that_the_verse_was_drawn_from(bot, corpus, students, steered, parts):
    """Those that `write_haiku` got from the model at each draw, kept by the model that it was given."""
    kept: list[torch.Tensor] = []

    class Keeping(nn.Module):
        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            logits = steered(ids)
            kept.append(logits[:, -1])
            return logits

    prompt, form = bot.prompt(understand("rain")), corpus.vocabulary.form
    generator = torch.Generator().manual_seed(0)
    [verse] = students.write_haiku(Keeping(), torch.tensor([prompt]), form, 0.9, 15, generator).tolist()
    steps = trace(steered, prompt, verse, form, SAMPLING, parts).steps
    assert [step.drawn for step in steps] == verse
    torch.testing.assert_close(torch.stack([step.logits for step in steps]), torch.cat(kept), rtol=1e-4, atol=1e-4)


def test_what_was_drawn_could_be_drawn_and_what_is_forbidden_could_not(traced):
    for step in traced.steps:
        assert step.allowed[step.drawn]
        assert step.chances[step.drawn] > 0
        assert step.chances.sum().item() == pytest.approx(1, abs=1e-5)
        assert step.unbound.sum().item() == pytest.approx(1, abs=1e-5)
        assert not step.chances[~step.allowed].any()
        assert (step.chances > 0).sum() <= SAMPLING.top_k
        assert step.forbidden_share == pytest.approx(step.unbound[~step.allowed].sum().item())


def test_every_forbidden_token_has_one_reason_that_holds(traced, corpus):
    form, tokens = corpus.vocabulary.form, corpus.vocabulary.tokens
    seen = set()
    for step in traced.steps:
        reasons = why_forbidden(step, form, corpus.vocabulary)
        assert torch.equal(torch.stack(list(reasons.values())).sum(dim=0), (~step.allowed).long())
        seen |= set(reasons)
        for reason, held in reasons.items():
            counts = form.syllables[held]
            if reason.startswith("too long"):
                assert (counts > step.left).all() and str(step.left) in reason
            elif reason == "may not end a line":
                assert (counts == step.left).all() and not form.may_end_line[held].any()
            elif reason == "the line is full":
                assert step.left == 0 and (counts > 0).all()
            elif reason == "no part of a verse":
                assert {tokens[number][0] for number in held.nonzero().flatten()} <= {"#", "<"}
            else:
                assert not counts.any()
    assert {"the line is full", "may not end a line", "<end> ends the last line only"} <= seen
    assert "only <end> ends the last line" in seen


def test_a_function_that_forbids_more_than_the_form_is_told_apart(bot, traced, steered, parts, corpus):
    form, forbidden = corpus.vocabulary.form, corpus.vocabulary.ids["the"]

    def strict(left: torch.Tensor, line: torch.Tensor, form: functions.Form) -> torch.Tensor:
        allowed = parts.allowed_tokens(left, line, form)
        allowed[:, forbidden] = False
        return allowed

    verse = [step.drawn for step in traced.steps]
    prompt = bot.prompt(understand("rain on my umbrella"))
    first = trace(steered, prompt, verse, form, SAMPLING, Parts(parts.sample_next, strict)).steps[0]
    held = why_forbidden(first, form, corpus.vocabulary)["forbidden by allowed_tokens alone"]
    assert held.nonzero().flatten().tolist() == [forbidden]


def test_positions_count_syllables_and_lines(corpus):
    verse = corpus.vocabulary.verse(corpus.training[0])
    form = corpus.vocabulary.form
    positions = positions_of(verse, form)
    assert (positions[0].line, positions[0].left) == (0, 5)
    assert (positions[-1].line, positions[-1].left) == (2, 0)
    assert syllables_by_line(verse, form) == [5, 7, 5]
    assert in_form(verse, form)


@pytest.mark.parametrize("change", ["cut", "longer", "swapped", "theme", "early", "unknown", "empty", "twice"])
def test_a_verse_that_breaks_the_form_is_told(change, corpus):
    vocabulary, form = corpus.vocabulary, corpus.vocabulary.form
    verse = vocabulary.verse(corpus.training[0])
    first_end = next(index for index, token in enumerate(verse) if form.breaks[token])
    broken = {
        "cut": verse[:-1],
        "longer": [verse[0], *verse],
        "swapped": [*verse[:-1], vocabulary.ids[BREAK]],
        "theme": [vocabulary.ids["#rain"], *verse],
        "early": [*verse[:first_end], vocabulary.ids[END]],
        "unknown": [*verse[:-1], len(vocabulary)],
        "empty": [],
        "twice": [*verse, vocabulary.ids[END]],
    }[change]
    assert not in_form(broken, form)


def test_the_attention_is_what_the_last_block_computed(bot, traced, pool, steered, parts):
    """Its weights, computed here from the keys and queries of that block."""
    attention = bot.model.blocks[-1].attention
    hooks = dict(bot.model._forward_pre_hooks), dict(attention._forward_hooks)
    entered: list[torch.Tensor] = []
    handle = attention.register_forward_pre_hook(lambda module, inputs: entered.append(inputs[0]))
    with torch.no_grad():
        bot.model(torch.tensor([traced.read]))
        handle.remove()
        scores = attention.q_layer(entered[0]) @ attention.k_layer(entered[0]).mT / attention.layer_size**0.5
    time = len(traced.read)
    later = torch.ones(time, time, dtype=torch.bool).triu(1)
    expected = scores[0].masked_fill(later, float("-inf")).softmax(dim=-1)
    assert traced.attention is not None
    torch.testing.assert_close(traced.attention, expected)
    verse = next(each for each in pool.candidates if each.steering == 3.0).verse
    prompt = bot.prompt(understand("rain on my umbrella"))
    trace(steered, prompt, verse, bot.vocabulary.form, SAMPLING, parts)
    assert (dict(bot.model._forward_pre_hooks), dict(attention._forward_hooks)) == hooks


class OneLayer(nn.Module):
    """A model of attention written in one of many ways."""

    def __init__(self, weights: object) -> None:
        super().__init__()
        self.table, self.weights = nn.Embedding(9, 8), weights

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.table(ids)
        scores = (x @ x.mT / 3).masked_fill(torch.ones(ids.shape[1], ids.shape[1]).triu(1) == 1, float("-inf"))
        return self.weights(scores) @ x  # type: ignore[operator]


def by_hand(scores: torch.Tensor) -> torch.Tensor:
    powers = torch.exp(scores - scores.amax(dim=-1, keepdim=True))
    return powers / powers.sum(dim=-1, keepdim=True)


@pytest.mark.parametrize(
    "weights",
    [
        lambda scores: scores.softmax(-1),
        lambda scores: torch.softmax(scores, dim=-1),
        lambda scores: nn.functional.softmax(scores, dim=-1),
        nn.Softmax(dim=-1),
        by_hand,
        lambda scores: torch.softmax(scores[None], dim=-1)[0],
        lambda scores: torch.stack([scores, scores], dim=1).softmax(dim=-1).mean(dim=1),
    ],
)
def test_attention_is_seen_however_it_is_written(weights):
    torch.manual_seed(0)
    model = OneLayer(weights)
    ids = torch.tensor([[1, 2, 3, 4]])
    logits, attention = last_attention(model, ids)
    x = model.table(ids)
    assert attention is not None
    torch.testing.assert_close(attention @ x[0], model(ids)[0])
    torch.testing.assert_close(logits, model(ids)[0])


def test_a_model_without_attention_has_none():
    _, attention = last_attention(nn.Embedding(9, 8), torch.tensor([[1, 2, 3, 4]]))
    assert attention is None


def test_the_attention_of_another_editions_model_is_seen(corpus):
    with fresh_student_modules():
        model = functions.student.model_class(PROJECT / "tests" / "other_edition")(
            LONGEST, 16, 2, len(corpus.vocabulary)
        )
        _, attention = last_attention(model.eval(), torch.tensor([[6, 1, 200, 300, 400]]))
    assert attention is not None
    torch.testing.assert_close(attention.sum(dim=-1), torch.ones(5))


def test_each_candidate_is_written_with_its_steering_and_the_best_total_wins(pool):
    assert {candidate.steering for candidate in pool.candidates} == set(STEERING)
    assert pool.scores[pool.best].total == max(score.total for score in pool.scores)
    assert sorted(pool.ranking) == list(range(len(pool.candidates)))


def test_of_equal_candidates_the_first_wins_and_what_is_not_new_comes_last():
    candidate = Candidate((1,), ("a",), 0.0, -1.0)
    good = Score(-1.0, 1.0, 0.5, 0.25, 0, True, 0.0)
    known = Score(-1.0, 1.0, 0.5, 0.25, 0, False, 0.0)
    assert good.total == -1.5 + 5.0 - 0.75
    assert known.total == good.total - WEIGHTS.not_new
    assert Pool((candidate,) * 3, (known, good, good)).ranking == [1, 2, 0]


def test_a_listener_hears_every_token_of_every_part(bot):
    heard: dict[float, list[torch.Tensor]] = {}
    request = understand("rain")
    pool = bot.consider(request, "0/rain", listen=lambda part, ids: heard.setdefault(part, []).append(ids))
    prompt = bot.prompt(request)
    for steering, steps in heard.items():
        candidates = [each for each in pool.candidates if each.steering == steering]
        assert [ids.shape[1] for ids in steps] == list(range(len(prompt), len(prompt) + len(steps)))
        last = steps[-1][0, len(prompt) :].tolist()
        verse = list(candidates[0].verse)
        assert last[: len(verse)] == verse[: len(last)]
    assert set(heard) == set(STEERING)


def test_what_a_listener_raises_ends_the_writing(bot):
    def closed(part: float, ids: torch.Tensor) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        bot.consider(understand("rain"), "0/rain", listen=closed)


def test_another_temperature_and_top_k_give_another_answer(bot):
    request = understand("rain")
    bold, safe = (bot.consider(request, "0/rain", sampling=each) for each in (Sampling(2.0, 500), Sampling(0.1, 1)))
    assert len({each.lines for each in safe.candidates}) <= len(STEERING)
    assert len({each.lines for each in bold.candidates}) > 100


def test_verses_without_the_form_end_where_the_model_ends_them(bot, parts, corpus):
    form = corpus.vocabulary.form
    prompt = bot.vocabulary.prompt(["rain"])
    verses = write_unbound(bot.model, prompt, form, Sampling(1.0, 3000), parts, 5, 1)
    assert len(verses) == 5
    for verse in verses:
        assert verse.index(form.end) == len(verse) - 1 if form.end in verse else len(verse) == LONGEST - len(prompt)
    assert verses == write_unbound(bot.model, prompt, form, Sampling(1.0, 3000), parts, 5, 1)


def test_the_reasons_of_a_theme_add_up_to_its_score():
    reading = read("my umbrela and the clouds")
    assert reading.evidence is not None
    scores = reading.evidence.scores()
    for number in np.argsort(-scores)[:5]:
        assert sum(value for _, value in reading.evidence.about(int(number))) == pytest.approx(
            float(scores[number]), abs=1e-5
        )
    assert ("umbrela", "umbrella") in list(zip(reading.evidence.features, reading.evidence.known_as, strict=True))
    best = list(themes())[int(scores.argmax())]
    assert reading.request.themes[0] == best


def test_a_message_that_nothing_is_known_of_has_no_evidence():
    assert read("今").evidence is None
    assert read("").request == understand("")


def test_chances_leave_out_all_but_the_top_k():
    logits = torch.tensor([[0.0, 2.0, 1.0, float("-inf")]])
    expected = torch.tensor([[0.0, 4.0, 2.0, float("-inf")]]).softmax(dim=-1)
    torch.testing.assert_close(drawing.chances(logits, 0.5, None), expected)
    assert (drawing.chances(logits, 0.5, 2) > 0).tolist() == [[False, True, True, False]]
    torch.testing.assert_close(drawing.chances(logits, 0.5, 99), expected)
