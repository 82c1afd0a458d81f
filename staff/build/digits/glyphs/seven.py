"""Control points of the digit 7: one function per style (the conventions are in this folder's __init__)."""

from staff.build.digits.hand import Hand
from staff.build.digits.strokes import CORNER, Stroke


def plain(hand: Hand) -> list[Stroke]:
    """A bar, a corner, a drop."""
    u, g = hand.between, hand.bell
    foot = u(0.18, 0.52)
    return [
        [
            (u(-0.02, 0.12), u(0.0, 0.18)),
            (0.42, u(0.0, 0.11)),
            (u(0.76, 0.96), u(-0.03, 0.08), CORNER),
            (foot + 0.26 + g(0.03), 0.45),
            (foot + 0.06, 0.78),
            (foot, 1.0),
        ]
    ]


def serif(hand: Hand) -> list[Stroke]:
    """A bar that begins with a short stroke down at its left."""
    u, g = hand.between, hand.bell
    foot, left = u(0.15, 0.62), u(-0.04, 0.12)
    return [
        [
            (left + u(-0.08, 0.07), 0.04 + u(0.1, 0.4)),
            (left + 0.03, u(0.02, 0.15), CORNER),
            (0.42, u(0.0, 0.13)),
            (u(0.74, 0.96), u(-0.03, 0.1), CORNER),
            (foot * 0.5 + 0.4 + g(0.03), 0.45),
            (foot + 0.06, 0.78),
            (foot, 1.0),
        ]
    ]


def round_shoulder(hand: Hand) -> list[Stroke]:
    """A hooked start and a rounded shoulder; the drop bends either way."""
    u, g = hand.between, hand.bell
    foot, left, bend = u(0.25, 0.67), u(-0.04, 0.12), g(0.06)
    return [
        [
            (left + u(-0.06, 0.07), 0.06 + u(0.08, 0.36)),
            (left + 0.04, u(0.03, 0.15)),
            (u(0.28, 0.4), u(-0.02, 0.08)),
            (u(0.62, 0.72), u(-0.03, 0.05)),
            (u(0.82, 0.93), u(0.08, 0.2)),
            (foot * 0.4 + 0.46, 0.42),
            (foot + 0.1 + bend, 0.7),
            (foot + bend, 0.88),
            (foot, 1.0),
        ]
    ]


def wavy(hand: Hand) -> list[Stroke]:
    """A wavy bar."""
    u = hand.between
    foot = u(0.15, 0.52)
    return [
        [
            (u(-0.02, 0.08), u(0.08, 0.24)),
            (u(0.14, 0.24), u(-0.02, 0.08)),
            (u(0.45, 0.6), u(0.06, 0.17)),
            (u(0.85, 1.0), u(-0.07, 0.06), CORNER),
            (foot * 0.5 + 0.38, 0.42),
            (foot + 0.08, 0.75),
            (foot, 1.0),
        ]
    ]


def curved(hand: Hand) -> list[Stroke]:
    """Bar and drop in one curve; the bar may be short."""
    u = hand.between
    foot, left = u(0.18, 0.52), u(-0.06, 0.3)
    return [
        [
            (left, u(0.0, 0.18)),
            (left + (0.65 - left) * 0.45, u(0.0, 0.08)),
            (u(0.62, 0.7), u(-0.02, 0.04)),
            (u(0.82, 0.93), u(0.1, 0.2)),
            (u(0.7, 0.8), u(0.36, 0.46)),
            (foot + 0.14, 0.72),
            (foot, 1.0),
        ]
    ]


def long_hook(hand: Hand) -> list[Stroke]:
    """Its bar begins low on the left, like an n."""
    u, g = hand.between, hand.bell
    foot, left, hook = u(0.3, 0.72), u(-0.02, 0.12), u(0.25, 0.5)
    return [
        [
            (left + u(-0.1, 0.06), hook),
            (left + u(-0.01, 0.05), hook * 0.5),
            (left + u(0.03, 0.1), u(0.02, 0.1), CORNER),
            (0.42, u(0.02, 0.12)),
            (u(0.78, 0.96), u(-0.05, 0.08), CORNER),
            (foot * 0.5 + 0.4 + g(0.03), 0.45),
            (foot + 0.06, 0.78),
            (foot, 1.0),
        ]
    ]


def _barred(strokes: list[Stroke], hand: Hand) -> list[Stroke]:
    """Crosses the drop of a 7 with a short bar."""
    u, g = hand.between, hand.bell
    height, middle, half = u(0.42, 0.64), u(0.41, 0.62), u(0.14, 0.42)
    return [*strokes, [(middle - half, height + 0.02 + g(0.04)), (middle + half, height - 0.03 + g(0.04))]]


def barred(hand: Hand) -> list[Stroke]:
    """A plain 7 with a bar through its drop."""
    return _barred(plain(hand), hand)


def serif_barred(hand: Hand) -> list[Stroke]:
    """A 7 with serif and bar."""
    return _barred(serif(hand), hand)


def curved_barred(hand: Hand) -> list[Stroke]:
    """A curved 7 with a bar."""
    return _barred(curved(hand), hand)
