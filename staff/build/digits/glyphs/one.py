"""Control points of the digit 1: one function per style (the conventions are in this folder's __init__)."""

from staff.build.digits.hand import Hand
from staff.build.digits.strokes import CORNER, Stroke


def bar(hand: Hand) -> list[Stroke]:
    """A single bar, slightly bowed."""
    bow, share = hand.bell(0.022), hand.between(0.3, 1.2)
    return [[(0.5, 0.0), (0.5 + bow, 0.33), (0.5 + bow * share, 0.67), (0.5, 1.0)]]


def hooked_bar(hand: Hand) -> list[Stroke]:
    """A bar whose pen lands or leaves with a short curve."""
    u, g = hand.between, hand.bell
    return [
        [(0.5 - u(-0.05, 0.1), u(0.0, 0.07)), (0.5, 0.14), (0.5 + g(0.015), 0.5), (0.5, 0.88), (0.5 + g(0.05), 1.0)]
    ]


def flag(hand: Hand) -> list[Stroke]:
    """A bar with a flag to the left of its top."""
    u, g = hand.between, hand.bell
    length = u(0.12, 0.42)
    return [
        [
            (0.5 - length * u(0.4, 0.85), length * u(0.6, 1.05)),
            (0.5 - length * 0.35, length * 0.32),
            (0.5, 0.0, CORNER),
            (0.5 + g(0.02), 0.5),
            (0.5, 1.0),
        ]
    ]


def with_foot(hand: Hand) -> list[Stroke]:
    """Flag and foot, as in print."""
    u, g = hand.between, hand.bell
    return [
        [(0.5 - u(0.06, 0.32), u(0.12, 0.32)), (0.5, 0.0, CORNER), (0.5, 0.5), (0.5, 1.0)],
        [(0.5 - u(0.16, 0.38), 1 + g(0.02)), (0.5 + u(0.16, 0.44), 1 + g(0.02))],
    ]
