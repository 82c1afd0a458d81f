"""From any message to themes and keywords, in five steps, each for what the one before it left over.

1. Phrases and slang of everyday talk ("fall asleep", "thx": lists `say` of data/haiku_themes.txt) have their themes,
   the longest first, a few of them in other languages too. Their words are read no further: "fall asleep" is no autumn.
2. A word on a theme's list `ask`, or in its name, asks for it; so does, less strongly, one on its list `show`. Symbols
   count as the words of their Unicode names, so that a cat's face asks for cats.
3. A word that is on no list is tried without its ending: "raining" as "rain", "puppies" as "puppy".
4. Then it is held against the words that ask, one slip of the keyboard apart, or two in a long word: "umbrela" finds
   "umbrella", "hopsital" finds "hospital". The first letter has to be right.
5. If nothing is found at all, a message in common English words is about the two who talk: what "you" are, or what it
   is to be alive. For anything else its checksum picks a theme: the same message, the same theme.

A word of the message that the model knows, and that is on a theme's list, becomes a keyword: the verse should use it.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from data.haiku import themes

LONGEST_MESSAGE = 2000  # characters; what comes after them is not read
MOST_WORDS = 60
ASKED, NAMED, SHOWN, PHRASED = 3.0, 4.0, 1.0, 4.0  # what a match is worth
STEMMED, SIMILAR = 0.8, 0.5  # how much of that is left without the ending, or for a word that is only alike
SHORTEST_COMPARED, LONG = 5, 8  # letters: a word is compared from the one, may have two slips from the other
ABOUT_YOU, ABOUT_ME = ("neural networks", "being alive"), ("being alive",)  # if nothing else is understood
EAST_ASIAN = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL")

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
doing done did goes gone came come comes put keep keeps kept take takes took give gives gave use used try tried trying
been being having getting got saying said telling told asking ask asks going gonna wanna gotta kinda sorta lemme gimme
u ur r im ive id youre hes shes its thats whats dont doesnt didnt isnt arent wasnt werent cant couldnt wont wouldnt
shouldnt havent hasnt hadnt aint theres lets ok okay yeah yep yup nope nah pls plz please tbh rn btw af oh um uh hmm
well maybe perhaps actually literally basically honestly such same other another else every everyone everything someone
somebody anyone people person guy guys lot lots bit kind sort stuff whole own around after before because while until
through between without since each few both either neither though although yet already almost enough quite rather again
might mean means meant look looks looking seem seems show shows shown start started find found call called talk talking
mine yours ours myself yourself big huge real right wrong next last few lately first second
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
    keywords = []
    words = plain.split()
    phrased, rest = _said(plain, words)
    for names in phrased:
        for place, name in enumerate(names):
            scores[name] += PHRASED / (1 + 0.25 * place)
    for word in list(dict.fromkeys(rest))[:MOST_WORDS]:
        if _is_stopped(word):
            continue
        for name, worth in match(word).items():
            scores[name] += worth
        keywords += [form for form in [word, *stems(word)] if form in known_words and form in _themes_by_word()][:1]
    ranked = sorted(scores, key=lambda name: -scores[name])
    if not ranked:
        return Request(_themes_of_nothing(message, words), tuple(keywords))
    close = [name for name in ranked[:most] if scores[name] >= 0.4 * scores[ranked[0]]]
    return Request(tuple(close), tuple(keywords))


def _said(plain: str, words: Sequence[str]) -> tuple[list[tuple[str, ...]], list[str]]:
    """The themes of each phrase in a message, the longest phrase first at each word; and the words that remain."""
    found = [names for phrase, names in _phrases().items() if not _has_blanks(phrase) and phrase in plain]
    bare = [word.replace("'", "") for word in words]
    rest = []
    start = 0
    while start < len(words):
        for length in range(min(_longest_phrase(), len(words) - start), 0, -1):
            phrase = " ".join(bare[start : start + length])
            if phrase in _phrases() and (length > 1 or phrase == words[start]):  # "i'll" is not "ill"
                found.append(_phrases()[phrase])
                start += length
                break
        else:
            rest.append(words[start])
            start += 1
    return found, rest


def _is_stopped(word: str) -> bool:
    """Whether a word says nothing of what a message is about."""
    return word in STOP_WORDS or word.endswith(("n't", "'ll", "'re", "'ve", "'m", "'d"))


def _themes_of_nothing(message: str, words: Sequence[str]) -> tuple[str, ...]:
    """The themes of a message in which no theme was found."""
    if sum(map(_is_stopped, words)) * 2 >= max(len(words), 1) and words:
        return ABOUT_YOU if {"you", "your", "u", "ur", "you're", "youre"} & set(words) else ABOUT_ME
    every = list(themes())
    return (every[zlib.crc32(message.encode("utf-8", "replace")) % len(every)],)


@cache
def _phrases() -> dict[str, tuple[str, ...]]:
    """Every phrase, as `normalize` leaves it, without apostrophes, and its themes."""
    found: dict[str, tuple[str, ...]] = {}
    for theme in themes().values():
        for phrase in theme.said_as:
            bare = normalize(phrase).replace("'", "")
            found[bare] = (*found.get(bare, ()), theme.name)
    foreign = {normalize(phrase): names for listed, names in FOREIGN.items() for phrase in listed.split("/")}
    return {**found, **{phrase.replace("'", ""): names for phrase, names in foreign.items()}}


@cache
def _longest_phrase() -> int:
    return max(len(phrase.split()) for phrase in _phrases())


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
        if stem in _phrases() and len(stem) > 3:
            return dict.fromkeys(_phrases()[stem], STEMMED * ASKED)
        if stem in lists:
            return {name: STEMMED * worth for name, worth in lists[stem].items()}
        if stem in STOP_WORDS:
            return {}
    if len(word) >= SHORTEST_COMPARED:
        slips = 2 if len(word) >= LONG else 1
        near = [(_slips(word, known), known) for known in _asking_words() if _may_be(word, known, slips)]
        fewest, alike = min(near, default=(slips + 1, ""))
        if fewest <= slips:
            worths = lists.get(alike) or dict.fromkeys(_phrases()[alike], ASKED)
            return {name: SIMILAR * worth for name, worth in worths.items()}
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
def _asking_words() -> tuple[str, ...]:
    """The words, long enough to be compared, that a misspelt one may stand for."""
    asked = {word for theme in themes().values() for word in theme.asked_by}
    return tuple(sorted(word for word in asked | set(_phrases()) if len(word) >= SHORTEST_COMPARED and " " not in word))


def _may_be(word: str, known: str, slips: int) -> bool:
    """Whether it is worth counting the slips between two words."""
    return word[0] == known[0] and abs(len(word) - len(known)) <= slips


def _slips(first: str, second: str) -> int:
    """How many letters are missing, too many, wrong or swapped with the next (optimal string alignment distance)."""
    before: list[int] = []
    row = list(range(len(second) + 1))
    for i, letter in enumerate(first, start=1):
        older, before, row = before, row, [i]
        for j, other in enumerate(second, start=1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == second[j - 2] and first[i - 2] == other:
                best = min(best, older[j - 2] + 1)
            row.append(best)
    return row[-1]
