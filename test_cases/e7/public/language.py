"""Two languages and the grammar that joins them: a source that looks like English, and a target that is invented.

    the old dog saw red birds near my house   ->   tavik anto lo pelini rubos hobar ma apud vidu

What a translator has to get right:

- Order. In the target, the verb ends its clause, behind the object and the place. Adjectives and determiners follow
  their noun. What is a preposition in the source stands behind its noun.
- Agreement. Determiners and adjectives take gender and number of their noun: `-o` or `-a`, with `-s` in the plural.
  The gender belongs to the noun; the source does not show it. A verb ends in `-u` after a singular subject, in `-un`
  after a plural one; the source does not show that, either.
- Alignment. Each target word comes from one source word.
"""

from __future__ import annotations

from random import Random

SPECIAL = ("<padding>", "<begin>", "<end>")  # numbers 0, 1 and 2 of both languages

NOUNS = (  # source, target; the first row has gender 0, the second gender 1
    (("dog", "tavik"), ("horse", "moren"), ("brother", "belun"), ("river", "sirat"), ("bird", "pelin"),
     ("garden", "dorav"), ("boat", "lamek"), ("king", "rodan")),
    (("cat", "misel"), ("sister", "nalor"), ("teacher", "verin"), ("tree", "gatol"), ("house", "hobar"),
     ("letter", "zeman"), ("song", "fenul"), ("queen", "kirat")),
)  # fmt: skip
ADJECTIVES = {
    "small": "pic", "red": "rub", "old": "ant", "happy": "gal", "quiet": "lent", "tall": "alt", "strange": "mir",
    "green": "verd",
}  # fmt: skip
DETERMINERS = {"the": "l", "my": "m", "no": "nul"}
VERBS = {
    "saw": "vid", "heard": "aud", "found": "trov", "followed": "sekv", "painted": "pikt", "lost": "perd",
    "praised": "laud", "helped": "jut",
}  # fmt: skip
PREPOSITIONS = {"near": "apud", "behind": "post", "under": "sub", "with": "kun"}
CONJUNCTIONS = {"and": "ed", "but": "tam", "while": "dum", "because": "nam"}
ENDINGS = (("o", "os"), ("a", "as"))  # of determiners and adjectives, by gender and number
VERB_ENDINGS = ("u", "un")  # by number
BARE_SHARE, ADJECTIVE_SHARE, PLACE_SHARE = 0.6, 0.3, 0.25  # of plurals, of nouns, of clauses

SOURCE = (
    *SPECIAL, *DETERMINERS, *ADJECTIVES,
    *(noun + "s" * number for row in NOUNS for noun, _ in row for number in (0, 1)),
    *VERBS, *PREPOSITIONS, *CONJUNCTIONS,
)  # fmt: skip
TARGET = (
    *SPECIAL, *(noun + "i" * number for row in NOUNS for _, noun in row for number in (0, 1)),
    *(root + ending for root in (*DETERMINERS.values(), *ADJECTIVES.values()) for row in ENDINGS for ending in row),
    *(root + ending for root in VERBS.values() for ending in VERB_ENDINGS),
    *PREPOSITIONS.values(), *CONJUNCTIONS.values(),
)  # fmt: skip

Aligned = list[tuple[str, int]]  # target words, each with the position of the source word that it comes from


class Sentence:
    """A sentence while it is made: clauses, with a conjunction between them. No noun and no verb occurs twice.

    Args:
        random: decides.
        clauses: how many, at most 5.

    Attributes:
        source: its words.
        target: the words of its translation, each with the position of its source word.
    """

    def __init__(self, random: Random, clauses: int) -> None:
        self._random = random
        nouns = [(gender, pair) for gender, row in enumerate(NOUNS) for pair in row]
        self._nouns, self._verbs = random.sample(nouns, len(nouns)), random.sample(list(VERBS), len(VERBS))
        self.source: list[str] = []
        self.target: Aligned = []
        for number in range(clauses):
            if number:
                word = random.choice(list(CONJUNCTIONS))
                self.target.append((CONJUNCTIONS[word], self._say(word)))
            self._clause()

    def _say(self, word: str) -> int:
        """Add a source word; returns its position."""
        self.source.append(word)
        return len(self.source) - 1

    def _clause(self) -> None:
        """Subject, verb, object, perhaps a place; the verb comes last in the target."""
        subject, number = self._noun_phrase()
        verb = self._verbs.pop()
        position = self._say(verb)
        rest, _ = self._noun_phrase()
        if self._random.random() < PLACE_SHARE:
            preposition = self._random.choice(list(PREPOSITIONS))
            at = self._say(preposition)
            place, _ = self._noun_phrase()
            rest += [*place, (PREPOSITIONS[preposition], at)]
        self.target += [*subject, *rest, (VERBS[verb] + VERB_ENDINGS[number], position)]

    def _noun_phrase(self) -> tuple[Aligned, int]:
        """`the old dogs`, `dogs` or the like; the target has the words in reverse. Returns it, and its number."""
        gender, (noun, translated) = self._nouns.pop()
        number = self._random.randrange(2)
        ending = ENDINGS[gender][number]
        words: Aligned = []
        if not (number and self._random.random() < BARE_SHARE):
            determiner = self._random.choice(list(DETERMINERS))
            words.append((DETERMINERS[determiner] + ending, self._say(determiner)))
        if self._random.random() < ADJECTIVE_SHARE:
            adjective = self._random.choice(list(ADJECTIVES))
            words.append((ADJECTIVES[adjective] + ending, self._say(adjective)))
        words.append((translated + "i" * number, self._say(noun + "s" * number)))
        return words[::-1], number
