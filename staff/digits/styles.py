"""Which styles each digit is written in, how often, and with what proportions."""

from dataclasses import dataclass

from staff.digits import styles_0_to_4 as low
from staff.digits import styles_5_to_9 as high
from staff.digits.strokes import Drawing


@dataclass(frozen=True)
class Digit:
    """How one digit is written.

    `styles` maps a drawing to how often it is used (relative weights). `stretch` is the usual width of the drawing's
    unit square, its height being 1; `slant` how far the top leans to the right of the bottom, as a fraction of the
    height; `pen` the usual pen radius in pixels of the final image; the `_spread`s are standard deviations, that of
    stretch and pen in natural logarithms. `jitter` scales how far the control points of this digit stray.
    """

    styles: dict[Drawing, float]
    stretch: float
    slant: float
    pen: float
    jitter: float
    stretch_spread: float = 0.2
    slant_spread: float = 0.22
    pen_spread: float = 0.245


DIGITS: tuple[Digit, ...] = (
    Digit(
        {
            low.zero_plain: 0.58, low.zero_clockwise: 0.12, low.zero_curled: 0.18, low.zero_hooked: 0.05,
            low.zero_open: 0.07,
        },
        stretch=1.04, slant=0.27, pen=1.38, jitter=0.75,
    ),
    Digit(
        {low.one_bar: 0.72, low.one_hooked_bar: 0.12, low.one_flag: 0.08, low.one_with_foot: 0.08},
        stretch=1.0, slant=0.26, pen=1.41, jitter=0.4, pen_spread=0.25,
    ),
    Digit(
        {
            low.two_plain: 0.28, low.two_looped: 0.22, low.two_angular: 0.1, low.two_big_loop: 0.13,
            low.two_long_foot: 0.09, low.two_raised_loop: 0.13, low.two_belly: 0.15,
        },
        stretch=0.92, slant=0.13, pen=1.23, jitter=1.0, slant_spread=0.26,
    ),
    Digit(
        {
            low.three_round: 0.28, low.three_soft: 0.16, low.three_flat_top: 0.12, low.three_looped: 0.09,
            low.three_curled: 0.09, low.three_zigzag: 0.14, low.three_uneven: 0.12, low.three_tailed: 0.14,
        },
        stretch=0.86, slant=0.06, pen=1.26, jitter=1.0,
    ),
    Digit(
        {
            low.four_open: 0.42, low.four_cup: 0.27, low.four_unlifted: 0.15, low.four_closed: 0.1,
            low.four_crossed: 0.06,
        },
        stretch=0.82, slant=0.3, slant_spread=0.27, pen=1.16, jitter=0.8,
    ),
    Digit(
        {
            high.five_two_strokes: 0.29, high.five_one_stroke: 0.23, high.five_like_s: 0.14, high.five_curled: 0.12,
            high.five_loose_bar: 0.1, high.five_tailed: 0.1, high.five_angular: 0.08, high.five_narrow: 0.08,
        },
        stretch=0.96, slant=0.1, slant_spread=0.27, pen=1.13, jitter=1.0,
    ),
    Digit(
        {
            high.six_curved: 0.27, high.six_low_loop: 0.26, high.six_straight: 0.15, high.six_wide: 0.1,
            high.six_open: 0.06, high.six_hooked: 0.03, high.six_crossing: 0.12, high.six_spiral: 0.12,
        },
        stretch=0.86, slant=0.08, pen=1.20, jitter=0.8,
    ),
    Digit(
        {
            high.seven_plain: 0.34, high.seven_serif: 0.14, high.seven_barred: 0.11, high.seven_serif_barred: 0.01,
            high.seven_curved_barred: 0.02, high.seven_curved: 0.14, high.seven_round: 0.13, high.seven_wavy: 0.06,
            high.seven_long_hook: 0.05,
        },
        stretch=0.84, slant=-0.02, pen=1.26, jitter=0.7,
    ),
    Digit(
        {
            high.eight_crossed: 0.38, high.eight_closed: 0.28, high.eight_open: 0.16, high.eight_two_rings: 0.08,
            high.eight_ribbon: 0.06, high.eight_big_head: 0.08,
        },
        stretch=0.95, slant=0.12, pen=1.13, jitter=0.7,
    ),
    Digit(
        {
            high.nine_straight: 0.21, high.nine_smooth: 0.19, high.nine_tilted: 0.23, high.nine_curled: 0.06,
            high.nine_lifted: 0.19, high.nine_open: 0.03, high.nine_big_loop: 0.08,
        },
        stretch=0.9, slant=0.17, pen=1.15, jitter=0.75,
    ),
)  # fmt: skip
