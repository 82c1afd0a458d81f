"""Question 8: the four parts of the haiku chatbot on cases of the grader's own, then a trained bot in conversation.

The grader counts syllables, looks for known haiku and judges themes with its own tables; what it takes from the
student's process is text and numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from data import Library
from data import haiku as texts
from grading import expect
from grading.exhibits import Conversation
from grading.outcomes import CheckFailed
from grading.student import Student

MESSAGES = Path(__file__).resolve().parent / "messages.txt"
TOLERANCE = 1e-4  # float32 means over a few dozen numbers are exact to about 1e-6
DRAWS = 20_000  # the standard error of a frequency is then at most 0.0035
FREQUENCY_TOLERANCE = 0.02  # more than five of those standard errors

# A small language: no word, two marks, the end, and words of one to five syllables; "of" and "many" may end no line.
TOKENS = ["<pad>", "<break>", "<dash>", "<end>", "#rain", "of", "moon", "many", "river", "tomato", "imaginary"]
SYLLABLES = [0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 5]
MAY_END_LINE = [False] * 6 + [True, False, True, True, True]
BREAKS = [False, True, True] + [False] * 8
PAD, END = 0, 3


def model(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    created = student.create("gpt_model.GPT", 16, 8, 2, 50)
    ids = np.random.default_rng(0).integers(50, size=(3, 11))
    expect.array(created(ids), (3, 11, 50), "a batch of 3 sequences of 11 tokens out of 50 should give scores")


def encoding(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = np.random.default_rng(1)
    for prompt_length, verse_length, spare in ((2, 5, 4), (1, 3, 0), (4, 1, 2), (3, 9, 7)):
        prompt = random.integers(1, 90, prompt_length).tolist()
        verse = random.integers(1, 90, verse_length).tolist()
        length = prompt_length + verse_length - 1 + spare
        found = student.call("haiku.encode_example", prompt, verse, length, PAD)
        if not isinstance(found, list) or len(found) != 3:
            raise CheckFailed("encode_example should return three tensors: inputs, targets, mask.")
        tokens = prompt + verse
        mask = [0] * (prompt_length - 1) + [1] * verse_length + [0] * spare
        wanted = {
            "inputs": (tokens[:-1] + [PAD] * spare, "Is the last token left out, and the filling on the right?"),
            "targets": (tokens[1:] + [PAD] * spare, "Is the target at each place the token that comes next?"),
            "mask": (mask, "It is 1 where the target belongs to the verse: from the prompt's last place on."),
        }
        for (name, (values, hint)), tensor in zip(wanted.items(), found, strict=True):
            what = f"the {name} of a prompt of {prompt_length} and a verse of {verse_length} tokens, length {length}"
            numbers = expect.array(tensor, (length,), f"{what} should be a tensor", hint)
            if not np.array_equal(numbers, values):
                raise CheckFailed(f"{what} should be {values}; got {numbers.astype(int).tolist()}. {hint}")


def loss(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    random = np.random.default_rng(2)
    for batch, time, vocab in ((1, 4, 5), (3, 6, 7)):
        logits = (2 * random.standard_normal((batch, time, vocab))).astype(np.float32)
        targets = random.integers(vocab, size=(batch, time))
        mask = (random.random((batch, time)) < 0.5).astype(np.float32)
        mask[:, -1] = 1
        mask[0, 0] = 0
        what = f"masked_loss of {batch} x {time} places, {int(mask.sum())} of them counted,"
        value = expect.number(student.call("haiku.masked_loss", logits, targets, mask), f"{what} should be")
        expected = _masked_cross_entropy(logits, targets, mask)
        hint = "Is it the sum over counted places, divided by how many are counted in the whole batch?"
        expect.close(value, expected, TOLERANCE, f"{what} should be", hint)
        found = student.gradients("haiku.masked_loss", logits, targets, mask)
        slope = found.inputs[0]
        if not found.differentiable or slope is None:
            raise CheckFailed("no gradient flows from masked_loss back to the logits. Is something detached?")
        if np.abs(slope[mask == 0]).max() > 0:
            raise CheckFailed("masked_loss sends gradients to places that the mask does not count.")


def sampling(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    logits = np.array([2.0, -1.0, 0.5, 1.5, -np.inf, 0.0], np.float32)
    for temperature, top_k in ((1.0, 6), (0.5, 3), (2.0, 2), (1.0, 50), (0.7, 1)):
        drawn = _drawn(student, logits, temperature, top_k, seed=5)
        kept = np.sort(logits)[::-1][min(top_k, len(logits)) - 1]
        scores = np.where(logits >= kept, logits / temperature, -np.inf).astype(np.float64)
        expected = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
        frequencies = np.bincount(drawn, minlength=len(logits)) / DRAWS
        worst = int(np.abs(frequencies - expected).argmax())
        if abs(frequencies[worst] - expected[worst]) > FREQUENCY_TOLERANCE:
            raise CheckFailed(
                f"with temperature {temperature:g} and top_k {top_k}, a token of probability {expected[worst]:.3f} "
                f"came in {frequencies[worst]:.3f} of {DRAWS:,} draws. Are the logits divided by the temperature, and "
                "all but the top_k highest left out, before the softmax?"
            )
    first, again, other = (_drawn(student, logits, 1.0, 6, seed=seed) for seed in (7, 7, 8))
    if not np.array_equal(first, again):
        raise CheckFailed("the same generator state should give the same draws. Is `generator` handed to multinomial?")
    if np.array_equal(first, other):
        raise CheckFailed("another generator should give other draws. Is `generator` handed to multinomial?")


def form(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    handle = student.create(
        "haiku_bot.probe.form",
        np.array(SYLLABLES),
        np.array(MAY_END_LINE),
        np.array(BREAKS),
        END,
        PAD,
        list(texts.FORM),
    ).handle
    cases = [(left, line) for line in range(3) for left in range(8)]
    left, line = (np.array(column) for column in zip(*cases, strict=True))
    found = expect.array(
        student.call("haiku.allowed_tokens", left, line, handle),
        (len(cases), len(TOKENS)),
        f"allowed_tokens of {len(cases)} verses over {len(TOKENS)} tokens should be a bool tensor",
    )
    for row, (lacking, number) in enumerate(cases):
        for token, name in enumerate(TOKENS):
            if bool(found[row, token]) != _is_allowed(token, lacking, number):
                verb = "should" if _is_allowed(token, lacking, number) else "should not"
                raise CheckFailed(
                    f"with {lacking} syllables left in line {number} (from 0), {name!r} ({SYLLABLES[token]} syllables) "
                    f"{verb} be allowed."
                )
    random = np.random.default_rng(3)
    for batch, prompt_time in ((1, 1), (40, 3)):
        table = (3 * random.standard_normal((6, len(TOKENS), len(TOKENS)))).astype(np.float32)
        table_model = student.create("haiku_bot.probe.TableModel", table).handle
        prompts = random.integers(4, len(TOKENS), size=(batch, prompt_time))
        greedy = _written(student, table_model, prompts, handle, top_k=1)
        for row in range(batch):
            expected = _greedy_verse(table, prompts[row].tolist())
            verse = greedy[row].tolist()
            if verse[: len(expected)] != expected or any(token != PAD for token in verse[len(expected) :]):
                raise CheckFailed(
                    f"with top_k 1, write_haiku should take the best allowed token at each step: "
                    f"{_names(expected)}, and then <pad>; got {_names(verse)}."
                )
        for verse in _written(student, table_model, prompts, handle, top_k=len(TOKENS)).tolist():
            _require_form(verse)


def bot(student: Student, library: Library, thresholds: Mapping[str, float]) -> None:
    asked = _messages()
    trained = student.create("haiku_bot.probe.Bot", 0)
    answers = trained.method("answers", [message for _, message in asked], 0)
    if not isinstance(answers, list) or len(answers) != len(asked) or not all(isinstance(a, str) for a in answers):
        raise CheckFailed("the bot should answer every message with text.")
    turns = tuple((message, answer) for (_, message), answer in zip(asked, answers, strict=True))
    student.exhibit(lambda: Conversation(turns))
    verses = [answer.split("\n") for answer in answers]
    counts = [[_syllables(line) for line in verse] for verse in verses]
    in_form = [tuple(count) == texts.FORM for count in counts]
    handwritten = [set(map(texts.plain, haiku.lines)) for haiku in texts.read(texts.HANDWRITTEN)]
    known = {tuple(map(texts.plain, h.lines)) for p in (texts.HANDWRITTEN, texts.PRETRAINING) for h in texts.read(p)}
    bare = [tuple(map(texts.plain, verse)) for verse in verses]
    themed = [
        any(texts.themes()[name].field & set(" ".join(verse).split()) for name in names)
        for (names, _), verse in zip(asked, bare, strict=True)
        if names
    ]
    shares: dict[str, tuple[str, float]] = {
        "in_form": ("answers in exactly 5-7-5", float(np.mean(in_form))),
        "new": (
            "answers that are no haiku of the training data",
            float(np.mean([verse not in known for verse in bare])),
        ),
        "two_new_lines": (
            "answers that share no two lines with a hand-written haiku",
            float(np.mean([max(len(lines & set(verse)) for lines in handwritten) < 2 for verse in bare])),
        ),
        "on_theme": ("answers with a word of the asked theme's field", float(np.mean(themed))),
        "distinct_first_lines": ("different first lines", len({verse[0] for verse in bare}) / len(bare)),
    }
    for name, (_, share) in shares.items():
        student.record(name, share)
    for name, (what, share) in shares.items():
        expect.at_least(share, thresholds[f"minimum_{name}"], f"{what}, of {len(asked)} messages:")


def _masked_cross_entropy(logits: np.ndarray, targets: np.ndarray, mask: np.ndarray) -> float:
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    log_chances = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    losses = -np.take_along_axis(log_chances, targets[..., None], axis=-1)[..., 0]
    return float((losses * mask).sum() / mask.sum())


def _drawn(student: Student, logits: np.ndarray, temperature: float, top_k: int, seed: int) -> np.ndarray:
    """The tokens of `DRAWS` equal rows of logits."""
    generator = student.create("haiku_bot.probe.generator", seed).handle
    rows = np.tile(logits, (DRAWS, 1))
    found = student.call("haiku.sample_next", rows, temperature, top_k, generator)
    tokens = expect.array(
        found, (DRAWS,), f"sample_next of {DRAWS} rows of logits should give one token each, a tensor"
    )
    if tokens.min() < 0 or tokens.max() >= len(logits):
        raise CheckFailed(f"sample_next gave token {int(tokens.max())} of a vocabulary of {len(logits)}.")
    return tokens.astype(np.int64)


def _written(student: Student, model: Any, prompts: np.ndarray, form: Any, top_k: int) -> np.ndarray:
    generator = student.create("haiku_bot.probe.generator", 11).handle
    found = student.call("haiku.write_haiku", model, prompts, form, 1.0, top_k, generator)
    if not isinstance(found, np.ndarray) or found.ndim != 2 or len(found) != len(prompts):
        raise CheckFailed(f"write_haiku of {len(prompts)} prompts should give ids of shape ({len(prompts)}, time).")
    if found.dtype.kind != "i" or found.size == 0 or found.min() < 0 or found.max() >= len(TOKENS):
        raise CheckFailed("write_haiku should give ids of the vocabulary, int64.")
    return found


def _is_allowed(token: int, left: int, line: int) -> bool:
    if left == 0:
        return token == END if line == len(texts.FORM) - 1 else BREAKS[token]
    return 0 < SYLLABLES[token] < left or (SYLLABLES[token] == left and MAY_END_LINE[token])


def _greedy_verse(table: np.ndarray, tokens: list[int]) -> list[int]:
    """The verse that always takes the best allowed token."""
    verse: list[int] = []
    for line, left in enumerate(texts.FORM):
        while True:
            scores = table[(len(tokens) + len(verse) - 1) % len(table), [*tokens, *verse][-1]]
            allowed = [_is_allowed(token, left, line) for token in range(len(TOKENS))]
            token = int(np.where(allowed, scores, -np.inf).argmax())
            verse.append(token)
            if left == 0:
                break
            left -= SYLLABLES[token]
    return verse


def _require_form(verse: list[int]) -> None:
    """Fail unless the ids are three lines of 5, 7 and 5 syllables, the end, and then filling."""
    left, line = texts.FORM[0], 0
    for place, token in enumerate(verse):
        if not _is_allowed(token, left, line):
            raise CheckFailed(
                f"write_haiku wrote {_names(verse)}: {TOKENS[token]!r} at place {place} breaks the form "
                f"({left} syllables were left in line {line})."
            )
        if left == 0:
            line += 1
            if line == len(texts.FORM):
                if any(rest != PAD for rest in verse[place + 1 :]):
                    raise CheckFailed(f"after its end a verse should be filled with <pad>; got {_names(verse)}.")
                return
            left = texts.FORM[line]
        else:
            left -= SYLLABLES[token]
    raise CheckFailed(f"write_haiku stopped before the end of a verse: {_names(verse)}.")


def _names(verse: list[int]) -> str:
    return " ".join(TOKENS[token] for token in verse)


def _syllables(line: str) -> int:
    """The syllables of a line; -1 if it holds a word that the grader does not know."""
    counts = [texts.syllables().get(word, -100) for word in texts.words_of(line)]
    return max(sum(counts), -1)


def _messages() -> list[tuple[tuple[str, ...], str]]:
    """The held-out messages and their themes."""
    found = []
    for line in MESSAGES.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            names, _, message = line.partition("|")
            themes = tuple(name.strip() for name in names.split(",") if name.strip() != "-")
            if unknown := set(themes) - set(texts.themes()):
                raise ValueError(f"{MESSAGES.name}: unknown themes {unknown}")
            found.append((themes, message.strip()))
    return found
