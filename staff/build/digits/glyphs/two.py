"""Control points of the digit 2: one function per style (the conventions are in this folder's __init__)."""

from staff.build.digits.hand import Hand
from staff.build.digits.strokes import CORNER, Stroke


def plain(hand: Hand) -> list[Stroke]:
    """Round head, a corner at the lower left, a nearly straight foot."""
    u = hand.between
    right, start, foot = u(0.6, 0.88), u(0.1, 0.34), u(0.65, 1.14)
    return [
        [
            (u(0.0, 0.22), start),
            (u(0.15, 0.3), u(0.02, 0.12)),
            (0.45, 0.0),
            (right, u(0.1, 0.24)),
            (right - u(0.0, 0.1), u(0.33, 0.46)),
            (u(0.34, 0.56), u(0.66, 0.78)),
            (u(0.0, 0.12), u(0.92, 1.0), CORNER),
            (foot * 0.5, u(0.93, 1.02)),
            (foot, u(0.88, 1.04)),
        ]
    ]


def looped(hand: Hand) -> list[Stroke]:
    """The lower left turns in a small loop."""
    u = hand.between
    right, size, start = u(0.58, 0.86), u(0.3, 1.0), u(0.12, 0.34)
    return [
        [
            (u(0.0, 0.22), start),
            (u(0.15, 0.3), u(0.02, 0.12)),
            (0.45, 0.0),
            (right, u(0.08, 0.24)),
            (right - u(0.0, 0.1), u(0.33, 0.5)),
            (u(0.4, 0.58), u(0.68, 0.78)),
            (0.24, 0.93),
            (0.08 - 0.04 * size, 1.0),
            (-0.02 - 0.06 * size, 0.93 - 0.02 * size),
            (0.06, 0.9 - 0.12 * size),
            (0.25, 0.87 - 0.07 * size),
            (u(0.5, 0.62), u(0.9, 0.99)),
            (u(0.85, 1.16), u(0.85, 1.03)),
        ]
    ]


def angular(hand: Hand) -> list[Stroke]:
    """Nearly a Z: flat top, straight diagonal."""
    u = hand.between
    return [
        [
            (u(0.0, 0.2), u(0.0, 0.15)),
            (u(0.4, 0.5), u(-0.03, 0.04)),
            (u(0.65, 0.87), u(0.03, 0.14)),
            (u(0.6, 0.76), u(0.28, 0.42)),
            (u(0.3, 0.48), u(0.66, 0.76)),
            (u(0.0, 0.12), u(0.94, 1.0), CORNER),
            (u(0.4, 0.55), u(0.94, 1.02)),
            (u(0.8, 1.05), u(0.9, 1.04)),
        ]
    ]


def big_loop(hand: Hand) -> list[Stroke]:
    """A curled head and a large loop at the lower left."""
    u = hand.between
    right, size, start, left = u(0.6, 0.9), u(0.6, 2.0), u(0.18, 0.44), u(-0.02, 0.15)
    return [
        [
            (u(0.02, 0.3), start),
            (u(-0.02, 0.12), start * 0.7),
            (u(0.18, 0.3), u(0.02, 0.1)),
            (u(0.42, 0.55), 0.0),
            (right, u(0.1, 0.24)),
            (right - u(0.0, 0.1), u(0.36, 0.5)),
            (u(0.42, 0.62), u(0.7, 0.8)),
            (left + 0.2, 0.96),
            (left, 1.0),
            (left - 0.06, 0.95 - 0.05 * size),
            (left + 0.02, 0.9 - 0.13 * size),
            (left + 0.18, 0.88 - 0.1 * size),
            (u(0.45, 0.6), u(0.88, 0.98)),
            (u(0.8, 1.25), u(0.8, 1.06)),
        ]
    ]


def raised_loop(hand: Hand) -> list[Stroke]:
    """A round stem into a raised loop whose foot runs out to the right, like an alpha."""
    u = hand.between
    right, start, left = u(0.58, 0.86), u(0.1, 0.4), u(0.08, 0.24)
    top, foot = u(0.5, 0.82), u(0.84, 1.07)
    return [
        [
            (u(0.0, 0.25), start),
            (u(0.08, 0.25), start * 0.45),
            (u(0.38, 0.52), 0.0),
            (right, u(0.12, 0.26)),
            (right - u(0.02, 0.14), u(0.45, 0.58)),
            (left + u(0.16, 0.28), u(0.84, 0.92)),
            (left, u(0.96, 1.02)),
            (left - 0.16, u(0.88, 0.97)),
            (left - 0.1, top + 0.06),
            (left + 0.1, top),
            (left + 0.32, top + u(0.06, 0.14)),
            (u(0.6, 0.75), foot - u(-0.04, 0.08)),
            (u(0.85, 1.18), foot - u(-0.04, 0.15)),
        ]
    ]


def belly(hand: Hand) -> list[Stroke]:
    """The stem stays right and turns round a belly; the belly's end rises, crosses the stem and becomes the foot."""
    u = hand.between
    right, start, left, top = u(0.6, 0.92), u(0.06, 0.36), u(-0.02, 0.16), u(0.54, 0.74)
    return [
        [
            (u(0.05, 0.3), start),
            (u(0.12, 0.28), start * 0.4),
            (u(0.38, 0.5), 0.0),
            (right, u(0.14, 0.28)),
            (right - u(-0.02, 0.06), u(0.48, 0.58)),
            (right - u(0.08, 0.2), u(0.76, 0.84)),
            (left + u(0.2, 0.3), u(0.95, 1.0)),
            (left + 0.04, u(0.94, 1.0)),
            (left - u(0.04, 0.1), u(0.8, 0.9)),
            (left + 0.06, top + 0.05),
            (left + u(0.18, 0.3), top),
            (right - 0.06, top + u(0.08, 0.18)),
            (right + u(0.1, 0.36), top + u(0.14, 0.42)),
        ]
    ]


def long_foot(hand: Hand) -> list[Stroke]:
    """A short head over a long flat foot, turned without a corner."""
    u = hand.between
    right, foot = u(0.4, 0.66), u(0.85, 1.35)
    return [
        [
            (u(0.0, 0.16), u(0.1, 0.36)),
            (u(0.12, 0.25), u(0.0, 0.1)),
            (right - 0.1, 0.0),
            (right, u(0.14, 0.28)),
            (right - 0.12, u(0.45, 0.6)),
            (u(0.12, 0.25), u(0.78, 0.86)),
            (u(-0.04, 0.08), u(0.92, 1.0)),
            (u(0.1, 0.2), u(0.93, 1.03)),
            (foot * 0.5, u(0.95, 1.03)),
            (foot, u(0.84, 1.08)),
        ]
    ]
