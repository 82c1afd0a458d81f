"""Control points of the digit 9: one function per style (the conventions are in this folder's __init__)."""

from staff.build.digits.hand import Hand
from staff.build.digits.strokes import CORNER, Stroke, oval


def straight(hand: Hand) -> list[Stroke]:
    """A loop, a corner, a straight stem."""
    u = hand.between
    right, loop, lean = u(0.6, 0.83), u(0.33, 0.57), u(-0.08, 0.26)
    return [
        [
            (right - u(-0.02, 0.13), u(0.03, 0.18)),
            (u(0.4, 0.56), u(0.0, 0.03)),
            (u(0.14, 0.26), u(0.1, 0.18)),
            (u(0.04, 0.16), loop * u(0.6, 0.75)),
            (u(0.22, 0.34), loop),
            (u(0.46, 0.54), loop - u(0.04, 0.12)),
            (right - 0.06, loop * u(0.35, 0.6)),
            (right, u(0.05, 0.16), CORNER),
            (right - lean * 0.3, 0.5),
            (right - lean * 0.65, 0.75),
            (right - lean, 1.0),
        ]
    ]


def smooth(hand: Hand) -> list[Stroke]:
    """A loop that flows into the stem."""
    u = hand.between
    right, loop, lean = u(0.6, 0.83), u(0.33, 0.55), u(-0.05, 0.37)
    return [
        [
            (right - u(0.0, 0.15), u(0.01, 0.16)),
            (u(0.4, 0.54), u(0.0, 0.03)),
            (u(0.14, 0.26), u(0.1, 0.18)),
            (u(0.04, 0.14), loop * u(0.6, 0.75)),
            (u(0.22, 0.34), loop),
            (u(0.46, 0.56), loop - u(0.02, 0.1)),
            (right - 0.04, loop * u(0.4, 0.65)),
            (right + 0.03, loop * u(0.25, 0.4)),
            (right - lean * 0.2, 0.45),
            (right - lean * 0.6, 0.72),
            (right - lean, 1.0),
        ]
    ]


def tilted(hand: Hand) -> list[Stroke]:
    """A tilted oval whose end falls into the stem."""
    u = hand.between
    height, width, middle, start = u(0.33, 0.58), u(0.14, 0.31), u(0.32, 0.42), u(-72, -5)
    loop = oval(
        (middle, height / 2 + 0.02),
        (width, height / 2),
        start,
        -(350 + start * 0.6 + u(-10, 16)),
        9,
        0.0,
        u(-0.12, 0.52),
    )
    right, lean = middle + width * u(0.85, 1.15), u(-0.06, 0.32)
    return [[*loop, (right - lean * 0.15, 0.42 + height * 0.15), (right - lean * 0.6, 0.75), (right - lean, 1.0)]]


def curled(hand: Hand) -> list[Stroke]:
    """The stem curls back to the left."""
    u = hand.between
    right, loop = u(0.66, 0.87), u(0.35, 0.54)
    return [
        [
            (right - u(-0.04, 0.06), u(0.08, 0.2)),
            (u(0.42, 0.56), u(0.0, 0.02)),
            (u(0.1, 0.22), u(0.1, 0.18)),
            (u(0.04, 0.14), u(0.28, 0.37)),
            (u(0.24, 0.34), loop),
            (u(0.5, 0.6), loop - u(0.02, 0.08)),
            (right - 0.04, u(0.18, 0.26), CORNER),
            (right - 0.01, 0.55),
            (right - u(0.06, 0.18), 0.86),
            (u(0.36, 0.5), 1.0),
            (u(0.08, 0.28), u(0.88, 0.97)),
        ]
    ]


def lifted(hand: Hand) -> list[Stroke]:
    """A ring first, then a separate stem."""
    u = hand.between
    right, height, lean, width = u(0.6, 0.81), u(0.31, 0.55), u(-0.03, 0.24), u(0.19, 0.35)
    return [
        oval(
            (right - width, height / 2 + 0.01),
            (width, height / 2),
            u(-60, 0),
            -(360 + u(-52, 10)),
            9,
            0.0,
            u(-0.1, 0.52),
        ),
        [(right + u(-0.02, 0.07), u(-0.03, 0.13)), (right - lean * 0.3, 0.5), (right - lean, 1.0)],
    ]


def open_top(hand: Hand) -> list[Stroke]:
    """The loop is open at the top."""
    u = hand.between
    right, loop, lean = u(0.6, 0.86), u(0.33, 0.55), u(-0.06, 0.32)
    return [
        [
            (right - u(0.08, 0.29), u(0.0, 0.12)),
            (u(0.2, 0.32), u(0.08, 0.18)),
            (u(0.02, 0.12), loop * u(0.6, 0.78)),
            (u(0.2, 0.3), loop),
            (u(0.44, 0.54), loop - u(0.02, 0.12)),
            (right - 0.05, loop * u(0.3, 0.55)),
            (right, u(-0.03, 0.15), CORNER),
            (right - lean * 0.25, 0.48),
            (right - lean * 0.65, 0.75),
            (right - lean, 1.0),
        ]
    ]


def big_loop(hand: Hand) -> list[Stroke]:
    """A wide, deep loop on a short stem, like an a or a q."""
    u = hand.between
    right, loop, lean = u(0.7, 0.95), u(0.46, 0.72), u(-0.06, 0.2)
    return [
        [
            (right - u(-0.03, 0.08), u(0.04, 0.16)),
            (u(0.45, 0.62), u(0.0, 0.03)),
            (u(0.12, 0.28), u(0.1, 0.2)),
            (u(0.0, 0.1), loop * u(0.55, 0.72)),
            (u(0.16, 0.3), loop),
            (u(0.46, 0.58), loop - u(0.04, 0.14)),
            (right - 0.08, loop * u(0.4, 0.6)),
            (right, u(0.05, 0.16), CORNER),
            (right - lean * 0.3, 0.5),
            (right - lean * 0.65, 0.75),
            (right - lean, 1.0),
        ]
    ]


def short_stem(hand: Hand) -> list[Stroke]:
    """The pen begins right of the stem, and the stem begins below the top: the loop has a gap, as an S has."""
    u = hand.between
    right, loop, lean = u(0.6, 0.8), u(0.36, 0.54), u(-0.04, 0.28)
    return [
        [
            (right + u(-0.02, 0.2), u(0.0, 0.1)),
            (u(0.46, 0.58), u(-0.02, 0.03)),
            (u(0.16, 0.28), u(0.08, 0.16)),
            (u(0.02, 0.14), loop * u(0.6, 0.75)),
            (u(0.22, 0.34), loop),
            (u(0.46, 0.56), loop - u(0.02, 0.08)),
            (right, loop * u(0.5, 0.75), CORNER),
            (right - lean * 0.2, 0.55),
            (right - lean * 0.6, 0.78),
            (right - lean, 1.0),
        ]
    ]
