"""Build the word data: `python -m staff.build.words.build [--check]`.

Writes data/lang_id.npz: 17,500 words to train on, 500 to validate, 500 to test, as many of each language in every
split, no word twice. With `--hidden --seed N` writes another 500 words, test only, of the same kind and in no shipped
split, for grading with words that nobody has seen; choose your own N and keep the file to yourself.

Whether a word is shipped, and in which split, follows from a digest of the word itself. The same words in give the
same file out, and refusing one word leaves nearly all others where they were.
"""

import argparse
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np

from staff.build.archive import same_arrays, write_npz
from staff.build.words.candidates import encode, everyday_words, load_frequencies
from staff.build.words.languages import CHARACTERS, HELD_OUT_WORDS, LANGUAGES, LONGEST, TRAINING_WORDS
from startup import ending
from startup.project import PROJECT_DIRECTORY

SHIPPED_FILE = PROJECT_DIRECTORY / "data" / "lang_id.npz"
SHIPPED_SEED = 0
# Of the most frequent words, so many times the shipped ones are the pool that all splits are drawn from.
POOL_FACTOR = 1.25

Pool = Mapping[str, Mapping[int, Sequence[str]]]  # language code -> length -> words, the most frequent first
Row = tuple[int, str]  # language index, word


def shipped_splits(pool: Pool, seed: int = SHIPPED_SEED) -> dict[str, list[Row]]:
    """The rows of the splits "train", "dev" and "test". Raises ValueError where the pool holds too few words."""
    splits: dict[str, list[Row]] = {"train": [], "dev": [], "test": []}
    for index, language in enumerate(LANGUAGES):
        for length in TRAINING_WORDS:
            ordered = _pool_in_order(pool, language.code, length, seed)
            for split, rows in splits.items():
                count = (TRAINING_WORDS if split == "train" else HELD_OUT_WORDS).get(length, 0)
                rows += [(index, word) for word in ordered[:count]]
                ordered = ordered[count:]
    return splits


def hidden_rows(pool: Pool, seed: int, shipped_seed: int = SHIPPED_SEED) -> list[Row]:
    """Rows for a test that holds none of the shipped words, drawn by `seed`, of the same lengths and balance."""
    shipped = {word for rows in shipped_splits(pool, shipped_seed).values() for _, word in rows}
    hidden: list[Row] = []
    for index, language in enumerate(LANGUAGES):
        for length, count in HELD_OUT_WORDS.items():
            ordered = _pool_in_order(pool, language.code, length, shipped_seed)
            rest = [word for word in ordered if word not in shipped]
            rest.sort(key=lambda word: _draw(f"hidden {seed}", language.code, word))
            hidden += [(index, word) for word in rest[:count]]
    return hidden


def _pool_in_order(pool: Pool, code: str, length: int, seed: int) -> list[str]:
    """The pool of one language and length in the order in which splits are dealt from it."""
    needed = _needed(length)
    words = pool[code][length][: _pool_size(length)]
    if len(words) < needed + HELD_OUT_WORDS.get(length, 0):
        raise ValueError(f"{code}: {len(words)} words of {length} letters are too few for {needed} and a hidden test")
    return sorted(words, key=lambda word: _draw(str(seed), code, word))


def _needed(length: int) -> int:
    """How many words of one language and length are shipped."""
    return TRAINING_WORDS[length] + 2 * HELD_OUT_WORDS.get(length, 0)


def _pool_size(length: int) -> int:
    """How many words of one language and length all splits are drawn from."""
    return round(_needed(length) * POOL_FACTOR)


def _draw(seed: str, code: str, word: str) -> bytes:
    return sha256(f"{seed}/{code}/{word}".encode()).digest()


def split_arrays(split: str, rows: Sequence[Row], seed: int) -> dict[str, np.ndarray]:
    """The three arrays of one split.

    x (words, 10) int64: positions in `chars`, -1 after the last letter. y (words,) int64: the language.
    buckets (lengths, 2) int64: first row and row after the last, of each word length that occurs, shortest first.
    Within a length the languages are mixed.
    """
    ordered = sorted(rows, key=lambda row: (len(row[1]), _draw(f"order {seed}", LANGUAGES[row[0]].code, row[1])))
    x = np.full((len(ordered), LONGEST), -1, dtype=np.int64)
    for row, (_, word) in zip(x, ordered, strict=True):
        row[: len(word)] = encode(word)
    lengths = np.array([len(word) for _, word in ordered])
    present = np.unique(lengths)
    buckets = np.stack(
        [np.searchsorted(lengths, present, side="left"), np.searchsorted(lengths, present, side="right")], axis=1
    )  # (lengths, 2)
    y = np.array([language for language, _ in ordered], dtype=np.int64)
    return {f"{split}_x": x, f"{split}_y": y, f"{split}_buckets": buckets.astype(np.int64)}


def header_arrays() -> dict[str, np.ndarray]:
    """The arrays every word file starts with: chars (47,), language_codes (5,) and language_names (5,), of text."""
    return {
        "chars": np.array(list(CHARACTERS)),
        "language_codes": np.array([language.code for language in LANGUAGES]),
        "language_names": np.array([language.name for language in LANGUAGES]),
    }


def build(pool: Pool, seed: int = SHIPPED_SEED) -> dict[str, np.ndarray]:
    """All arrays of the shipped file, from the words of the five languages."""
    arrays = header_arrays()
    for split, rows in shipped_splits(pool, seed).items():
        arrays |= split_arrays(split, rows, seed)
    return arrays


def build_hidden(pool: Pool, seed: int) -> dict[str, np.ndarray]:
    """All arrays of a hidden test file."""
    return header_arrays() | split_arrays("test", hidden_rows(pool, seed), seed)


@cache
def load_pool() -> dict[str, dict[int, list[str]]]:
    """The clean words of the five languages, as many as are dealt from, from `wordfreq`; reading them takes seconds."""
    frequencies = load_frequencies()
    wanted = {length: _pool_size(length) for length in TRAINING_WORDS}
    return {language.code: everyday_words(language, frequencies, wanted=wanted) for language in LANGUAGES}


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status 0 when written or equal, 1 when `--check` finds another file, 2 for a usage error."""
    parser = argparse.ArgumentParser(
        prog="python -m staff.build.words.build", description=(__doc__ or "").split("\n\n")[1]
    )
    parser.add_argument("--seed", type=int, help=f"deals the splits (default {SHIPPED_SEED}); needed with --hidden")
    parser.add_argument("--output", type=Path, help="file to write or check (default data/lang_id.npz)")
    parser.add_argument("--hidden", action="store_true", help="write a test-only file of words that are not shipped")
    parser.add_argument("--check", action="store_true", help="compare with the file instead of writing it")
    arguments = parser.parse_args(argv)
    if arguments.hidden and (arguments.seed is None or arguments.output is None):
        parser.error("--hidden needs --seed N and --output FILE: the file is yours to choose and to keep")
    output = arguments.output or SHIPPED_FILE
    if arguments.check and not output.is_file():
        parser.error(f"{output}: there is no such file to check")
    pool = load_pool()
    seed = SHIPPED_SEED if arguments.seed is None else arguments.seed
    arrays = build_hidden(pool, seed) if arguments.hidden else build(pool, seed)
    if arguments.check:
        same = same_arrays(output, arrays)
        print(f"{output}: {'is what this builds' if same else 'differs from what this builds'}")
        return 0 if same else 1
    write_npz(output, arrays)
    words = sum(len(array) for name, array in arrays.items() if name.endswith("_y"))
    print(f"{output}: {words:,} words, {output.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    ending.run(main)
