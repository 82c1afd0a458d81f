"""Which styles each digit is written in, how often, and with what proportions."""

from dataclasses import dataclass

from staff.build.digits.glyphs import eight, five, four, nine, one, seven, six, three, two, zero
from staff.build.digits.strokes import Drawing


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
            zero.plain: 0.58, zero.clockwise: 0.12, zero.curled: 0.18, zero.hooked: 0.05,
            zero.unclosed: 0.05,
        },
        stretch=1.04, slant=0.27, pen=1.38, jitter=0.75,
    ),
    Digit(
        {one.bar: 0.75, one.hooked_bar: 0.12, one.flag: 0.065, one.with_foot: 0.065},
        stretch=1.0, slant=0.26, pen=1.41, jitter=0.4, pen_spread=0.25,
    ),
    Digit(
        {
            two.plain: 0.28, two.looped: 0.22, two.angular: 0.1, two.big_loop: 0.13,
            two.long_foot: 0.09, two.raised_loop: 0.12, two.belly: 0.18,
        },
        stretch=0.92, slant=0.13, pen=1.23, jitter=1.0, slant_spread=0.26,
    ),
    Digit(
        {
            three.round_bowls: 0.28, three.soft: 0.16, three.flat_top: 0.12, three.looped: 0.09,
            three.curled: 0.09, three.zigzag: 0.14, three.uneven: 0.12, three.tailed: 0.14,
        },
        stretch=0.86, slant=0.06, pen=1.26, jitter=0.9,
    ),
    Digit(
        {
            four.open_top: 0.42, four.cup: 0.27, four.unlifted: 0.12, four.closed: 0.1,
            four.crossed: 0.06,
        },
        stretch=0.84, slant=0.3, slant_spread=0.27, pen=1.16, jitter=0.8,
    ),
    Digit(
        {
            five.two_strokes: 0.29, five.one_stroke: 0.23, five.like_s: 0.14, five.curled: 0.12,
            five.loose_bar: 0.1, five.tailed: 0.1, five.angular: 0.08, five.narrow: 0.08,
        },
        stretch=0.96, slant=0.1, slant_spread=0.27, pen=1.13, jitter=0.88,
    ),
    Digit(
        {
            six.curved: 0.27, six.low_loop: 0.26, six.straight: 0.15, six.wide: 0.08,
            six.unclosed: 0.06, six.hooked: 0.03, six.crossing: 0.12, six.spiral: 0.09,
        },
        stretch=0.86, slant=0.08, pen=1.20, jitter=0.8,
    ),
    Digit(
        {
            seven.plain: 0.33, seven.serif: 0.13, seven.barred: 0.14, seven.serif_barred: 0.01,
            seven.curved_barred: 0.04, seven.curved: 0.14, seven.round_shoulder: 0.11, seven.wavy: 0.06,
            seven.long_hook: 0.05,
        },
        stretch=0.84, slant=-0.02, pen=1.26, jitter=0.6, stretch_spread=0.17,
    ),
    Digit(
        {
            eight.crossed: 0.38, eight.closed: 0.28, eight.open_top: 0.16, eight.two_rings: 0.1,
            eight.ribbon: 0.05, eight.big_head: 0.07, eight.mirrored: 0.04,
            eight.delta: 0.06,
        },
        stretch=0.95, slant=0.12, pen=1.13, jitter=0.65,
    ),
    Digit(
        {
            nine.straight: 0.24, nine.smooth: 0.19, nine.tilted: 0.2, nine.curled: 0.06,
            nine.lifted: 0.18, nine.open_top: 0.02, nine.big_loop: 0.07,
            nine.short_stem: 0.06,
        },
        stretch=0.9, slant=0.17, pen=1.14, jitter=0.6, stretch_spread=0.14,
    ),
)  # fmt: skip
