"""Control points of the digit 6: one function per style (the conventions are in this folder's __init__)."""

from staff.build.digits.hand import Hand
from staff.build.digits.strokes import Stroke


def curved(hand: Hand) -> list[Stroke]:
    """A bowed stem into a loop that closes on it."""
    u = hand.between
    loop, right = u(0.46, 0.66), u(0.62, 0.9)
    return [
        [
            (u(0.42, 0.82), u(-0.02, 0.04)),
            (u(0.25, 0.42), u(0.17, 0.26)),
            (u(0.1, 0.18), u(0.44, 0.54)),
            (u(0.02, 0.1), u(0.72, 0.8)),
            (u(0.24, 0.34), 1.0),
            (right * 0.8, u(0.93, 1.0)),
            (right, u(0.68, 0.79)),
            (right * 0.78, loop),
            (0.34, loop + u(0.12, 0.26)),
            (u(0.1, 0.28), u(0.8, 0.95)),
        ]
    ]


def low_loop(hand: Hand) -> list[Stroke]:
    """A long stem over a low loop."""
    u = hand.between
    loop, right = u(0.48, 0.68), u(0.55, 0.86)
    return [
        [
            (u(0.38, 0.76), u(-0.02, 0.05)),
            (u(0.15, 0.3), u(0.25, 0.32)),
            (u(0.02, 0.1), u(0.6, 0.68)),
            (u(0.12, 0.2), u(0.9, 0.96)),
            (u(0.38, 0.46), 1.0),
            (right, u(0.8, 0.88)),
            (right * 0.94, u(0.64, 0.72)),
            (right * 0.74, loop),
            (u(0.28, 0.4), loop + u(0.1, 0.22)),
            (u(0.12, 0.3), loop + u(0.2, 0.36)),
        ]
    ]


def straight(hand: Hand) -> list[Stroke]:
    """A straight stem, like a b."""
    u = hand.between
    loop, right, top = u(0.48, 0.68), u(0.55, 0.86), u(0.05, 0.34)
    return [
        [
            (top, 0.0),
            (top * 0.85 - 0.02, 0.35),
            (top * 0.5, 0.72),
            (0.12, 0.94),
            (0.36, 1.0),
            (right, u(0.8, 0.88)),
            (right * 0.9, loop + 0.06),
            (right * 0.64, loop),
            (0.28, loop + u(0.08, 0.18)),
            (u(0.04, 0.2), u(0.78, 0.92)),
        ]
    ]


def wide(hand: Hand) -> list[Stroke]:
    """A short stem, a large loop, its tail inside."""
    u = hand.between
    loop, right, top = u(0.42, 0.58), u(0.7, 1.0), u(0.2, 0.6)
    return [
        [
            (top, u(-0.02, 0.03)),
            (top * 0.5 + 0.04, u(0.2, 0.3)),
            (u(0.02, 0.1), u(0.5, 0.6)),
            (u(0.06, 0.14), u(0.82, 0.9)),
            (u(0.32, 0.44), 1.0),
            (right * 0.88, u(0.88, 0.95)),
            (right, u(0.62, 0.72)),
            (right * 0.8, loop + 0.03),
            (right * 0.55, loop + u(0.04, 0.14)),
            (u(0.24, 0.38), loop + u(0.18, 0.3)),
            (u(0.14, 0.36), u(0.82, 0.96)),
        ]
    ]


def unclosed(hand: Hand) -> list[Stroke]:
    """The loop stops before it meets the stem."""
    u = hand.between
    loop, right = u(0.5, 0.7), u(0.55, 0.9)
    return [
        [
            (u(0.33, 0.78), u(-0.02, 0.04)),
            (u(0.15, 0.3), u(0.22, 0.32)),
            (u(0.02, 0.1), u(0.6, 0.7)),
            (u(0.16, 0.26), u(0.94, 1.0)),
            (right * 0.75, u(0.95, 1.01)),
            (right, u(0.74, 0.84)),
            (right * 0.85, loop),
            (u(0.35, 0.5), loop - u(-0.02, 0.05)),
            (u(0.22, 0.35), loop + u(0.0, 0.12)),
        ]
    ]


def hooked(hand: Hand) -> list[Stroke]:
    """The stem begins with a hook to the right that bends down."""
    u = hand.between
    loop, right = u(0.46, 0.62), u(0.62, 0.92)
    return [
        [
            (u(0.68, 0.9), u(0.04, 0.14)),
            (u(0.5, 0.64), u(-0.03, 0.03)),
            (u(0.22, 0.36), u(0.16, 0.26)),
            (u(0.03, 0.12), u(0.52, 0.64)),
            (u(0.12, 0.2), u(0.88, 0.95)),
            (u(0.36, 0.46), 1.0),
            (right, u(0.8, 0.88)),
            (right * 0.9, u(0.62, 0.7)),
            (right * 0.66, loop),
            (u(0.24, 0.36), loop + u(0.08, 0.2)),
            (u(0.08, 0.22), u(0.8, 0.92)),
        ]
    ]


def spiral(hand: Hand) -> list[Stroke]:
    """A short stem and a wide loop that ends inside, on its own floor."""
    u = hand.between
    loop, right, top = u(0.32, 0.52), u(0.8, 1.08), u(0.1, 0.48)
    return [
        [
            (top, u(-0.02, 0.03)),
            (top * 0.5, u(0.24, 0.34)),
            (u(-0.04, 0.06), u(0.58, 0.7)),
            (u(0.08, 0.18), u(0.88, 0.95)),
            (u(0.36, 0.46), 1.0),
            (right - 0.14, u(0.84, 0.92)),
            (right, u(0.58, 0.68)),
            (right - 0.12, loop + 0.04),
            (right - 0.32, loop + u(0.0, 0.06)),
            (u(0.36, 0.5), loop + u(0.16, 0.26)),
            (u(0.3, 0.5), u(0.78, 1.0)),
        ]
    ]


def crossing(hand: Hand) -> list[Stroke]:
    """The end of the loop crosses the stem and runs out to the left."""
    u = hand.between
    loop, right, stem = u(0.48, 0.66), u(0.72, 1.0), u(0.14, 0.32)
    return [
        [
            (stem + u(0.12, 0.4), u(-0.02, 0.04)),
            (stem + u(0.02, 0.14), u(0.22, 0.3)),
            (stem, u(0.55, 0.66)),
            (stem + u(0.02, 0.12), u(0.88, 0.95)),
            (stem + u(0.18, 0.32), 1.0),
            (right - 0.05, u(0.86, 0.94)),
            (right, u(0.7, 0.78)),
            (right - u(0.12, 0.24), loop),
            (stem + u(0.14, 0.28), loop + u(0.08, 0.18)),
            (stem - u(0.1, 0.3), u(0.8, 1.0)),
        ]
    ]
