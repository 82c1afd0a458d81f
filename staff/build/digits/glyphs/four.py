"""Control points of the digit 4: one function per style (the conventions are in this folder's __init__)."""

from staff.build.digits.hand import Hand
from staff.build.digits.strokes import CORNER, Stroke


def open_top(hand: Hand) -> list[Stroke]:
    """An L and a separate stem, open at the top."""
    u, g = hand.between, hand.bell
    bar, left, stem = u(0.43, 0.65), u(0.0, 0.12), u(0.48, 0.84)
    return [
        [
            (left + u(0.02, 0.24), u(-0.04, 0.14)),
            (left + u(0.0, 0.08), bar * 0.6),
            (left, bar, CORNER),
            (stem * 0.6, bar + g(0.02)),
            (stem + u(0.02, 0.42), bar - 0.03 + g(0.045)),
        ],
        [(stem + u(-0.03, 0.12), u(-0.02, 0.24)), (stem + g(0.02), 0.5), (stem - u(-0.06, 0.1), 1.0)],
    ]


def cup(hand: Hand) -> list[Stroke]:
    """A round cup against a stem, like a y."""
    u = hand.between
    bar, stem, lean = u(0.4, 0.62), u(0.65, 0.85), u(-0.02, 0.22)
    return [
        [
            (u(0.0, 0.2), u(-0.04, 0.12)),
            (u(0.0, 0.08), bar * 0.65),
            (u(0.1, 0.2), bar),
            (u(0.38, 0.48), bar + u(0.0, 0.05)),
            (stem - 0.05, bar - u(0.02, 0.2)),
        ],
        [(stem + lean, u(-0.03, 0.17)), (stem, 0.42), (stem - u(-0.02, 0.06), 0.75), (stem - u(-0.04, 0.16), 1.0)],
    ]


def unlifted(hand: Hand) -> list[Stroke]:
    """One stroke, like lightning: down, across, up, down."""
    u = hand.between
    bar, stem = u(0.4, 0.6), u(0.6, 0.83)
    return [
        [
            (u(0.02, 0.24), u(-0.04, 0.14)),
            (u(0.0, 0.1), bar * 0.6),
            (u(0.0, 0.1), bar, CORNER),
            (0.4, bar + u(-0.02, 0.04)),
            (stem - 0.08, bar - u(0.0, 0.08)),
            (stem + u(-0.01, 0.12), u(0.02, 0.28), CORNER),
            (stem - u(-0.02, 0.06), 0.6),
            (stem - u(-0.04, 0.14), 1.0),
        ]
    ]


def closed(hand: Hand) -> list[Stroke]:
    """A triangle on a stem, as in print."""
    u, g = hand.between, hand.bell
    top, bar = u(0.52, 0.78), u(0.5, 0.72)
    return [
        [
            (top, 0.0),
            (u(0.25, 0.36), u(0.28, 0.36)),
            (u(-0.02, 0.08), bar, CORNER),
            (0.45, bar + g(0.02)),
            (top + u(0.06, 0.44), bar + g(0.04)),
        ],
        [(top + u(-0.02, 0.08), u(-0.02, 0.1)), (top + g(0.02), 0.5), (top - u(-0.03, 0.12), 1.0)],
    ]


def crossed(hand: Hand) -> list[Stroke]:
    """An L whose long bar a short, low, slanting stem crosses."""
    u, g = hand.between, hand.bell
    bar, stem = u(0.5, 0.7), u(0.5, 0.75)
    return [
        [
            (u(0.25, 0.5), u(-0.02, 0.06)),
            (u(0.1, 0.25), bar * 0.55),
            (u(-0.02, 0.08), bar, CORNER),
            (0.45, bar + g(0.02)),
            (u(0.85, 1.15), bar - u(-0.03, 0.1)),
        ],
        [(stem + u(0.0, 0.14), u(0.2, 0.4)), (stem + g(0.02), 0.65), (stem - u(0.0, 0.14), 1.0)],
    ]
