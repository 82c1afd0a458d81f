"""Parts of pages that answer to the reader, as HTML; site/static/site.js gives them life."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from staff.site.exam.numbers import ANSWERS


def ask(name: str, label: str) -> str:
    """A field for a number, and a button that checks it.

    Args:
        name: of the answer in `ANSWERS`.
        label: what is asked for, as text.
    """
    answer = ANSWERS[name]
    return (
        f'<div class="ask" data-value="{answer.value!r}" data-tolerance="{answer.tolerance!r}">'
        f'<label for="answer-{name}">{html.escape(label)}</label>'
        f'<input id="answer-{name}" type="text" inputmode="decimal" autocomplete="off">'
        f'<button type="button">Check</button><output for="answer-{name}"></output></div>'
    )


def shown(title: str, *, after_try: bool = False) -> str:
    """Opens a part that is folded away; `</details>` ends it.

    Args:
        title: what the reader opens.
        after_try: hidden until the reader has checked an answer of the same question.
    """
    kind = "working after-try" if after_try else "working"
    return f'<details class="{kind}"><summary>{html.escape(title)}</summary>\n'


def checklist(weeks: Sequence[Mapping[str, Any]], address: Callable[..., str]) -> str:
    """The weeks, each with boxes to tick. The browser keeps what is ticked under the words of the item."""
    parts = ['<div class="checklist"><p class="together" role="status"></p>']
    for week in weeks:
        link = f'<a href="{address(week["page"], ".html")}">{html.escape(week["read"])}</a>'
        parts.append(f'<h2 id="week-{week["number"]}">Week {week["number"]}: {html.escape(week["title"])}</h2>')
        parts.append(f"<p>Read again: {link}</p><ul>")
        for item in week["items"]:
            key = f"week-{week['number']}-" + re.sub(r"[^a-z0-9]+", "-", item.lower()).strip("-")
            parts.append(f'<li><label><input type="checkbox" data-key="{key}"> {html.escape(item)}</label></li>')
        parts.append("</ul>")
    parts.append('<button type="button" class="forget">Untick all</button></div>')
    return "\n".join(parts)
