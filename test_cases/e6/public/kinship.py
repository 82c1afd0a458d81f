"""A corpus of sentences about people, drawn from a small grammar whose structure is known.

Each of the 24 people has a house (a row of the table below), a gender and an age. The words around a name tell the
three: `the old queen remembers her crown often`. One in eleven of these words tells something wrong, and some sentences
are about two people.
"""

from __future__ import annotations

from random import Random

import numpy as np

from data.splits import DataSource, Split, Splits
from test_cases.e6.public import counting

PEOPLE = (  # of each house: elder man, elder woman, younger man, younger woman
    ("king", "queen", "prince", "princess"),
    ("man", "woman", "boy", "girl"),
    ("father", "mother", "son", "daughter"),
    ("grandfather", "grandmother", "grandson", "granddaughter"),
    ("uncle", "aunt", "nephew", "niece"),
    ("lord", "lady", "squire", "maid"),
)
NAMES = tuple(name for row in PEOPLE for name in row)

THINGS = (  # of each house
    ("crown", "throne", "palace", "kingdom", "sceptre", "banner"),
    ("street", "village", "cart", "fence", "market", "ladder"),
    ("cradle", "kitchen", "table", "homework", "lunchbox", "laundry"),
    ("album", "armchair", "knitting", "slippers", "garden", "stories"),
    ("visit", "suitcase", "present", "postcard", "cousins", "holiday"),
    ("hounds", "stables", "hall", "carriage", "harvest", "letters"),
)
PRONOUNS = (("his", "he", "himself", "him"), ("her", "she", "herself", "hers"))  # of each gender
MANNERS = (  # of each age
    ("old", "grey", "tired", "wise", "remembers", "worries", "advises", "rests"),
    ("young", "small", "eager", "playful", "grows", "learns", "giggles", "runs"),
)
FILLING = (
    "today", "often", "again", "quietly", "outside", "sometimes", "there", "slowly", "now", "always", "maybe", "soon",
)  # fmt: skip
WORDS = (
    *NAMES, *(thing for row in THINGS for thing in row), *PRONOUNS[0], *PRONOUNS[1], *MANNERS[0], *MANNERS[1], *FILLING,
    "the", "and",
)  # fmt: skip

SENTENCES = 6000  # of a corpus
WRONG_SHARE, PAIR_SHARE = 0.15, 0.2  # of telling words that are drawn from any row; of sentences about two people
WINDOW = 4


def load(source: DataSource) -> Splits:
    """Splits of `x` and `y`, int64 (count,), pairs of words that meet, and `count`, float32 (count,), how often.

    The words have their numbers in an order that is drawn. `about` holds them in this order, as `words`. The test split
    counts other sentences; there a word's number is its position in `WORDS`.
    """
    random = Random(f"e6 kinship {source.seed}")
    order = np.array(random.sample(range(len(WORDS)), len(WORDS)))
    words = [WORDS[number] for number in order]
    train, test = (counted(meeting_counts(drawn(random))) for _ in range(2))
    place = np.argsort(order)  # of each of `WORDS` in `words`
    train = Split(x=place[train.x], y=place[train.y], count=train.count)
    return Splits("e6-kinship", "sentences about people", train, test=test, about={"words": words}, is_drawn=True)


def draw_hidden_test(seed: int) -> Split:
    """The counts of other sentences, drawn from a secret, for grading."""
    return counted(meeting_counts(drawn(Random(f"e6 hidden kinship {seed}"))))


def meeting_counts(sentences: list[np.ndarray]) -> np.ndarray:
    """How often the words meet, float64 (words, words)."""
    return counting.meetings(sentences, len(WORDS), WINDOW)


def counted(table: np.ndarray) -> Split:
    """The entries of a table that are above 0."""
    x, y = np.nonzero(table)
    return Split(x=x, y=y, count=table[x, y].astype(np.float32))


def drawn(random: Random) -> list[np.ndarray]:
    """The words of each sentence, as positions in `WORDS`."""
    position = {word: number for number, word in enumerate(WORDS)}
    return [np.array([position[word] for word in sentence(random)], np.int64) for _ in range(SENTENCES)]


def sentence(random: Random) -> list[str]:
    """A sentence about one of the people, or about two of a house."""
    house = random.randrange(len(PEOPLE))
    words = about(random, house)
    return [*words, "and", *about(random, house)] if random.random() < PAIR_SHARE else words


def about(random: Random, house: int) -> list[str]:
    """`the old queen remembers her crown often`: a manner, a name, a manner, a pronoun, a thing, some filling."""
    member = random.randrange(4)
    gender, age = member % 2, member // 2
    manners = random.sample(_row(random, MANNERS, age), 2)
    pronoun, thing = (random.choice(_row(random, rows, right)) for rows, right in ((PRONOUNS, gender), (THINGS, house)))
    return ["the", manners[0], PEOPLE[house][member], manners[1], pronoun, thing, random.choice(FILLING)]


def _row(random: Random, rows: tuple[tuple[str, ...], ...], right: int) -> tuple[str, ...]:
    """The right row, or sometimes any row."""
    return random.choice(rows) if random.random() < WRONG_SHARE else rows[right]
