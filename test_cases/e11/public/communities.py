"""Networks of people in four communities, and of bots that befriend anyone. Drawn from a seed; few labels are told."""

from __future__ import annotations

import numpy as np

from data.splits import DataSource, Split, Splits

COMMUNITIES, PEOPLE_OF_EACH, BOTS = 4, 40, 40
PEOPLE = COMMUNITIES * PEOPLE_OF_EACH
NODES = PEOPLE + BOTS
BOT = COMMUNITIES  # in place of a community
CHANCE_WITHIN, CHANCE_ACROSS, CHANCE_OF_A_BOT = 0.25, 0.012, 0.08  # of an edge between two nodes
FEATURES = COMMUNITIES + 1  # a hint at each community, and one at being a bot
HINT, SHOUT, BOT_HINT = 1.5, 16.0, 8.0  # what is added to the noise: of people, of bots, of bots in the last feature
NOISE, NOISE_OF_THE_BOT_HINT = 1.0, 0.3  # standard deviations
TOLD_OF_EACH = 5  # labels of each community, for training; as many for validation
UNKNOWN = -1


def load(source: DataSource) -> Splits:
    """Two networks: one to try things on, and, as the test split, the one that is graded; see `drawn`.

    Of the second, too, training gets features, edges and the labels that were told: `training_splits`.
    """
    random = np.random.default_rng([source.seed, 1101])
    first, second = drawn(random), drawn(random)
    splits = training_splits(first)
    return Splits("e11_communities", splits.source, splits.train, splits.validation, second, is_drawn=True)


def draw_hidden_test(seed: int) -> Split:
    """Another network, drawn from a secret, for grading."""
    return drawn(np.random.default_rng([seed, 1102]))


def training_splits(network: Split) -> Splits:
    """What training may see of a network: all of it but `truth`."""
    train = Split(x=network.x, adjacency=network.adjacency, y=network.y)
    return Splits("e11_communities", "a network of people and bots", train, Split(y=network.validation_y))


def drawn(random: np.random.Generator) -> Split:
    """A stochastic block model (Holland and others, 1983), and bots with edges to anyone.

    Returns:
        x: float32 (200, 5). The feature of a person's community is HINT higher. A bot has SHOUT in the feature of a
            community drawn at random. The last feature tells people from bots.
        adjacency: uint8 (200, 200).
        y, validation_y: int64 (200,), the communities of 20 people each, and UNKNOWN for all others.
        truth: int64 (200,), the community of each person, and BOT.
    """
    truth = random.permutation(np.repeat(np.arange(COMMUNITIES + 1), [PEOPLE_OF_EACH] * COMMUNITIES + [BOTS]))
    is_bot = truth == BOT
    chances = np.where(truth[:, None] == truth, CHANCE_WITHIN, CHANCE_ACROSS)
    chances[is_bot] = chances[:, is_bot] = CHANCE_OF_A_BOT
    upper = np.triu(random.random((NODES, NODES)) < chances, 1)
    x = NOISE * random.standard_normal((NODES, FEATURES))
    claimed = np.where(is_bot, random.integers(COMMUNITIES, size=NODES), truth)
    x[np.arange(NODES), claimed] += np.where(is_bot, SHOUT, HINT)
    x[:, -1] = np.where(is_bot, BOT_HINT, 0.0) + NOISE_OF_THE_BOT_HINT * random.standard_normal(NODES)
    y, validation_y = np.full((2, NODES), UNKNOWN, np.int64)
    for community in range(COMMUNITIES):
        chosen = random.choice(np.flatnonzero(truth == community), 2 * TOLD_OF_EACH, replace=False)
        y[chosen[:TOLD_OF_EACH]] = validation_y[chosen[TOLD_OF_EACH:]] = community
    return Split(
        x=x.astype(np.float32),
        adjacency=(upper | upper.T).astype(np.uint8),
        y=y,
        validation_y=validation_y,
        truth=truth.astype(np.int64),
    )


def is_graded(network: Split) -> np.ndarray:
    """Which nodes are graded, bool (200,): people of whom no label was told."""
    return (network.truth != BOT) & (network.y == UNKNOWN) & (network.validation_y == UNKNOWN)
