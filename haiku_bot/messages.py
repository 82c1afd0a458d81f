"""From any message to themes and keywords, in five steps, each for what the one before it left over.

1. Phrases of everyday talk ("how are you", "good night") have their themes, a few of them in other languages too.
2. A word on a theme's list `ask` in data/haiku_themes.txt, or in its name, asks for it; so does, less strongly, one on
   its list `show`. Symbols count as the words of their Unicode names, so that a cat's face asks for cats.
3. A word that is on no list is tried without its ending: "raining" as "rain", "puppies" as "puppy".
4. Then it is held against every known word by the three-letter pieces that they share (Dice's coefficient): "umbrela"
   finds "umbrella", "hospitaal" finds "hospital".
5. If nothing is found at all, the message's checksum picks a theme: the same message, the same theme.

A word of the message that the model knows, and that is on a theme's list, becomes a keyword: the verse should use it.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache

from data.haiku import themes

LONGEST_MESSAGE = 2000  # characters; what comes after them is not read
MOST_WORDS = 60
ASKED, NAMED, SHOWN, PHRASED = 3.0, 4.0, 1.0, 4.0  # what a match is worth
STEMMED, SIMILAR = 0.8, 0.5  # how much of that is left without the ending, or for a word that is only alike
LEAST_SIMILARITY = 0.6
SHORTEST_COMPARED = 5
EAST_ASIAN = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL")

PHRASES: dict[str, tuple[str, ...]] = {
    "how are you": ("greeting", "being alive"),
    "how do you do": ("greeting",),
    "who are you": ("greeting", "neural networks"),
    "what are you": ("neural networks", "machines"),
    "your name": ("greeting",),
    "are you alive": ("being alive", "neural networks"),
    "are you human": ("neural networks", "being alive"),
    "are you conscious": ("being alive", "neural networks"),
    "meaning of life": ("being alive",),
    "point of living": ("being alive",),
    "good morning": ("morning", "greeting"),
    "good evening": ("evening", "greeting"),
    "good night": ("night", "sleep"),
    "good news": ("joy", "success"),
    "i love you": ("love",),
    "i miss": ("grief", "love"),
    "thank you": ("thanks",),
    "see you": ("farewell",),
    "shut up": ("anger", "silence"),
    "give up": ("failure", "hope"),
    "broke up": ("heartbreak",),
    "passed away": ("death", "grief"),
    "can't sleep": ("sleep", "night"),
    "new year": ("seasons", "time"),
    "machine learning": ("neural networks", "training"),
    "deep learning": ("neural networks", "training"),
    "old friend": ("friendship", "memory"),
    "what time": ("time",),
    "next word": ("writing", "neural networks"),
    "step by step": ("training", "mountain"),
}
GREETINGS = """
hola / bonjour / salut / ciao / hallo / guten tag / buongiorno / olá / merhaba / namaste / aloha / hej / привет /
здравствуйте / γεια σου / مرحبا / שלום / 你好 / こんにちは / 안녕
"""
HOW_ARE_YOU = """
cómo estás / qué tal / ça va / comment vas tu / wie geht es dir / wie geht's / come stai / como vai /
hur mår du / как дела
"""
THANKS = "gracias / merci / danke / grazie / obrigado / obrigada / спасибо / شكرا / תודה / 谢谢 / ありがとう / 감사"
FAREWELLS = """
adiós / hasta luego / au revoir / auf wiedersehen / tschüss / arrivederci / до свидания / 再见 / さようなら
"""
LOVE = (
    "te amo / te quiero / je t'aime / ti amo / ich liebe dich / eu te amo / я тебя люблю / amor / 我爱你 / 愛"
)
GOOD_NIGHT = "buenas noches / bonne nuit / gute nacht / buona notte / спокойной ночи / 晚安 / おやすみ"
GOOD_MORNING = "buenos días / guten morgen / доброе утро / 早上好 / おはよう"
FOREIGN: dict[str, tuple[str, ...]] = {
    GREETINGS: ("greeting",),
    HOW_ARE_YOU: ("greeting", "being alive"),
    THANKS: ("thanks",),
    FAREWELLS: ("farewell",),
    LOVE: ("love",),
    GOOD_NIGHT: ("night", "sleep"),
    GOOD_MORNING: ("morning", "greeting"),
}
_STOPPED = """
a an the and or but if so of in on at to from with by for as it its is are was were be been being am do does did has
have had will would can could should shall may might must not no yes i me my mine we us our you your yours he she
him her his hers they them their this that these those there here what which why how where when whose whom all any
some more most much many very too just only also than then now again out off up down over under into about like tell
say said says get got go goes going make makes made know think want need feel feels let please really don't doesn't
didn't isn't i'm i've you're it's that's what's can't won't thing things something anything one two way day today
good bad well still ever never always
"""
STOP_WORDS = frozenset(_STOPPED.split())
_STOPPED_IN_SYMBOLS = """
face with sign symbol mark button selector modifier emoji variation heavy white black small large medium type hand
letter capital latin joiner full width left right upwards
"""
STOP_IN_SYMBOLS = frozenset(_STOPPED_IN_SYMBOLS.split())
ENDINGS = (
    ("ies", "y"), ("ied", "y"), ("iest", "y"), ("ier", "y"), ("ness", ""), ("ment", ""), ("ing", ""), ("ing", "e"),
    ("ed", ""), ("ed", "e"), ("er", ""), ("er", "e"), ("est", ""), ("ly", ""), ("ful", ""), ("less", ""), ("es", ""),
    ("'s", ""), ("s", ""), ("y", ""), ("y", "e"),
)  # fmt: skip


@dataclass(frozen=True)
class Request:
    """What a message asks for: theme names, the most wanted first, and words that the answer should use."""

    themes: tuple[str, ...]
    keywords: tuple[str, ...]


def understand(message: str, known_words: Collection[str] = (), most: int = 2) -> Request:
    """Reads a message; never fails, whatever it holds.

    Args:
        message: any text.
        known_words: what may become a keyword.
        most: so many themes at most; at least one is found.
    """
    plain = normalize(message[:LONGEST_MESSAGE])
    scores: dict[str, float] = defaultdict(float)
    padded = f" {plain} "
    for phrase, names in _phrases().items():
        if f" {phrase} " in padded or (phrase in plain and not _has_blanks(phrase)):
            for place, name in enumerate(names):
                scores[name] += PHRASED / (1 + place)
    keywords = []
    for word in list(dict.fromkeys(plain.split()))[:MOST_WORDS]:
        if word in STOP_WORDS:
            if word in ("hi", "hello", "hey"):
                scores["greeting"] += ASKED
            continue
        for name, worth in match(word).items():
            scores[name] += worth
        keywords += [form for form in [word, *stems(word)] if form in known_words and form in _themes_by_word()][:1]
    ranked = sorted(scores, key=lambda name: -scores[name])
    if not ranked:
        every = list(themes())
        chosen = every[zlib.crc32(message.encode("utf-8", "replace")) % len(every)]
        return Request((chosen,), tuple(keywords))
    close = [name for name in ranked[:most] if scores[name] >= 0.4 * scores[ranked[0]]]
    return Request(tuple(close), tuple(keywords))


@cache
def _phrases() -> dict[str, tuple[str, ...]]:
    """Every phrase, as `normalize` leaves it, and its themes."""
    foreign = {normalize(phrase): names for listed, names in FOREIGN.items() for phrase in listed.split("/")}
    return {**foreign, **PHRASES}


def _has_blanks(phrase: str) -> bool:
    """Whether a phrase is of a script that parts its words; in Chinese, Japanese and Korean it may stand anywhere."""
    return not any(unicodedata.name(character, "").startswith(EAST_ASIAN) for character in phrase)


def normalize(message: str) -> str:
    """Lowercase words of plain letters, parted by blanks; accents are dropped, symbols named."""
    pieces = []
    for character in unicodedata.normalize("NFKD", message.replace("\u2019", "'")).lower():
        category = unicodedata.category(character)
        if category == "So":
            name = unicodedata.name(character, "").lower()
            pieces.append(f" {' '.join(word for word in name.split() if word not in STOP_IN_SYMBOLS)} ")
        elif category != "Mn":
            pieces.append(character)
    words = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*", "".join(pieces))
    return " ".join(words)


def match(word: str) -> dict[str, float]:
    """What a word is worth to each theme that it touches; empty if nothing known is like it."""
    lists = _themes_by_word()
    if word in lists:
        return lists[word]
    for stem in stems(word):
        if stem in lists:
            return {name: STEMMED * worth for name, worth in lists[stem].items()}
    if len(word) >= SHORTEST_COMPARED:
        alike = max(lists, key=lambda known: _similarity(word, known))
        if _similarity(word, alike) >= LEAST_SIMILARITY:
            return {name: SIMILAR * worth for name, worth in lists[alike].items()}
    return {}


def stems(word: str) -> Iterator[str]:
    """A word without each ending that it may have: "running" -> "runn", "run", "runne"."""
    for ending, instead in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 2:
            stem = word[: -len(ending)]
            yield stem + instead
            if len(stem) > 2 and stem[-1] == stem[-2]:
                yield stem[:-1]


@cache
def _themes_by_word() -> dict[str, dict[str, float]]:
    """What each word on the themes' lists is worth to which themes; a word that many themes show is worth less."""
    found: dict[str, dict[str, float]] = {}
    shown_by = Counter(word for theme in themes().values() for word in set(theme.shown_by))
    for theme in themes().values():
        worths = {word: SHOWN / shown_by[word] for word in theme.shown_by}
        worths |= dict.fromkeys(theme.asked_by, ASKED)
        worths |= {word: NAMED for word in theme.name.split() if word not in STOP_WORDS}
        for word, worth in worths.items():
            found.setdefault(word, {})[theme.name] = worth
    return found


@cache
def _pieces(word: str) -> frozenset[str]:
    padded = f"  {word} "
    return frozenset(padded[start : start + 3] for start in range(len(padded) - 2))


def _similarity(first: str, second: str) -> float:
    """Dice's coefficient of the words' three-letter pieces: 1 for the same word, 0 for nothing in common."""
    one, other = _pieces(first), _pieces(second)
    return 2 * len(one & other) / (len(one) + len(other))
