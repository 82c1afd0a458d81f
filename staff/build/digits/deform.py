"""What a hand adds to a drawing: it wobbles smoothly, leans, turns and stretches."""

import numpy as np

from staff.build.digits.hand import Floats, Hand

WARP = 0.11  # deviation of the coefficients of the smooth warp, per unit of amplitude
WAVE = 0.012  # height of a slow wave over the page, in units of the digit's height
TURN = 0.10  # deviation of the rotation, in radians


def deform(paths: Floats, hand: Hand, amplitude: Floats, stretch: Floats, slant: Floats) -> Floats:
    """Bends, stretches, slants and turns `paths` (count, points, 2); the other arguments are of shape (count,).

    The warp is a random polynomial of second and third degree: it moves neighbouring points alike, so strokes bend
    but do not tear. Returns paths around the origin, still about one unit high.
    """
    x, y = paths[..., 0] - np.float32(0.5), paths[..., 1] - np.float32(0.5)  # (count, points)
    amplitude = amplitude[:, None]
    terms = np.stack([x * x - 0.1, x * y, y * y - 0.1, 2 * x * x * y, 2 * x * y * y, 2 * y**3, 2 * x**3], axis=-1)
    warp = np.matmul(terms, hand.bell(WARP, 7, 2) * amplitude[:, :, None])  # (count, points, 2)
    moved = []
    for axis, start in enumerate((x, y)):
        phase = hand.between(0, 2 * np.pi, 1) + hand.bell(5, 1) * x + hand.bell(5, 1) * y
        moved.append(start + warp[..., axis] + hand.bell(WAVE, 1) * amplitude * np.sin(phase))
    x, y = moved

    x = x * stretch[:, None] - slant[:, None] * y
    turn = hand.bell(TURN, 1)
    cosine, sine = np.cos(turn), np.sin(turn)
    return np.stack([x * cosine - y * sine, x * sine + y * cosine], axis=-1)
