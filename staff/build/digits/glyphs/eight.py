"""Control points of the digit 8: one function per style (the conventions are in this folder's __init__)."""

from staff.build.digits.hand import Hand
from staff.build.digits.strokes import Stroke, oval


def crossed(hand: Hand) -> list[Stroke]:
    """From the top right: an S down, then up again across it."""
    u = hand.between
    head, bowl, waist, open_by = u(0.17, 0.4), u(0.11, 0.36), u(0.39, 0.59), u(-0.06, 0.22)
    middle = 0.5 - u(-0.05, 0.12)
    return [
        [
            (0.5 + head * u(0.7, 1.1), waist * u(0.14, 0.5)),
            (0.5 + head * 0.4, 0.01),
            (0.5 - head * 0.45, 0.02),
            (0.5 - head, waist * u(0.35, 0.55)),
            (0.5 - head * 0.3, waist - 0.08),
            (middle + bowl * 0.55, waist + 0.12),
            (middle + bowl, u(0.72, 0.82)),
            (middle + bowl * 0.4, 1.0),
            (middle - bowl * 0.55, 0.98),
            (middle - bowl, u(0.72, 0.85)),
            (middle - bowl * 0.5, waist + 0.12),
            (0.5 + head * 0.4, waist - 0.1),
            (0.5 + head * u(0.7, 1.3) + open_by * 0.5, u(0.0, 0.2) + open_by),
        ]
    ]


def closed(hand: Hand) -> list[Stroke]:
    """The same turn, begun and closed at the top."""
    u = hand.between
    head, bowl, waist, start = u(0.17, 0.4), u(0.12, 0.38), u(0.37, 0.57), u(-0.1, 0.12)
    middle = 0.5 - u(-0.05, 0.11)
    return [
        [
            (0.5 + start, 0.0),
            (0.5 - head * 0.75, 0.06),
            (0.5 - head, waist * u(0.4, 0.55)),
            (0.5 - head * 0.4, waist - 0.06),
            (middle + bowl * 0.5, waist + 0.1),
            (middle + bowl, u(0.72, 0.82)),
            (middle + bowl * 0.5, 0.98),
            (middle - bowl * 0.4, 1.0),
            (middle - bowl, u(0.74, 0.84)),
            (middle - bowl * 0.55, waist + 0.12),
            (0.5 + head * 0.4, waist - 0.06),
            (0.5 + head, waist * u(0.36, 0.55)),
            (0.5 + head * 0.75, 0.06),
            (0.5 + start - u(-0.05, 0.14), u(-0.02, 0.08)),
        ]
    ]


def open_top(hand: Hand) -> list[Stroke]:
    """The last stroke runs out far to the right: the top stays open."""
    u = hand.between
    head, bowl, waist, middle = u(0.15, 0.33), u(0.11, 0.28), u(0.41, 0.59), 0.5 - u(0.0, 0.16)
    return [
        [
            (0.5 + head * u(0.9, 1.9), u(0.0, 0.2)),
            (0.5 + head * 0.5, u(0.0, 0.06)),
            (0.5 - head * 0.6, u(0.02, 0.08)),
            (0.5 - head, u(0.18, 0.28)),
            (0.5 - head * 0.2, waist - 0.05),
            (middle + bowl * 0.7, waist + 0.16),
            (middle + bowl * 0.9, u(0.76, 0.84)),
            (middle + bowl * 0.2, 1.0),
            (middle - bowl * 0.7, 0.96),
            (middle - bowl * 0.9, u(0.74, 0.84)),
            (middle - bowl * 0.1, waist + 0.12),
            (0.5 + head * 0.7, waist - 0.12),
            (0.5 + head * u(1.0, 2.0), u(0.0, 0.22)),
        ]
    ]


