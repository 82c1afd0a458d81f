"""Control points of the digits 0 to 4: one function per style, each returning the strokes a pen makes.

The unit square is the digit's box: x to the right, y down; a little outside it is allowed. `u(low, high)` varies
evenly between writers, `g(deviation)` varies around zero. A number that several points share keeps them together.
"""

from staff.digits.hand import Hand
from staff.digits.strokes import CORNER, Stroke, oval


def zero_plain(hand: Hand) -> list[Stroke]:
    """One anticlockwise turn that stops short, meets, or runs over its start."""
    u, g = hand.between, hand.bell
    return [oval((0.5, 0.5), (u(0.24, 0.5), 0.5), u(-135, -30), -(360 + u(-20, 36)), 11, g(0.06))]


def zero_clockwise(hand: Hand) -> list[Stroke]:
    """The same, turned the other way, from a seam at the top left with more or less of a lead-in."""
    u, g = hand.between, hand.bell
    turn = oval((0.5, 0.5), (u(0.26, 0.5), 0.5), u(-140, -80), 360 + u(-18, 30), 11, g(0.06))
    return [[(turn[0][0] - u(0.0, 0.3), turn[0][1] + u(-0.08, 0.1)), *turn]]


def zero_curled(hand: Hand) -> list[Stroke]:
    """Runs past its start and ends in a tail inside or across the top."""
    u, g = hand.between, hand.bell
    turn = oval((0.5, 0.5), (u(0.26, 0.5), 0.5), u(-95, -15), -u(335, 375), 10, g(0.06))
    end_x, end_y = turn[-1][0], turn[-1][1]
    return [[*turn, (end_x - u(0.05, 0.42), end_y + u(-0.08, 0.22))]]


def zero_hooked(hand: Hand) -> list[Stroke]:
    """Begins with a small hook from the right, as if coming from a 6."""
    u, g = hand.between, hand.bell
    turn = oval((0.5, 0.52), (u(0.28, 0.5), 0.48), u(-100, -60), -u(350, 385), 11, g(0.05))
    return [[(0.5 + u(0.1, 0.34), u(-0.04, 0.16)), *turn]]


def zero_open(hand: Hand) -> list[Stroke]:
    """Stays open, or its ends pass each other, at the top right."""
    u, g = hand.between, hand.bell
    start = u(-75, -20)
    turn = oval((0.5, 0.5), (u(0.3, 0.5), 0.5), start, -(330 + u(-25, 20)), 10, g(0.08))
    return [[(turn[0][0] + u(0.0, 0.22), turn[0][1] - u(-0.08, 0.12)), *turn[1:]]]


def one_bar(hand: Hand) -> list[Stroke]:
    """A single bar, slightly bowed."""
    bow, share = hand.bell(0.022), hand.between(0.3, 1.2)
    return [[(0.5, 0.0), (0.5 + bow, 0.33), (0.5 + bow * share, 0.67), (0.5, 1.0)]]


def one_hooked_bar(hand: Hand) -> list[Stroke]:
    """A bar whose pen lands or leaves with a short curve."""
    u, g = hand.between, hand.bell
    return [[(0.5 - u(-0.05, 0.1), u(0.0, 0.07)), (0.5, 0.14), (0.5 + g(0.015), 0.5), (0.5, 0.88), (0.5 + g(0.05), 1.0)]]


def one_flag(hand: Hand) -> list[Stroke]:
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


def one_with_foot(hand: Hand) -> list[Stroke]:
    """Flag and foot, as in print."""
    u, g = hand.between, hand.bell
    return [
        [(0.5 - u(0.06, 0.32), u(0.12, 0.32)), (0.5, 0.0, CORNER), (0.5, 0.5), (0.5, 1.0)],
        [(0.5 - u(0.16, 0.38), 1 + g(0.02)), (0.5 + u(0.16, 0.44), 1 + g(0.02))],
    ]


def two_plain(hand: Hand) -> list[Stroke]:
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


def two_looped(hand: Hand) -> list[Stroke]:
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


def two_angular(hand: Hand) -> list[Stroke]:
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


def two_big_loop(hand: Hand) -> list[Stroke]:
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


def two_raised_loop(hand: Hand) -> list[Stroke]:
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


def two_belly(hand: Hand) -> list[Stroke]:
    """The stem stays right and turns round a belly; the belly's end rises, crosses the stem and becomes the foot."""
    u = hand.between
    right, start, left, top = u(0.56, 0.84), u(0.06, 0.36), u(0.0, 0.2), u(0.54, 0.74)
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
            (right - 0.04, top + u(0.08, 0.18)),
            (u(0.9, 1.16), top + u(0.14, 0.42)),
        ]
    ]


def two_long_foot(hand: Hand) -> list[Stroke]:
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


def three_round(hand: Hand) -> list[Stroke]:
    """Two bowls that meet in a corner."""
    u = hand.between
    waist, height = u(0.16, 0.46), u(0.4, 0.53)
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
            (u(0.2, 0.3), u(0.93, 1.0)),
            (u(-0.06, 0.15), u(0.78, 0.96)),
        ]
    ]


def three_soft(hand: Hand) -> list[Stroke]:
    """Two bowls joined by a dent instead of a corner."""
    u = hand.between
    waist, height = u(0.3, 0.56), u(0.42, 0.5)
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


def three_flat_top(hand: Hand) -> list[Stroke]:
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


def three_zigzag(hand: Hand) -> list[Stroke]:
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


def three_looped(hand: Hand) -> list[Stroke]:
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


def three_curled(hand: Hand) -> list[Stroke]:
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


def three_uneven(hand: Hand) -> list[Stroke]:
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


def three_tailed(hand: Hand) -> list[Stroke]:
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


def four_open(hand: Hand) -> list[Stroke]:
    """An L and a separate stem, open at the top."""
    u, g = hand.between, hand.bell
    bar, left, stem = u(0.43, 0.63), u(0.0, 0.12), u(0.6, 0.86)
    return [
        [
            (left + u(0.02, 0.24), u(-0.04, 0.14)),
            (left + u(0.0, 0.08), bar * 0.6),
            (left, bar, CORNER),
            (0.45, bar + g(0.02)),
            (u(0.82, 1.12), bar - 0.03 + g(0.045)),
        ],
        [(stem + u(-0.03, 0.12), u(-0.02, 0.24)), (stem + g(0.02), 0.5), (stem - u(-0.06, 0.1), 1.0)],
    ]


def four_cup(hand: Hand) -> list[Stroke]:
    """A round cup against a stem, like a y."""
    u = hand.between
    bar, stem, lean = u(0.4, 0.62), u(0.7, 0.88), u(-0.02, 0.22)
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


def four_unlifted(hand: Hand) -> list[Stroke]:
    """One stroke, like lightning: down, across, up, down."""
    u = hand.between
    bar, stem = u(0.4, 0.6), u(0.65, 0.86)
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


def four_closed(hand: Hand) -> list[Stroke]:
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


def four_crossed(hand: Hand) -> list[Stroke]:
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
