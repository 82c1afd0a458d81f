"""Control points of the digit 5: one function per style (the conventions are in this folder's __init__)."""

from staff.build.digits.hand import Hand
from staff.build.digits.strokes import CORNER, Stroke


def two_strokes(hand: Hand) -> list[Stroke]:
    """Neck and bowl first, then the bar."""
    u = hand.between
    left, height, right = u(0.12, 0.3), u(0.36, 0.58), u(0.52, 0.92)
    return [
        [
            (left + u(0.0, 0.14), u(0.0, 0.08)),
            (left + u(-0.04, 0.05), height * 0.55),
            (left - u(0.0, 0.1), height, CORNER),
            (u(0.42, 0.52), height - u(0.0, 0.1)),
            (right, u(0.54, 0.68)),
            (right - u(0.02, 0.1), u(0.77, 0.88)),
            (right * u(0.45, 0.62), 1.0),
            (u(-0.06, 0.15), u(0.82, 0.98)),
        ],
        [(left + u(-0.02, 0.14), u(0.0, 0.1)), (u(0.5, 0.6), u(-0.03, 0.06)), (u(0.85, 1.18), u(-0.1, 0.06))],
    ]


def one_stroke(hand: Hand) -> list[Stroke]:
    """From the end of the bar, without lifting."""
    u = hand.between
    left, height, right = u(0.14, 0.32), u(0.36, 0.57), u(0.54, 0.96)
    return [
        [
            (u(0.82, 1.14), u(-0.08, 0.06)),
            (u(0.55, 0.65), u(-0.02, 0.06)),
            (left + 0.04, u(0.01, 0.09), CORNER),
            (left - u(-0.02, 0.09), height, CORNER),
            (u(0.45, 0.55), height - u(-0.03, 0.09)),
            (right, u(0.55, 0.7)),
            (right - u(0.04, 0.14), u(0.8, 0.9)),
            (right * u(0.4, 0.58), 1.0),
            (u(-0.07, 0.15), u(0.81, 0.99)),
        ]
    ]


def like_s(hand: Hand) -> list[Stroke]:
    """No corners, like an S."""
    u = hand.between
    left, height = u(0.1, 0.32), u(0.33, 0.47)
    return [
        [
            (u(0.8, 1.08), u(-0.04, 0.09)),
            (u(0.5, 0.6), u(-0.02, 0.03)),
            (left + 0.06, u(0.06, 0.14)),
            (left, height - 0.08),
            (left + 0.12, height + 0.03),
            (u(0.5, 0.58), height + u(0.04, 0.1)),
            (u(0.72, 0.87), u(0.64, 0.74)),
            (u(0.62, 0.73), u(0.85, 0.93)),
            (u(0.28, 0.45), 1.0),
            (u(-0.07, 0.1), u(0.83, 0.99)),
        ]
    ]


def curled(hand: Hand) -> list[Stroke]:
    """A narrow bowl that curls back."""
    u = hand.between
    left, height = u(0.2, 0.36), u(0.37, 0.5)
    return [
        [
            (left + 0.03, u(0.0, 0.07)),
            (left - u(0.0, 0.08), height, CORNER),
            (u(0.48, 0.58), height - u(-0.02, 0.08)),
            (u(0.72, 0.87), u(0.6, 0.7)),
            (u(0.55, 0.69), u(0.9, 0.97)),
            (u(0.3, 0.4), 1.0),
            (u(0.02, 0.15), u(0.88, 0.96)),
            (u(0.06, 0.25), u(0.73, 0.87)),
        ],
        [(left + u(-0.02, 0.12), u(0.0, 0.1)), (u(0.8, 1.15), u(-0.1, 0.06))],
    ]


def loose_bar(hand: Hand) -> list[Stroke]:
    """The bar hangs loose, away from the neck; the bowl nearly closes."""
    u = hand.between
    left, height, away = u(0.15, 0.34), u(0.33, 0.52), u(-0.1, 0.28)
    return [
        [
            (left + u(-0.02, 0.12), u(0.04, 0.18)),
            (left - u(-0.03, 0.1), height, CORNER),
            (u(0.4, 0.52), height - u(-0.03, 0.1)),
            (u(0.7, 0.92), u(0.54, 0.68)),
            (u(0.6, 0.8), u(0.84, 0.92)),
            (u(0.3, 0.48), 1.0),
            (u(0.0, 0.14), u(0.88, 0.98)),
            (u(-0.08, 0.2), u(0.7, 0.92)),
        ],
        [(left + away, u(-0.03, 0.11)), (left + away + u(0.38, 0.75), u(-0.15, 0.07))],
    ]


def tailed(hand: Hand) -> list[Stroke]:
    """The bowl does not curl back: it runs out in a tail."""
    u = hand.between
    left, height = u(0.18, 0.4), u(0.34, 0.52)
    return [
        [
            (u(0.75, 1.12), u(-0.08, 0.06)),
            (u(0.55, 0.65), u(-0.01, 0.06)),
            (left + 0.05, u(0.02, 0.1), CORNER),
            (left - u(-0.02, 0.09), height, CORNER),
            (u(0.48, 0.58), height - u(-0.04, 0.06)),
            (u(0.68, 0.84), u(0.54, 0.68)),
            (u(0.5, 0.66), u(0.82, 0.9)),
            (u(-0.05, 0.25), u(0.92, 1.05)),
        ]
    ]


def angular(hand: Hand) -> list[Stroke]:
    """Bar, neck and shelf meet in corners; the last stroke drops without curling back."""
    u = hand.between
    left, height, right = u(0.12, 0.35), u(0.32, 0.52), u(0.68, 0.92)
    return [
        [
            (u(0.7, 1.1), u(-0.08, 0.08)),
            (u(0.5, 0.6), u(-0.01, 0.06)),
            (left + 0.06, u(0.02, 0.12), CORNER),
            (left - u(-0.04, 0.1), height, CORNER),
            (u(0.4, 0.5), height - u(-0.03, 0.05)),
            (right - 0.06, height + u(0.0, 0.1)),
            (right, height + u(0.1, 0.22)),
            (right - u(0.05, 0.22), u(0.8, 0.9)),
            (right - u(0.05, 0.6), u(0.96, 1.04)),
        ]
    ]


def narrow(hand: Hand) -> list[Stroke]:
    """A long bar and neck over a narrow bowl, like a tall integral sign."""
    u = hand.between
    left, height, width = u(0.22, 0.4), u(0.36, 0.54), u(0.16, 0.36)
    return [
        [
            (u(0.8, 1.15), u(-0.1, 0.05)),
            (u(0.55, 0.66), u(-0.01, 0.05)),
            (left + 0.06, u(0.03, 0.1), CORNER),
            (left, height, CORNER),
            (left + width * 0.7, height + u(0.0, 0.08)),
            (left + width, u(0.62, 0.72)),
            (left + width * 0.7, u(0.86, 0.93)),
            (left + u(-0.06, 0.08), 1.0),
            (left - u(0.12, 0.35), u(0.84, 1.0)),
        ]
    ]
