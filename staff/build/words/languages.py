"""What the word data looks like: five languages, 47 characters, and how many words of which length.

The characters, their order and the languages are those that the assignment fixes: `LanguageIDModel` has
`num_chars` = 47 and five `languages`.
"""

from dataclasses import dataclass

CHARACTERS = "abcdefghijklmnopqrstuvwxyzáäèéêëíïñóöúüąćęłńśźż"
LATIN = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Language:
    """One language of the data set.

    alphabet: the letters its own words are written with; a word with any other letter is taken for a foreign one.
    relatives: codes of languages close enough to share everyday words with it (Spanish "mesa" is Portuguese too).
    """

    code: str
    name: str
    alphabet: str
    relatives: tuple[str, ...] = ()


def _without(letters: str) -> str:
    return "".join(letter for letter in LATIN if letter not in letters)


LANGUAGES = (
    Language("en", "English", LATIN),
    Language("es", "Spanish", _without("kw") + "áéíñóúü", relatives=("pt", "ca", "it")),
    Language("fi", "Finnish", _without("cqwxz") + "äö"),
    Language("nl", "Dutch", _without("q") + "èéêëïöü", relatives=("de",)),
    Language("pl", "Polish", _without("qvx") + "ąćęłńóśźż", relatives=("cs", "sh", "sl")),
)

SHORTEST, LONGEST = 2, 10

# Words of each length per language. The same for every language, so that length alone says nothing about the
# language; the shape follows running everyday text, where words of six and seven letters are the most varied.
TRAINING_WORDS = {2: 3, 3: 52, 4: 258, 5: 545, 6: 729, 7: 709, 8: 572, 9: 387, 10: 245}
HELD_OUT_WORDS = {3: 2, 4: 7, 5: 16, 6: 21, 7: 20, 8: 16, 9: 11, 10: 7}
