"""Control points of the digit 3: one function per style (the conventions are in this folder's __init__)."""

from staff.build.digits.hand import Hand
from staff.build.digits.strokes import CORNER, Stroke


def round_bowls(hand: Hand) -> list[Stroke]:
    """Two bowls that meet in a corner."""
    u = hand.between
    waist, height = u(0.12, 0.42), u(0.4, 0.53)
    return [
        [
            (u(0.03, 0.25), u(0.06, 0.24)),
            (u(0.25, 0.35), u(0.0, 0.06)),
            (u(0.48, 0.6), 0.0),
            (u(0.66, 0.86), u(0.14, 0.24)),
            (waist + 0.16, height - 0.07),
            (waist, height, CORNER),
            (waist + 0.2, height + 0.03),
            (u(0.72, 0.96), u(0.65, 0.78)),
            (u(0.45, 0.6), u(0.96, 1.01)),
            (u(0.16, 0.28), u(0.93, 1.0)),
            (u(-0.16, 0.15), u(0.78, 1.0)),
        ]
    ]


def soft(hand: Hand) -> list[Stroke]:
    """Two bowls joined by a dent instead of a corner."""
    u = hand.between
    waist, height = u(0.24, 0.5), u(0.42, 0.51)
    return [
        [
            (u(0.03, 0.25), u(0.04, 0.2)),
            (u(0.45, 0.55), 0.0),
            (u(0.68, 0.84), u(0.16, 0.24)),
            (waist + 0.04, height - 0.02),
            (waist + 0.08, height + 0.03),
            (u(0.7, 0.92), u(0.68, 0.78)),
            (u(0.4, 0.55), 1.0),
            (u(-0.06, 0.15), u(0.82, 0.98)),
        ]
    ]


def flat_top(hand: Hand) -> list[Stroke]:
    """A flat top and a diagonal into the lower bowl."""
    u = hand.between
    waist, height = u(0.18, 0.44), u(0.33, 0.48)
    return [
        [
            (u(0.03, 0.2), u(-0.02, 0.07)),
            (u(0.4, 0.5), u(-0.03, 0.03)),
            (u(0.7, 0.9), u(-0.02, 0.08), CORNER),
            (waist, height, CORNER),
            (waist + 0.25, height + 0.03),
            (u(0.75, 0.92), u(0.62, 0.76)),
            (u(0.45, 0.6), u(0.95, 1.0)),
            (u(-0.06, 0.15), u(0.82, 0.99)),
        ]
    ]


def zigzag(hand: Hand) -> list[Stroke]:
    """The top is an angle instead of a bowl: rising to the right, then a diagonal far back to the left."""
    u = hand.between
    waist, height = u(0.16, 0.42), u(0.3, 0.48)
    return [
        [
            (u(0.0, 0.2), u(0.04, 0.26)),
            (u(0.3, 0.42), u(0.0, 0.1)),
            (u(0.6, 0.72), u(-0.05, 0.02)),
            (u(0.7, 0.84), u(0.04, 0.1)),
            (u(0.45, 0.6), height * 0.65),
            (waist, height, CORNER),
            (waist + 0.26, height + u(0.0, 0.06)),
            (u(0.72, 0.95), u(0.58, 0.74)),
            (u(0.38, 0.62), u(0.88, 0.98)),
            (u(-0.14, 0.28), u(0.85, 1.06)),
        ]
    ]


def looped(hand: Hand) -> list[Stroke]:
    """The waist turns in a small loop."""
    u = hand.between
    waist, height, size = u(0.22, 0.42), u(0.42, 0.51), u(0.4, 1.1)
    return [
        [
            (u(0.03, 0.25), u(0.08, 0.22)),
            (u(0.45, 0.6), 0.0),
            (u(0.7, 0.86), u(0.14, 0.24)),
            (waist + 0.12, height),
            (waist - 0.06 * size, height + 0.04),
            (waist - 0.02, height - 0.07 * size),
            (waist + 0.2, height),
            (u(0.75, 0.93), u(0.66, 0.76)),
            (u(0.45, 0.6), 1.0),
            (u(-0.06, 0.15), u(0.82, 0.96)),
        ]
    ]


def curled(hand: Hand) -> list[Stroke]:
    """Hooked where it begins and where it ends."""
    u = hand.between
    waist, height = u(0.25, 0.5), u(0.4, 0.53)
    return [
        [
            (u(0.03, 0.2), u(0.16, 0.3)),
            (u(-0.02, 0.1), u(0.1, 0.18)),
            (u(0.22, 0.34), u(0.0, 0.05)),
            (u(0.48, 0.6), 0.0),
            (u(0.62, 0.86), u(0.14, 0.24)),
            (waist + 0.16, height - 0.08),
            (waist - u(0.0, 0.1), height, CORNER),
            (waist + 0.2, height + 0.03),
            (u(0.68, 0.96), u(0.64, 0.78)),
            (u(0.45, 0.6), u(0.96, 1.01)),
            (u(0.15, 0.28), u(0.95, 1.0)),
            (u(-0.08, 0.08), u(0.86, 0.94)),
            (u(-0.08, 0.12), u(0.74, 0.88)),
        ]
    ]


def uneven(hand: Hand) -> list[Stroke]:
    """A small head over a large bowl, or the reverse."""
    u = hand.between
    height, waist = u(0.29, 0.6), u(0.18, 0.46)
    return [
        [
            (u(0.03, 0.25), u(0.0, 0.16)),
            (u(0.4, 0.5), u(-0.02, 0.03)),
            (u(0.5, 0.82), height * u(0.3, 0.5)),
            (waist + 0.12, height - 0.04),
            (waist, height + u(-0.01, 0.03), CORNER),
            (waist + 0.24, height + 0.04),
            (u(0.7, 1.0), height + (1 - height) * u(0.35, 0.6)),
            (u(0.4, 0.55), 1.0),
            (u(-0.1, 0.15), u(0.84, 1.0)),
        ]
    ]


def tailed(hand: Hand) -> list[Stroke]:
    """The lower bowl does not curl back: it runs out in a tail."""
    u = hand.between
    waist, height = u(0.2, 0.5), u(0.36, 0.52)
    return [
        [
            (u(0.0, 0.25), u(0.02, 0.2)),
            (u(0.25, 0.4), u(-0.02, 0.05)),
            (u(0.55, 0.65), u(0.0, 0.04)),
            (u(0.68, 0.88), u(0.1, 0.2)),
            (waist + 0.12, height - 0.06),
            (waist, height, CORNER),
            (waist + 0.22, height + 0.05),
            (u(0.68, 0.9), u(0.6, 0.72)),
            (u(0.45, 0.62), u(0.84, 0.92)),
            (u(0.0, 0.3), u(0.94, 1.06)),
        ]
    ]
