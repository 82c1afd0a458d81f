"""The two pictures that lead through the course: the road of the seven modules, and the timeline."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Address = Callable[..., str]  # from the page to another, by the other's path in the repository

RADIUS = 42  # of a stop
WIDE = ((85, 85), (270, 85), (455, 85), (640, 85), (640, 315), (455, 315), (270, 315))  # centres of the stops
NARROW = tuple((72, 70 + 132 * number) for number in range(7))


def road(modules: Sequence[Mapping[str, Any]], address: Address) -> str:
    """Seven stops on a road, drawn twice: for wide screens, and for phones. The style sheet shows one of them."""
    wide = _drawing("wide", (760, 430), WIDE, "M 85 85 H 640 C 770 85 770 315 640 315 H 270", modules, address)
    narrow = _drawing("narrow", (340, 930), NARROW, "M 72 70 V 862", modules, address)
    return f'<div class="road">\n{wide}\n{narrow}\n</div>'


def timeline(events: Sequence[Mapping[str, Any]], modules: Mapping[int, Mapping[str, Any]], address: Address) -> str:
    """A list of events in order of time; each names its module, if it has one, and links it.

    Raises:
        ValueError: the events are out of order.
    """
    years = [event["year"] for event in events]
    if years != sorted(years):
        raise ValueError("the events of the timeline are not in order of time")
    items = []
    for event in events:
        module = modules.get(event.get("module", 0))
        link = (
            f' <a class="module-link" href="{address(module["page"], ".html")}">module {module["number"]}</a>'
            if module
            else ""
        )
        items.append(
            f'<li><span class="year">{event["year"]}</span><div><strong>{html.escape(event["title"])}</strong>'
            f"<span>{html.escape(event['text'])}</span><cite>{html.escape(event['who'])}</cite>{link}</div></li>"
        )
    return '<ol class="timeline">\n' + "\n".join(items) + "\n</ol>"


def _drawing(
    name: str,
    size: tuple[int, int],
    stops: Sequence[tuple[int, int]],
    path: str,
    modules: Sequence[Mapping[str, Any]],
    address: Address,
) -> str:
    is_wide = name == "wide"
    parts = [f'<path class="bed" d="{path}"/>', f'<path class="middle" d="{path}"/>']
    for (x, y), module in zip(stops, modules, strict=True):
        label_x, label_y, anchor = (x, y + RADIUS + 22, "middle") if is_wide else (x + RADIUS + 18, y - 10, "start")
        lines = module["lines"]
        text = "".join(
            f'<tspan x="{label_x}" dy="{0 if number == 0 else 17}">{html.escape(line)}</tspan>'
            for number, line in enumerate(lines)
        )
        year = f'<tspan class="when" x="{label_x}" dy="17">{html.escape(module["when"])}</tspan>'
        parts.append(
            f'<a href="{address(module["page"], ".html")}"><circle class="stop" cx="{x}" cy="{y}" r="{RADIUS}"/>'
            f'<g class="sign" transform="translate({x - 32} {y - 32})">{SIGNS[module["sign"]]}</g>'
            f'<text x="{label_x}" y="{label_y}" text-anchor="{anchor}">{text}{year}</text></a>'
        )
    width, height = size
    label = "The road of the course: " + ", ".join(" ".join(module["lines"]) for module in modules)
    return (
        f'<svg class="{name}" viewBox="0 0 {width} {height}" role="group" aria-label="{html.escape(label)}" '
        f'xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'
    )


def _dots(*centres: tuple[int, int], radius: int = 4, kind: str = "dot") -> str:
    return "".join(f'<circle class="{kind}" cx="{x}" cy="{y}" r="{radius}"/>' for x, y in centres)


def _lines(starts: Sequence[tuple[int, int]], ends: Sequence[tuple[int, int]]) -> str:
    return "".join(f'<path d="M {a} {b} L {x} {y}"/>' for a, b in starts for x, y in ends)


def _cells(left: int, top: int, side: int, shades: Sequence[Sequence[float]]) -> str:
    """Squares; a shade of 0 is an empty square, a larger one is filled with that opacity."""
    return "".join(
        f'<rect x="{left + side * column}" y="{top + side * row}" width="{side - 2}" height="{side - 2}" rx="1.5" '
        + (f'class="dot" fill-opacity="{shade}"/>' if shade else 'class="empty"/>')
        for row, line in enumerate(shades)
        for column, shade in enumerate(line)
    )


_INPUTS, _HIDDEN, _OUTPUTS = [(10, 12), (10, 32), (10, 52)], [(32, 12), (32, 32), (32, 52)], [(54, 22), (54, 42)]
SIGNS = {
    "perceptron": _lines(_INPUTS, [(42, 32)]) + _dots(*_INPUTS) + _dots((44, 32), radius=11),
    "layers": _lines(_INPUTS, _HIDDEN) + _lines(_HIDDEN, _OUTPUTS) + _dots(*_INPUTS, *_HIDDEN, *_OUTPUTS),
    "convolution": _cells(4, 14, 9, [[0.9, 0.9, 0, 0], [0.9, 0.9, 0, 0], [0] * 4, [0] * 4])
    + '<path d="M 24 22 L 44 22"/><path d="M 24 30 L 44 30"/>'
    + _cells(45, 18, 9, [[0.9, 0], [0, 0]]),
    "recurrence": '<path d="M 32 40 C 62 34 56 4 32 8 C 8 4 2 34 30 40"/><path d="M 13 31 L 22 38 L 12 42"/>'
    + _dots((32, 42), radius=10),
    "gates": _lines([(4, 22)], [(60, 22)])
    + _lines([(4, 46)], [(60, 46)])
    + "".join(_lines([(x, 46)], [(x, 22)]) for x in (16, 32, 48))
    + _dots((16, 22), (32, 22), (48, 46), radius=7),
    "attention": _cells(12, 12, 10, [[1, 0, 0, 0], [0.35, 0.8, 0, 0], [0.2, 0.9, 0.3, 0], [0.5, 0.15, 0.7, 0.4]]),
    "chat": '<path d="M 10 10 H 54 Q 58 10 58 14 V 42 Q 58 46 54 46 H 28 L 18 56 V 46 H 10 Q 6 46 6 42 V 14 '
    'Q 6 10 10 10 Z"/>'  # a bubble, and in it three lines of 5, 7 and 5
    + _lines([(16, 20)], [(41, 20)])
    + _lines([(16, 28)], [(51, 28)])
    + _lines([(16, 36)], [(41, 36)]),
}