def ribbon(hand: Hand) -> list[Stroke]:
    """A ribbon: down from the top left, round the lower loop, up to the top right; the top stays open."""
    u = hand.between
    head, bowl, waist, middle = u(0.18, 0.36), u(0.12, 0.3), u(0.4, 0.62), 0.5 - u(-0.04, 0.16)
    return [
        [
            (0.5 - head * u(0.1, 0.8), u(-0.02, 0.1)),
            (0.5 - head, u(0.16, 0.28)),
            (0.5 - head * 0.3, waist - 0.08),
            (middle + bowl * 0.6, waist + 0.12),
            (middle + bowl, u(0.74, 0.84)),
            (middle + bowl * 0.2, 1.0),
            (middle - bowl * 0.7, 0.96),
            (middle - bowl, u(0.74, 0.84)),
            (middle - bowl * 0.3, waist + 0.12),
            (0.5 + head * 0.5, waist - 0.12),
            (0.5 + head * u(0.9, 1.6), u(-0.02, 0.2)),
        ]
    ]


def big_head(hand: Hand) -> list[Stroke]:
    """A large head over a small lower loop."""
    u = hand.between
    head, bowl, waist, middle = u(0.26, 0.44), u(0.08, 0.22), u(0.52, 0.7), 0.5 - u(-0.02, 0.16)
    return [
        [
            (0.5 + head * u(0.5, 1.0), u(0.02, 0.2)),
            (0.5 + head * 0.2, 0.0),
            (0.5 - head * 0.6, 0.04),
            (0.5 - head, waist * u(0.35, 0.55)),
            (0.5 - head * 0.3, waist - 0.08),
            (middle + bowl * 0.7, waist + 0.1),
            (middle + bowl, u(0.82, 0.88)),
            (middle + bowl * 0.2, 1.0),
            (middle - bowl * 0.8, 0.96),
            (middle - bowl, u(0.82, 0.88)),
            (middle - bowl * 0.2, waist + 0.08),
            (0.5 + head * 0.6, waist * 0.66),
            (0.5 + head * u(0.8, 1.2), u(0.04, 0.24)),
        ]
    ]


def mirrored(hand: Hand) -> list[Stroke]:
    """Crossed, but begun at the top left."""
    return [[(1 - point[0], point[1]) for point in stroke] for stroke in crossed(hand)]


def delta(hand: Hand) -> list[Stroke]:
    """The lower loop closes at the waist, and the head stays a hook, like a Greek delta."""
    u = hand.between
    head, bowl, waist, middle = u(0.16, 0.38), u(0.16, 0.36), u(0.38, 0.56), 0.5 - u(-0.08, 0.08)
    return [
        [
            (0.5 + head * u(0.6, 1.4), u(0.02, 0.22)),
            (0.5 + head * 0.3, 0.0),
            (0.5 - head * 0.6, 0.04),
            (0.5 - head, waist * u(0.4, 0.6)),
            (0.5 - head * 0.2, waist - 0.04),
            (middle + bowl * 0.75, waist + 0.16),
            (middle + bowl, u(0.74, 0.84)),
            (middle + bowl * 0.3, 1.0),
            (middle - bowl * 0.6, 0.98),
            (middle - bowl, u(0.74, 0.84)),
            (middle - bowl * 0.5, waist + 0.12),
            (middle + u(0.02, 0.2), waist - u(0.0, 0.16)),
        ]
    ]


def two_rings(hand: Hand) -> list[Stroke]:
    """Two rings, one on the other."""
    u, g = hand.between, hand.bell
    waist = u(0.36, 0.53)
    return [
        oval(
            (0.5 + g(0.04), waist / 2), (u(0.16, 0.38), waist / 2), u(-120, -30), -(360 + u(-15, 25)), 9, 0.0, g(0.25)
        ),
        oval(
            (0.5, (1 + waist) / 2), (u(0.18, 0.4), (1 - waist) / 2), u(-110, -60), -(360 + u(-15, 25)), 9, 0.0, g(0.2)
        ),
    ]
