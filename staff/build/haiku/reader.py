"""Fit the chatbot's reader of messages: `python -m staff.build.haiku.reader [--check | --evaluate]`.

Reads messages_examples.txt and the lists of data/haiku_themes.txt, each of whose words counts as a message of its own;
writes data/haiku_reader.npz. The fit is ridge regression of themes on features (Hoerl and Kennard, 1970), solved in
its dual form, which has an equation for each example instead of one for each feature. `--evaluate` tells how often the
reader finds a theme of the messages on the lists for tuning, measuring and grading.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
import torch

from data.haiku import themes
from haiku_bot.messages import normalize, understand
from haiku_bot.reader import MAX_THEMES, PATH, features_of
from staff.build import archive
from staff.build.haiku.lists import EXAMPLES, GRADED, LISTS
from startup import ending
from test_cases.q8.answers import read_messages

RIDGE = 0.5  # times the identity, added to the Gram matrix of examples, whose diagonal is 1
FEWEST = 2  # examples that a pair of words must stand in


def labelled() -> list[tuple[tuple[str, ...], list[str]]]:
    """Everything that is fitted to: themes, and the words of a message."""
    found = [(names, normalize(message).split()) for names, message in read_messages(EXAMPLES)]
    for theme in themes().values():
        words = [*theme.name.split(), *theme.asked_by, *theme.shown_by]
        found += [((theme.name,), normalize(word).split()) for word in dict.fromkeys(words)]
    return found


def known_features(examples: list[tuple[tuple[str, ...], list[str]]]) -> tuple[list[str], np.ndarray]:
    """The features that weights are fitted for, sorted, and the logarithm of how rare each is: float64 (features,)."""
    counts = Counter(feature for _, words in examples for feature in features_of(words))
    kept = sorted(feature for feature, count in counts.items() if " " not in feature or count >= FEWEST)
    return kept, np.log(len(examples) / np.array([counts[feature] for feature in kept]))


def fit(examples: list[tuple[tuple[str, ...], list[str]]]) -> dict[str, np.ndarray]:
    """The arrays of the reader's file; takes 15 s and 3 GB for all examples."""
    rows = [features_of(words) for _, words in examples]
    kept, rarity = known_features(examples)
    numbers = {feature: number for number, feature in enumerate(kept)}

    places, values = [], []
    for number, row in enumerate(rows):
        known = [numbers[feature] for feature in row if feature in numbers]
        weights = rarity[known] / np.linalg.norm(rarity[known])
        places += [(number, feature) for feature in known]
        values += weights.tolist()
    shape = (len(rows), len(kept))
    inputs = torch.sparse_coo_tensor(torch.tensor(places).T, torch.tensor(values), shape, check_invariants=True)
    inputs = inputs.coalesce()  # (examples, features)
    order = list(themes())
    targets = torch.zeros(len(rows), len(order))
    for number, (names, _) in enumerate(examples):
        for place, name in enumerate(names):
            targets[number, order.index(name)] = 1 / (1 + place)
    gram = torch.sparse.mm(inputs, inputs.T.to_dense()) + RIDGE * torch.eye(len(rows))  # (examples, examples)
    dual = torch.cholesky_solve(targets, torch.linalg.cholesky(gram))  # (examples, themes)
    weights = torch.sparse.mm(inputs.T, dual).numpy()  # (features, themes)

    strongest = np.sort(np.argsort(-np.abs(weights), axis=1, kind="stable")[:, :MAX_THEMES], axis=1)
    worths = np.take_along_axis(weights, strongest, axis=1)
    unit = np.float32(np.abs(worths).max() / 127)
    return {
        "features": np.frombuffer("\n".join(kept).encode("utf-8"), np.uint8),
        "rarity": rarity.astype(np.float16),
        "themes": strongest.astype(np.uint8),
        "worths": np.round(worths / unit).astype(np.int8),
        "unit": np.array(unit, np.float32),
    }


def found_shares(path: Path) -> tuple[int, float, float]:
    """Of the messages of a list that ask for a theme: how many, how often the first guess is one, and any guess is."""
    asked = [(set(names), understand(message).themes) for names, message in read_messages(path) if names]
    first = sum(guesses[0] in names for names, guesses in asked)
    either = sum(bool(names & set(guesses)) for names, guesses in asked)
    return len(asked), first / len(asked), either / len(asked)


def main(argv: list[str] | None = None) -> int:
    """Fit and write, compare, or evaluate; 1 if the shipped file reads otherwise than a new fit."""
    parser = argparse.ArgumentParser(prog="python -m staff.build.haiku.reader", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the file is not what comes out")
    parser.add_argument("--evaluate", action="store_true", help="how often are themes found?")
    parser.add_argument("--output", type=Path, default=PATH)
    arguments = parser.parse_args(argv)
    if arguments.evaluate:
        for name, path in {**LISTS, "graded": GRADED}.items():
            number, first, either = found_shares(path)
            print(f"{name:10} {number:4} messages: first theme right {first:.1%}, one of two {either:.1%}")
        return 0
    examples = labelled()
    arrays = fit(examples)
    if arguments.check:
        same = _reads_alike(arrays, arguments.output)
        print(f"{arguments.output}: {'as fitted' if same else 'differs; run python -m staff.build.haiku.reader'}")
        return 0 if same else 1
    archive.write_npz(arguments.output, arrays)
    print(f"{len(examples)} examples, {len(arrays['rarity'])} features, {arguments.output.stat().st_size:,} bytes")
    return 0


def _reads_alike(arrays: dict[str, np.ndarray], path: Path) -> bool:
    """Whether a file holds these arrays, but for what another processor's rounding may do to a weight."""
    with np.load(path, allow_pickle=False) as shipped:
        exact = all(np.array_equal(shipped[name], arrays[name]) for name in ("features", "rarity"))
        scores = []
        for themes_of, worths, unit in (
            (shipped["themes"], shipped["worths"], shipped["unit"]),
            (arrays["themes"], arrays["worths"], arrays["unit"]),
        ):
            dense = np.zeros((len(worths), len(themes())))
            np.put_along_axis(dense, themes_of.astype(int), worths * float(unit.item()), axis=1)
            scores.append(dense)
    return exact and scores[0].shape == scores[1].shape and bool(np.mean(np.abs(scores[0] - scores[1]) > 0.03) < 1e-3)


if __name__ == "__main__":
    ending.run(main)
