"""The bot's objects as JSON: plain dictionaries, numbers rounded to what a page can show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from data.haiku import themes
from haiku_bot.candidates import Pool
from haiku_bot.messages import CLOSE, MAX_MESSAGE_CHARACTERS, Reading
from haiku_bot.reader import END, START, STEM, Evidence
from haiku_bot.trace import Step, Trace, in_form, syllables_by_line, why_forbidden
from haiku_bot.vocabulary import Form, Vocabulary
from haiku_bot.weights import WEIGHTS

DIGITS = 6
MORE_THEMES = 3  # that the message speaks for, less than for those that are asked for
MAX_REASONS = 6  # words of a message that are shown for one theme
ALLOWED_ROWS, FORBIDDEN_ROWS = 8, 5  # tokens that are shown of each step

View = dict[str, Any]


def reading_view(reading: Reading, prompt: Sequence[int], vocabulary: Vocabulary, message: str) -> View:
    """How a message was read: themes with their scores and reasons, keywords, the prompt."""
    request, evidence = reading.request, reading.evidence
    names = list(themes())
    scores = [0.0] * len(names) if evidence is None else evidence.scores().tolist()
    ranked = sorted(range(len(names)), key=lambda number: -scores[number])
    others = [names[number] for number in ranked if scores[number] > 0 and names[number] not in request.themes]
    return {
        "words": list(reading.words),
        "is_cut": len(message) > MAX_MESSAGE_CHARACTERS,
        "is_known": evidence is not None,
        "themes": [
            {
                "name": name,
                "score": rounded(scores[names.index(name)]),
                "is_asked": name in request.themes,
                **_reasons(evidence, names.index(name)),
            }
            for name in [*request.themes, *others[:MORE_THEMES]]
        ],
        "close": CLOSE,
        "request": {"themes": list(request.themes), "keywords": list(request.keywords)},
        "prompt": [vocabulary.tokens[token] for token in prompt],
    }


def _reasons(evidence: Evidence | None, theme_number: int) -> View:
    """The features that speak most for a theme or against it, and the sum of the others."""
    about = [] if evidence is None else evidence.about(theme_number)
    shown = sorted(about, key=lambda each: -abs(each[1]))[:MAX_REASONS]
    texts = [] if evidence is None else list(map(described, evidence.features, evidence.known_as))
    return {
        "reasons": [
            {"text": texts[number], "value": rounded(value)}
            for number, value in sorted(shown, key=lambda each: -each[1])
        ],
        "others": len(about) - len(shown),
        "sum_of_others": rounded(sum(value for number, value in about if (number, value) not in shown)),
    }


def described(feature: str, known_as: str) -> str:
    """A feature of the reader in words: `rain`, `rain…` for a stem, `“it rains”`, `“it” first`, `umbrela ≈ umbrella`.

    A feature that is `known_as` another one is a word that the reader does not know.
    """
    if feature != known_as:
        return f"{feature} ≈ {known_as}"
    one, _, other = feature.partition(" ")
    if not other:
        return f"{feature.removeprefix(STEM)}…" if feature.startswith(STEM) else feature
    if one == START:
        return f"“{other}” first"
    return f"“{one}” last" if other == END else f"“{one} {other}”"


def pool_view(pool: Pool) -> View:
    """Every candidate with its score, best first."""
    rows = []
    for number in pool.ranking:
        candidate, score = pool.candidates[number], pool.scores[number]
        rows.append(
            {
                "verse": list(candidate.verse),
                "lines": list(candidate.lines),
                "steering": candidate.steering,
                "total": rounded(score.total),
                "likelihood": rounded(score.likelihood),
                "relevance": rounded(score.relevance),
                "faults": rounded(score.faults),
                "staleness": rounded(score.staleness),
                "repeated": rounded(score.repeated + score.said),
                "is_new": score.is_new,
            }
        )
    return {"candidates": rows, "weights": {"likelihood": WEIGHTS.likelihood, "relevance": WEIGHTS.relevance}}


def trace_view(trace: Trace, form: Form, vocabulary: Vocabulary) -> View:
    """Every draw of a verse, and the attention; `start` is the position of the verse's first token."""
    drawn = [vocabulary.tokens[step.drawn] for step in trace.steps]
    prompt = [vocabulary.tokens[token] for token in trace.read[: len(trace.read) - len(drawn) + 1]]
    attention = trace.attention
    return {
        "prompt": prompt,
        "steps": [_step_view(step, form, vocabulary) for step in trace.steps],
        "attention": None if attention is None else [[rounded(x, 4) for x in row] for row in attention.tolist()],
    }


def _step_view(step: Step, form: Form, vocabulary: Vocabulary) -> View:
    """One draw: the best of what may come and of what is forbidden, and how many tokens are forbidden for what."""
    reasons = why_forbidden(step, form, vocabulary)
    scores = step.logits
    allowed = scores.masked_fill(~step.allowed, -math.inf).topk(min(ALLOWED_ROWS, len(scores))).indices.tolist()
    forbidden = scores.masked_fill(step.allowed, -math.inf).topk(min(FORBIDDEN_ROWS, len(scores))).indices.tolist()
    shown = {token for token in allowed if step.allowed[token]} | {t for t in forbidden if not step.allowed[t]}
    return {
        "line": step.line,
        "left": step.left,
        "drawn": vocabulary.tokens[step.drawn],
        "syllables": int(form.syllables[step.drawn]),
        "chance": rounded(float(step.chances[step.drawn])),
        "is_allowed": bool(step.allowed[step.drawn]),
        "forbidden": int((~step.allowed).sum()),
        "of": len(scores),
        "forbidden_share": rounded(step.forbidden_share),
        "reasons": [{"why": why, "count": int(held.sum())} for why, held in reasons.items()],
        "rows": [
            {
                "token": vocabulary.tokens[token],
                "syllables": int(form.syllables[token]),
                "logit": rounded(float(scores[token]), 3),
                "chance": rounded(float(step.chances[token])),
                "unbound": rounded(float(step.unbound[token])),
                "why": next((why for why, held in reasons.items() if held[token]), None),
                "is_drawn": token == step.drawn,
            }
            for token in sorted(shown | {step.drawn}, key=lambda token: (-float(scores[token]), token))
        ],
    }


def unbound_view(verses: Sequence[Sequence[int]], form: Form, vocabulary: Vocabulary) -> View:
    """Verses that nothing forbade, with the syllables of each line, and how many of them have the form all the same."""
    rows = []
    for verse in verses:
        counts = syllables_by_line(verse, form)
        rows.append(
            {
                "lines": vocabulary.lines([*verse, form.end])[: len(counts)],
                "syllables": counts,
                "is_in_form": in_form(verse, form),
                "is_ended": form.end in verse,
            }
        )
    return {"verses": rows, "form": list(form.lines), "in_form": sum(row["is_in_form"] for row in rows)}


def growing_lines(ids: torch.Tensor, prompt_length: int, vocabulary: Vocabulary, form: Form) -> list[str]:
    """The lines so far of the first verse that is being written. ids: (batch, time), prompts and verses so far."""
    return vocabulary.lines([*ids[0, prompt_length:].tolist(), form.end])


def rounded(value: float, digits: int = DIGITS) -> float | None:
    """A number for JSON; None for what JSON cannot say."""
    return round(value, digits) if math.isfinite(value) else None
