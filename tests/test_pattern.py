"""Where the entries of an array differ, in words."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from grading.checks import expect, pattern

RIGHT = np.random.default_rng(1).standard_normal((4, 5))
TOLERANCE = 1e-6


def told(change: Callable[[np.ndarray], object], right: np.ndarray = RIGHT) -> str:
    """What is told of a copy that a function changes in place, or whose new value it returns."""
    found = right.copy()
    changed = change(found)
    return pattern.described(found if changed is None else np.asarray(changed, np.float64), right, TOLERANCE)


def put(*where) -> Callable[[np.ndarray], None]:
    """Put 0 at some positions."""

    def change(array: np.ndarray) -> None:
        for position in where:
            array[position] = 0

    return change


EVERY = slice(None)


@pytest.mark.parametrize(
    ("factor", "expected"),
    [
        (-4, "is -4 times the expected number."),
        (1 / 3, "is 0.3333 times the expected number."),
        (-0.5, "is -0.5 times the expected number."),
        (2 * (1 + 1e-7), "is 2 times the expected number."),  # float32
        (1.5, ""),
        (2.001, ""),
        (1000, ""),  # among so many factors, one is near by chance
        (0, ""),
        (np.nan, ""),
        (np.inf, ""),
        (1, ""),
    ],
)
def test_of_few_numbers_a_whole_factor_is_told(factor, expected):
    right = np.array([2.681471, -0.772314, 1.398825])
    one, all_three = (pattern.described(factor * part, part, TOLERANCE) for part in (right[:1], right))
    assert (one, all_three) == ((f"That {expected}", f"Each {expected}") if expected else ("", ""))


def test_few_numbers_of_the_wrong_sign_are_told_and_chances_are_not():
    right = np.array([2.681471, -0.772314, 1.398825])
    assert pattern.described(-right, right, TOLERANCE) == "They have the wrong sign."
    assert pattern.described(np.array(-2.681471), np.array(2.681471), TOLERANCE) == "The sign is wrong."
    assert pattern.described(np.array([2.0, 6.0]), np.array([1.0, 3.0]), TOLERANCE) == ""  # counts
    assert pattern.described(right * [2, 2, 3], right, TOLERANCE) == ""
    assert pattern.described(np.array(5.0), np.array(0.0), TOLERANCE) == ""


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (put(-1, (EVERY, -1)), "8 of 20 entries differ: the last row and the last column. They are all 0."),
        (put(0), "5 of 20 entries differ: the first row. They are all 0."),
        (put((EVERY, slice(3, None))), "8 of 20 entries differ: the last 2 columns. They are all 0."),
        (put(0, -1, (EVERY, [0, -1])), "14 of 20 entries differ: the border. They are all 0."),
        (put((EVERY, slice(None, None, 2))), "12 of 20 entries differ: every second column, from column 0 on. They"),
        (put((EVERY, 2)), "4 of 20 entries differ: column 2 (from 0). They are all 0."),
        (put((1, 2)), "Only the entry at [1, 2] differs. It is 0."),
        (lambda array: 2 * array, "All 20 entries differ. Each is 2 times the expected number."),
        (lambda array: array + 0.5, "All 20 entries differ. Each is 0.5 too large."),
        (lambda array: -array, "All 20 entries differ. They have the wrong sign."),
        (lambda array: array[::-1], "All 20 entries differ. The rows are in reverse order."),
        (lambda array: np.roll(array, 1, axis=1), "From the second column on, each column holds what belongs into"),
        (lambda array: np.maximum(array, 0), "all whose expected number is below 0. They are all 0."),
        (lambda array: np.round(array), "They are the expected numbers, rounded to whole numbers."),
        (lambda array: array, ""),
        (lambda array: array + np.random.default_rng(2).standard_normal(array.shape), ""),
        (lambda array: array.T, ""),  # of another shape
        (lambda array: np.full_like(array, np.nan), ""),
    ],
)
def test_what_wrong_entries_have_in_common_is_told(change, expected):
    found = told(change)
    assert expected in found
    assert bool(found) == bool(expected)


def test_a_square_matrix_tells_exchanged_dimensions_and_sides_of_its_diagonal():
    square = RIGHT[:, :4]
    assert "Rows and columns are exchanged." in told(lambda array: array.T, square)
    batch = np.random.default_rng(3).standard_normal((2, 4, 4))
    above = np.triu(np.ones((4, 4), bool), 1)
    assert "differ: those above the diagonal. They are all 0." in told(lambda array: np.where(above, 0, array), batch)
    assert "the last index of dimension 1" in told(put((EVERY, -1)), batch)


def test_a_row_of_numbers_has_entries():
    row = RIGHT[0].repeat(2) * np.arange(1, 11)
    assert told(put(slice(-2, None)), row) == "2 of 10 entries differ: the last 2 entries. They are all 0."
    assert "every third entry, from entry 1 on" in told(put(slice(1, None, 3)), row)


def test_an_exact_comparison_tells_the_pattern_behind_its_numbers():
    found = RIGHT.copy()
    found[0] = 7
    with pytest.raises(expect.Mismatch, match=r"5 of 20 entries differ: the first row\. They are all 7\. Look there\."):
        expect.close(found, RIGHT, TOLERANCE, "the result should be", "Look there.")
