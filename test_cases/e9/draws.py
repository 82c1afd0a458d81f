"""Whether numbers are independent draws from the normal distribution N(0, 1), and what else they are."""

from __future__ import annotations

import numpy as np

from grading.outcomes import CheckFailed

ROWS, COLUMNS = 400, 50  # 20,000 draws: mean and deviation are known to 0.7%
MEAN, DEVIATION = 0.06, 0.05  # allowed; a sound answer is beyond in one of 10^10 runs
FOURTH = (
    2.4,
    3.6,
)  # of the fourth moment over the squared variance: 3 for a normal distribution, 1.8 for a uniform one
SAME = 1e-6


def require_normal(draws: np.ndarray, what: str, unit: str, wanted: float = 1.0) -> None:
    """Fail if draws (rows, columns) are not N(0, 1), each on its own.

    Args:
        draws: divided by the deviation that they should have.
        what: they are, such as "the noise of add_noise"; subject of the messages.
        unit: of one row, such as "image".
        wanted: the deviation that they should have, for messages.
    """
    if np.abs(draws).max() < SAME:
        raise CheckFailed(f"{what} is 0 everywhere. Each entry should have a draw of its own.")
    if np.ptp(draws, axis=0).max() < SAME:
        raise CheckFailed(f"{what} is the same in every {unit}. Each entry should have a draw of its own.")
    if np.ptp(draws, axis=1).max() < SAME:
        raise CheckFailed(f"{what} is one number for each {unit}. Each entry should have a draw of its own.")
    mean, deviation = float(draws.mean()), float(draws.std())
    fourth = float(((draws - mean) ** 4).mean() / deviation**4)
    if not FOURTH[0] <= fourth <= FOURTH[1]:
        kind = " Is the distribution uniform? Which function of torch draws from N(0, 1)?" if 1.6 < fourth < 2 else ""
        raise CheckFailed(
            f"{what} should have a normal distribution, whose fourth moment is 3 times the squared variance; got "
            f"{fourth:.2f}.{kind}"
        )
    if abs(mean) > MEAN:
        raise CheckFailed(f"{what} should have the mean 0; got {mean * wanted:.3f} over {draws.size:,} draws.")
    if abs(deviation - 1) > DEVIATION:
        raise CheckFailed(
            f"{what} should have the standard deviation {wanted:g}; got {deviation * wanted:.3f} over "
            f"{draws.size:,} draws."
        )


def is_unit(draws: np.ndarray, by: np.ndarray) -> bool:
    """Whether draws have the deviation 1 wherever `by` is small, middling or large; both of one shape."""
    order = np.argsort(by, axis=None)
    return all(abs(float(part.std()) - 1) <= DEVIATION for part in np.array_split(draws.ravel()[order], 3))
