"""Control points of the digits 5 to 9: one function per style (styles_0_to_4.py explains the conventions)."""

from staff.digits.hand import Hand
from staff.digits.strokes import CORNER, Stroke, oval


def five_two_strokes(hand: Hand) -> list[Stroke]:
    """Neck and bowl first, then the bar."""
    u = hand.between
    left, height, right = u(0.13, 0.3), u(0.36, 0.56), u(0.56, 0.86)
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


def five_one_stroke(hand: Hand) -> list[Stroke]:
    """From the end of the bar, without lifting."""
    u = hand.between
    left, height, right = u(0.15, 0.32), u(0.36, 0.54), u(0.58, 0.88)
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


def five_like_s(hand: Hand) -> list[Stroke]:
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


def five_curled(hand: Hand) -> list[Stroke]:
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


def five_loose_bar(hand: Hand) -> list[Stroke]:
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


def five_tailed(hand: Hand) -> list[Stroke]:
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


def five_angular(hand: Hand) -> list[Stroke]:
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


def five_narrow(hand: Hand) -> list[Stroke]:
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


def six_curved(hand: Hand) -> list[Stroke]:
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
            (right, u(0.72, 0.82)),
            (right * 0.74, loop),
            (0.34, loop + u(0.08, 0.2)),
            (u(0.1, 0.28), u(0.8, 0.95)),
        ]
    ]


def six_low_loop(hand: Hand) -> list[Stroke]:
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
            (right, u(0.82, 0.9)),
            (right * 0.92, u(0.66, 0.74)),
            (right * 0.7, loop),
            (u(0.28, 0.4), loop + u(0.06, 0.16)),
            (u(0.12, 0.3), loop + u(0.2, 0.36)),
        ]
    ]


def six_straight(hand: Hand) -> list[Stroke]:
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


def six_wide(hand: Hand) -> list[Stroke]:
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


def six_open(hand: Hand) -> list[Stroke]:
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


def six_hooked(hand: Hand) -> list[Stroke]:
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


def six_spiral(hand: Hand) -> list[Stroke]:
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


def six_crossing(hand: Hand) -> list[Stroke]:
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


def seven_plain(hand: Hand) -> list[Stroke]:
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


def seven_serif(hand: Hand) -> list[Stroke]:
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


def seven_round(hand: Hand) -> list[Stroke]:
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


def seven_wavy(hand: Hand) -> list[Stroke]:
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


def seven_curved(hand: Hand) -> list[Stroke]:
    """Bar and drop in one curve."""
    u = hand.between
    foot = u(0.18, 0.52)
    return [
        [
            (u(-0.02, 0.15), u(0.03, 0.24)),
            (u(0.25, 0.35), u(0.0, 0.08)),
            (u(0.6, 0.7), u(-0.02, 0.04)),
            (u(0.82, 0.93), u(0.1, 0.2)),
            (u(0.7, 0.8), u(0.36, 0.46)),
            (foot + 0.14, 0.72),
            (foot, 1.0),
        ]
    ]


def seven_long_hook(hand: Hand) -> list[Stroke]:
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
    height, middle, half = u(0.42, 0.62), u(0.41, 0.6), u(0.12, 0.38)
    return [*strokes, [(middle - half, height + 0.02 + g(0.04)), (middle + half, height - 0.03 + g(0.04))]]


def seven_barred(hand: Hand) -> list[Stroke]:
    """A plain 7 with a bar through its drop."""
    return _barred(seven_plain(hand), hand)


def seven_serif_barred(hand: Hand) -> list[Stroke]:
    """A 7 with serif and bar."""
    return _barred(seven_serif(hand), hand)


def seven_curved_barred(hand: Hand) -> list[Stroke]:
    """A curved 7 with a bar."""
    return _barred(seven_curved(hand), hand)


def eight_crossed(hand: Hand) -> list[Stroke]:
    """From the top right: an S down, then up again across it."""
    u = hand.between
    head, bowl, waist, open_by = u(0.17, 0.4), u(0.14, 0.36), u(0.39, 0.59), u(-0.06, 0.22)
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


def eight_closed(hand: Hand) -> list[Stroke]:
    """The same turn, begun and closed at the top."""
    u = hand.between
    head, bowl, waist, start = u(0.17, 0.4), u(0.15, 0.38), u(0.37, 0.57), u(-0.1, 0.12)
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


def eight_open(hand: Hand) -> list[Stroke]:
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


def eight_ribbon(hand: Hand) -> list[Stroke]:
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


def eight_big_head(hand: Hand) -> list[Stroke]:
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


def eight_two_rings(hand: Hand) -> list[Stroke]:
    """Two rings, one on the other."""
    u, g = hand.between, hand.bell
    waist = u(0.36, 0.53)
    return [
        oval((0.5 + g(0.04), waist / 2), (u(0.16, 0.33), waist / 2), u(-120, -30), -(360 + u(-15, 25)), 9, 0.0, g(0.25)),
        oval((0.5, (1 + waist) / 2), (u(0.2, 0.37), (1 - waist) / 2), u(-110, -60), -(360 + u(-15, 25)), 9, 0.0, g(0.2)),
    ]


def nine_straight(hand: Hand) -> list[Stroke]:
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


def nine_smooth(hand: Hand) -> list[Stroke]:
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


def nine_tilted(hand: Hand) -> list[Stroke]:
    """A tilted oval whose end falls into the stem."""
    u, g = hand.between, hand.bell
    height, width, middle, start = u(0.33, 0.58), u(0.16, 0.31), u(0.32, 0.42), u(-72, -5)
    loop = oval(
        (middle, height / 2 + 0.02), (width, height / 2), start, -(350 + start * 0.6 + u(-10, 16)), 9, 0.0, u(-0.15, 0.62)
    )
    right, lean = middle + width * u(0.85, 1.15), u(-0.06, 0.32)
    return [[*loop, (right - lean * 0.15, 0.42 + height * 0.15), (right - lean * 0.6, 0.75), (right - lean, 1.0)]]


def nine_curled(hand: Hand) -> list[Stroke]:
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


def nine_lifted(hand: Hand) -> list[Stroke]:
    """A ring first, then a separate stem."""
    u = hand.between
    right, height, lean, width = u(0.6, 0.81), u(0.31, 0.55), u(-0.03, 0.24), u(0.19, 0.35)
    return [
        oval((right - width, height / 2 + 0.01), (width, height / 2), u(-60, 0), -(360 + u(-52, 10)), 9, 0.0, u(-0.1, 0.52)),
        [(right + u(-0.02, 0.07), u(-0.03, 0.13)), (right - lean * 0.3, 0.5), (right - lean, 1.0)],
    ]


def nine_open(hand: Hand) -> list[Stroke]:
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


def nine_big_loop(hand: Hand) -> list[Stroke]:
    """A wide, deep loop on a short stem, like an a or a q."""
    u = hand.between
    right, loop, lean = u(0.72, 0.95), u(0.48, 0.68), u(-0.08, 0.2)
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
