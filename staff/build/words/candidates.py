"""Everyday words of one language, cleaned: from frequency lists to lists that a native reader accepts.

Frequency lists made from subtitles, news and the web hold more than the language: names, brands, English and other
foreign words, accents left out, abbreviations, swearing. Each is a rule here:

- foreign: another of the five languages uses the word, or another language uses it more than this one does;
- names: words that keep a good part of their frequency in several unrelated languages ("september", "clifford");
- accents left out: the same letters with accents are many times more frequent ("ingles" for "inglés");
- abbreviations: no vowel, or the same letter three times in a row;
- refused: hand-written lists in `refused/`, for what counting cannot tell (local names, chat spelling, swearing).

Frequencies come from the package `wordfreq` (see data/SOURCES.md), which only staff need.
"""

import codecs
import fnmatch
import itertools
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from staff.build.words.languages import CHARACTERS, LANGUAGES, LONGEST, SHORTEST, Language

WORDFREQ_VERSION = "3.1.1"  # another version holds other counts and would build another file
REFUSED = Path(__file__).parent / "refused"
# Languages that foreign words and names are recognised by, besides the five. All use the Latin alphabet.
WITNESSES = ("de", "fr", "sv", "it", "pt", "nb", "cs", "ca", "ro", "hu", "sl", "sh", "tr", "id", "lt", "lv")
VOWELS = frozenset("aeiouyáäèéêëíïóöúüąęó")

Frequencies = Mapping[str, Mapping[str, float]]  # language code -> word -> share of running text, in [0, 1]


@dataclass(frozen=True)
class Limits:
    """Where the rules cut. Each is a ratio: frequency elsewhere / frequency in the word's own language.

    sibling: the largest ratio among the other four languages of the data set.
    sibling_of_english: the same for English words, which the web lists of every language hold a share of.
    witness: the largest ratio among unrelated languages; relative: among close ones.
    spread, spread_of_english: the largest third-highest ratio among unrelated languages; names lie above.
    accents: how many times more frequent the word with accents may be.
    least_frequency: below this, lists hold mostly names and slips of the keyboard.
    """

    sibling: float = 0.05
    sibling_of_english: float = 0.25
    witness: float = 0.5
    relative: float = 1.5
    spread: float = 0.05
    spread_of_english: float = 0.13
    accents: float = 8.0
    least_frequency: float = 1e-6


def load_frequencies() -> dict[str, dict[str, float]]:
    """The frequency lists of the five languages and the witnesses, the larger edition where there is one.

    Raises ImportError without `wordfreq`, RuntimeError for a version other than WORDFREQ_VERSION.
    """
    from importlib.metadata import version

    import wordfreq

    if version("wordfreq") != WORDFREQ_VERSION:
        raise RuntimeError(
            f"the words are built from wordfreq {WORDFREQ_VERSION}; found {version('wordfreq')}. "
            f"Install it with: pip install wordfreq=={WORDFREQ_VERSION}"
        )
    large = set(wordfreq.available_languages("large"))
    codes = [language.code for language in LANGUAGES] + list(WITNESSES)
    return {code: dict(wordfreq.get_frequency_dict(code, "large" if code in large else "small")) for code in codes}


def everyday_words(
    language: Language, frequencies: Frequencies, limits: Limits = Limits(), wanted: Mapping[int, int] | None = None
) -> dict[int, list[str]]:
    """Clean words of `language` by length (2 to 10 letters), the most frequent first, ties in alphabetical order.

    Args:
        wanted: how many words of each length at most; all words of a length that is not named. The rest of a list is
            not looked at, which saves most of the time.
    """
    wanted = wanted or {}
    own = {word: f for word, f in frequencies[language.code].items() if f >= limits.least_frequency}
    accented = _best_accented(own)
    words: dict[int, list[str]] = {length: [] for length in range(SHORTEST, LONGEST + 1)}
    letters = set(language.alphabet)
    for word, frequency in sorted(own.items(), key=lambda item: (-item[1], item[0])):
        if (
            SHORTEST <= len(word) <= LONGEST
            and len(words[len(word)]) < wanted.get(len(word), len(own))
            and letters.issuperset(word)
            and not _is_abbreviation(word)
            and accented[_plain(word)] <= limits.accents * frequency
            and not _is_foreign(word, language, frequencies, limits)
            and not is_refused(word, language.code)
        ):
            words[len(word)].append(word)
    return words


def _is_abbreviation(word: str) -> bool:
    return VOWELS.isdisjoint(word) or any(len(list(run)) > 2 for _, run in itertools.groupby(word))


def _is_foreign(word: str, language: Language, frequencies: Frequencies, limits: Limits) -> bool:
    """Whether other languages use the word so much that it is theirs, or a name."""
    own = frequencies[language.code][word]
    english = language.code == "en"
    ratios = {code: listed.get(word, 0.0) / own for code, listed in frequencies.items() if code != language.code}
    siblings = {other.code for other in LANGUAGES}
    if max(ratio for code, ratio in ratios.items() if code in siblings) > (
        limits.sibling_of_english if english else limits.sibling
    ):
        return True
    if any(ratios[code] > limits.relative for code in language.relatives):
        return True
    unrelated = sorted((ratio for code, ratio in ratios.items() if code not in language.relatives), reverse=True)
    return unrelated[0] > limits.witness or unrelated[2] > (limits.spread_of_english if english else limits.spread)


@cache
def _plain(word: str) -> str:
    """The word as a keyboard without accents gives it: "łódź" -> "lodz"."""
    decomposed = unicodedata.normalize("NFD", word.replace("ł", "l"))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _best_accented(own: Mapping[str, float]) -> dict[str, float]:
    """For every plain spelling the frequency of its most frequent word."""
    best: dict[str, float] = {}
    for word, frequency in own.items():
        plain = _plain(word)
        best[plain] = max(best.get(plain, 0.0), frequency)
    return best


def is_refused(word: str, code: str) -> bool:
    """Whether a hand-written list refuses `word` in the language `code`; English swearing is refused everywhere."""
    return bool(_refused(code).fullmatch(word))


@cache
def _refused(code: str) -> re.Pattern[str]:
    """The hand-written lists of one language as one pattern.

    The list of swear words is in rot13 (accented letters as they are) so that nobody has to read it.
    """
    lines = _lines(REFUSED / f"{code}.txt")
    section = ""
    for line in _lines(REFUSED / "profanity.rot13.txt"):
        if line.startswith("["):
            section = line.strip("[]")
        elif section in ("en", code):
            lines.append(codecs.decode(line, "rot13"))
    return re.compile("|".join(fnmatch.translate(entry) for line in lines for entry in line.split()))


def _lines(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def encode(word: str) -> list[int]:
    """The positions of the letters of `word` in CHARACTERS."""
    return [CHARACTERS.index(letter) for letter in word]
