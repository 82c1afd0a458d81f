"""Rows of a batch that mix are told, and nothing else is."""

from __future__ import annotations

import numpy as np

from grading.checks import rows

BATCH = np.arange(12.0).reshape(3, 4)
RIGHT = 2 * BATCH


def told(call) -> str:
    return rows.mixing(call, BATCH, RIGHT, 1e-6)


def test_rows_that_are_right_alone_and_wrong_together_are_told():
    found = told(lambda batch: 2 * batch + batch.sum(axis=0) - batch)
    assert "In the batch of 3, the rows 0, 1, 2 are wrong." in found
    assert rows.INDEPENDENT in found


def test_a_right_first_row_points_at_the_first_row():
    found = told(lambda batch: 2 * batch[:1].repeat(len(batch), axis=0))
    assert "In the batch of 3, the rows 1, 2 are wrong. Row 0 is right there, too." in found


def test_many_rows_are_counted():
    assert rows.listed([1, 2, 3, 4, 5]) == "5 rows are"
    assert rows.listed([4]) == "row 4 is"


def test_nothing_is_told_of_rows_that_are_right_or_wrong_alone_too():
    assert told(lambda batch: 2 * batch) == ""
    assert told(lambda batch: 3 * batch) == ""


def test_nothing_is_told_of_another_shape():
    assert told(lambda batch: 2 * batch.T) == ""
    assert rows.mixing(lambda batch: 3 * batch, BATCH[:1], RIGHT[:1], 1e-6) == ""
