"""The hidden test split: digits and words drawn from a secret, in no shipped file, for grading only."""

from __future__ import annotations

from hashlib import sha256

import numpy as np

from staff.build.archive import npz_bytes

TEST_DIGITS = 5000  # as many as the shipped test split
MIN_SEED_CHARACTERS = 8


def number(seed: str, purpose: str) -> int:
    """A number from the secret, one for each purpose; nothing of the secret can be read from it."""
    return int.from_bytes(sha256(f"hidden {purpose}/{seed}".encode()).digest()[:6], "big")


def digits_file(seed: str) -> bytes:
    """`test_images` (5000, 784) and `test_labels` (5000,), uint8, as an .npz archive."""
    from staff.build.digits.generate import generate

    images, labels = generate(TEST_DIGITS, number(seed, "digits"), "hidden")
    return npz_bytes({"test_images": images, "test_labels": labels})


def words_file(seed: str) -> bytes:
    """`test_x` (500, 10) and `test_y` (500,) of words that no shipped split holds, as an .npz archive."""
    from staff.build.words.build import build_hidden, load_pool

    arrays = build_hidden(load_pool(), number(seed, "words"))
    return npz_bytes({name: np.asarray(arrays[name]) for name in ("test_x", "test_y")})


def files(seed: str) -> dict[str, bytes]:
    """The hidden files by their place in autograder.zip."""
    return {"hidden/digits.npz": digits_file(seed), "hidden/words.npz": words_file(seed)}
