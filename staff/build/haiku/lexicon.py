"""Reads the lexicon of images from which the pre-training haiku are made: `staff/build/haiku/lexicon/*.txt`.

Every entry is a piece of a haiku that someone has looked at: an opening, a place, a person or thing and what it does.

    world home                        entries from here on belong to this place (`world -`: to every place)
    world home=                       the same, but openings and places stand only beside a piece with a theme of theirs
    open rain, window | autumn        openings: five syllables that stand alone; themes | marks
      rain on the [tin|barn] roof
    at home                           where: five or seven syllables that follow an action or come before it
      [under|behind] the clock
    one cats, home | day              somebody: who (np), what they do (vp), how it goes on (to)
      np n the [old|grey|] cat
      vp ^sleeps in the clean laundry #chores
      vp@ ^sits and ^waits #waiting   `vp@`: a place may follow
      to and ^closes {his} eyes
    verse moon, love | autumn         whole haiku of another build, lines parted by ` / `
      the moon goes down now / ...

- `[a|b|]` is a choice, one of which may be empty; `#theme` (blanks written `_`) adds a theme, `~mark` a mark.
- marks are seasons, times (`day`, `night`), and skies (`dry`, `wet`, `snowy`); pieces whose marks disagree never meet.
- `np m|f|n|i|p`: he, she, it, i, they; `{his} {he} {him} {himself}` and verbs marked `^` (written for he) follow.
- `+it` on an action says that there is an "it" to go on about, `?it` on a sequel that it needs one, `!it` that there
  must be none; any word will do. Without being told, whoever sleeps gives `asleep`, whoever stays in place `still`,
  whoever takes time `long`; and who is asleep goes on to do nothing: a sequel with a `^` verb is also a `!asleep`.
- marks that follow from a word need not be written: snow is winter, the moon is night, noon is day (`IMPLIED`).
- a place follows only an action that names none itself.
- "a" before a vowel becomes "an".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

from data.haiku import SEASONS
from staff.build.haiku.syllables import UncountableWord, count

LEXICON_DIRECTORY = Path(__file__).resolve().parent / "lexicon"
DIMENSIONS: dict[str, str] = {
    **{season: "season" for season in SEASONS if season != "none"},
    **{"day": "time", "night": "time", "morning": "time", "evening": "time"},
    **{"dry": "sky", "wet": "sky", "snowy": "sky"},
}
CLASHING_TIMES = ({"day", "night"}, {"morning", "night"}, {"morning", "evening"})
IMPLIED = {  # a mark follows where nothing else of its dimension is marked
    "winter": r"snow|snowman|snowball|snowflakes?|snows|snowing",
    "summer": r"swims|swim|bathers|barefoot",
    "night": r"moon|moonlight|midnight|tonight|stars?|starlight|(at|all|each|the) night(?! nurse)",
    "day": r"noon|midday|sunlight|shade|lunch",
    "morning": r"dawn|daybreak|sunrise|(?<!good )morning",
    "evening": r"dusk|(?<!good )evening|sundown|twilight|nightfall|bedtime",
    "wet": r"(?<!for )(?<!about )(?<!of )(?<!after )(?<!word )(?<!say )rain|puddles?|drizzle|it rains",
}
ASLEEP = r"sleeps?|asleep|naps?|snores?"
STILL = rf"{ASLEEP}|waits?|sits?|stands?|lies?|rests?|curls?|watches|watch|looks?|listens?|leans?|stops?"
LONG = r"waits?|sits?|rests?|watches|reads?|talks?|cries|cry|weeps?|plays?|hums?|listens?|sleeps?|snores?"
LOCATIVE = r"in|on|at|under|beside|behind|between|by|into|from|over|through|across|inside|against|beneath|where"
PERSONS = {
    "m": {"his": "his", "he": "he", "him": "him", "himself": "himself"},
    "f": {"his": "her", "he": "she", "him": "her", "himself": "herself"},
    "n": {"his": "its", "he": "it", "him": "it", "himself": "itself"},
    "i": {"his": "my", "he": "i", "him": "me", "himself": "myself"},
    "p": {"his": "their", "he": "they", "him": "them", "himself": "themselves"},
}
IRREGULAR = {"is": {"i": "am", "p": "are"}, "has": {"i": "have", "p": "have"}, "does": {"i": "do", "p": "do"}}


class LexiconError(ValueError):
    """An entry that cannot be read, with its file and line."""


@dataclass(frozen=True)
class Piece:
    """Words that belong together, with all that decides which other pieces they may meet."""

    text: str
    syllables: tuple[int, ...]  # one number per line: a verse has three
    themes: tuple[str, ...]
    marks: frozenset[str]
    world: str
    person: str = ""
    takes_place: bool = False
    gives: frozenset[str] = frozenset()  # an action: what a sequel may speak of
    needs: frozenset[str] = frozenset()  # a sequel: what the action must have given
    refuses: frozenset[str] = frozenset()  # a sequel: what the action must not have given
    linked: bool = False  # an opening or a place: it needs a piece with one of its themes beside it


@dataclass
class Somebody:
    """A person, animal or thing: names for it, what it does, and how that goes on."""

    names: list[Piece] = field(default_factory=list)
    actions: list[Piece] = field(default_factory=list)
    sequels: list[Piece] = field(default_factory=list)


@dataclass
class Lexicon:
    """All entries, spelled out."""

    openings: list[Piece] = field(default_factory=list)
    places: list[Piece] = field(default_factory=list)
    somebodies: list[Somebody] = field(default_factory=list)
    verses: list[Piece] = field(default_factory=list)


def agree(*pieces: Piece) -> bool:
    """Whether pieces may stand in one haiku: one world, one season, no two times that clash, one sky."""
    worlds = {piece.world for piece in pieces} - {"-"}
    if len(worlds) > 1:
        return False
    marks = {mark for piece in pieces for mark in piece.marks}
    settled: dict[str, str] = {}
    if any(clash <= marks for clash in CLASHING_TIMES):
        return False
    return all(DIMENSIONS[mark] == "time" or settled.setdefault(DIMENSIONS[mark], mark) == mark for mark in marks)


def beside(piece: Piece, *others: Piece) -> bool:
    """Whether an opening or a place may stand with the other pieces: if it is linked, it shares a theme with one."""
    return not piece.linked or any(set(piece.themes) & set(other.themes) for other in others)


def load(directory: Path = LEXICON_DIRECTORY) -> Lexicon:
    """Reads every file of the lexicon in the order of their names.

    Raises:
        LexiconError: an entry is malformed, holds a word that cannot be counted, or has no form that fits a line.
    """
    lexicon, problems = Lexicon(), []
    for path in sorted(directory.glob("*.txt")):
        problems += _read(path, lexicon)
    if problems:
        raise LexiconError("\n".join(problems))
    return lexicon


def _read(path: Path, lexicon: Lexicon) -> list[str]:
    """Adds a file's entries to the lexicon; returns what is wrong, one line for each entry that cannot be read."""
    problems: list[str] = []
    world, kind = "-", ""
    themes: tuple[str, ...] = ()
    marks: frozenset[str] = frozenset()
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        line = raw.partition("//")[0].rstrip()
        if not line:
            continue
        try:
            if not line.startswith(" "):
                kind, _, rest = line.partition(" ")
                if kind == "world":
                    world = rest.strip()
                    continue
                if kind not in ("open", "at", "one", "verse"):
                    raise LexiconError(f"unknown kind {kind!r}")
                names, _, listed = rest.partition("|")
                themes = tuple(
                    name.strip().replace("_", " ") for name in names.split(",") if name.strip() not in ("", "-")
                )
                marks = frozenset(listed.split())
                _known(marks)
                if kind == "one":
                    lexicon.somebodies.append(Somebody())
                continue
            base = Piece("", (), themes, marks, world.removesuffix("="), linked=world.endswith("="))
            _entry(kind, line.split(), base, lexicon)
        except (LexiconError, UncountableWord) as error:
            problems.append(f"{path.name}:{number}: {error}")
    return problems


def _entry(kind: str, words: list[str], base: Piece, lexicon: Lexicon) -> None:
    """Adds one line below a header to the lexicon, in all its forms."""
    added = tuple(word[1:].replace("_", " ") for word in words if word.startswith("#"))
    marks = base.marks | {word[1:] for word in words if word.startswith("~")}
    _known(marks)
    gives = frozenset(word[1:] for word in words if word.startswith("+"))
    needs = frozenset(word[1:] for word in words if word.startswith("?"))
    refuses = frozenset(word[1:] for word in words if word.startswith("!"))
    base = replace(base, themes=(*added, *base.themes), marks=marks, gives=gives, needs=needs, refuses=refuses)
    words = [word for word in words if word[0] not in "#~+?!"]
    if kind == "one":
        somebody, role = lexicon.somebodies[-1], words.pop(0)
        if role == "np":
            base = replace(base, person=words.pop(0))
            somebody.names += _forms(" ".join(words), base, range(1, 8))
        elif role in ("vp", "vp@"):
            base = replace(base, takes_place=role == "vp@")
            somebody.actions += map(_with_manner, _inflected(" ".join(words), base, somebody))
        elif role == "to":
            if any("^" in word for word in words):
                base = replace(base, refuses=base.refuses | {"asleep"})
            somebody.sequels += _inflected(" ".join(words), base, somebody, lengths=(5, 7))
        else:
            raise LexiconError(f"unknown part {role!r}")
    elif kind == "open":
        lexicon.openings += _forms(" ".join(words), base, (5,))
    elif kind == "at":
        lexicon.places += _forms(" ".join(words), base, (5, 7))
    else:
        lexicon.verses += _forms(" ".join(words), base, ((5, 7, 5),))


def _known(marks: frozenset[str]) -> None:
    if unknown := sorted(set(marks) - set(DIMENSIONS)):
        raise LexiconError(f"unknown mark {unknown[0]!r}")


def implied_marks(text: str, marks: frozenset[str]) -> frozenset[str]:
    """The marks that a text's words bring along, in dimensions where it has none yet."""
    settled = {DIMENSIONS[mark] for mark in marks}
    found: dict[str, str] = {}
    for mark, words in IMPLIED.items():
        if DIMENSIONS[mark] not in settled and re.search(rf"\b({words})\b", text):
            found.setdefault(DIMENSIONS[mark], mark)
    return frozenset(found.values())


def _with_manner(action: Piece) -> Piece:
    """An action with what follows from its words: whether it leaves somebody asleep, still, or busy for long."""
    manners = {"asleep": ASLEEP, "still": STILL, "long": LONG}
    gives = {name for name, words in manners.items() if re.search(rf"\b({words})\b", action.text)}
    placed = re.search(rf"\b({LOCATIVE})\b", action.text) is not None
    return replace(action, gives=action.gives | gives, takes_place=action.takes_place and not placed)


def _inflected(text: str, base: Piece, somebody: Somebody, lengths: object = range(1, 8)) -> list[Piece]:
    persons = sorted({name.person for name in somebody.names})
    if not persons:
        raise LexiconError("an action before any name")
    found = []
    for person in persons:
        found += _forms(inflect(text, person), replace(base, person=person), lengths, required=False)
    if not found:
        raise LexiconError(f"no form of {text!r} fits")
    return found


def _forms(text: str, base: Piece, lengths: object, required: bool = True) -> list[Piece]:
    """Spells out the choices of a text and keeps the forms of a fitting length."""
    found = {}
    for form in expand(text):
        lines = form.split(" / ")
        syllables = tuple(sum(count(word) for word in line.split()) for line in lines)
        length = syllables[0] if len(syllables) == 1 else syllables
        if length in lengths:  # type: ignore[operator]
            marks = base.marks | implied_marks(form, base.marks)
            found[form] = replace(base, text=form, syllables=syllables, marks=marks)
    if required and not found:
        raise LexiconError(f"no form of {text!r} fits")
    return list(found.values())


def expand(text: str) -> Iterator[str]:
    """Every text that a text with choices stands for: `[a|b] c` -> `a c`, `b c`."""
    parts = [part[1:-1].split("|") if part.startswith("[") else [part] for part in re.split(r"(\[[^\]]*\])", text)]
    for choice in product(*parts):
        words = "".join(choice).split()
        yield " ".join(
            "an"
            if word == "a" and after[:1] in tuple("aeiou") and not after.startswith(("one", "uni", "use"))
            else word
            for word, after in zip(words, [*words[1:], ""], strict=True)
        )


def inflect(text: str, person: str) -> str:
    """Fits marked verbs and pronouns to a person."""
    for pronoun, form in PERSONS[person].items():
        text = text.replace("{" + pronoun + "}", form)
    return re.sub(r"\^([a-z']+)", lambda match: _verb(match[1], person), text)


def _verb(verb: str, person: str) -> str:
    """`washes`, `carries`, `puts` as they are for he, she and it, without their ending for i and they."""
    if person not in "ip":
        return verb
    if verb in IRREGULAR:
        return IRREGULAR[verb][person]
    if verb.endswith("ies") and len(verb) > 4:
        return verb[:-3] + "y"
    if verb.endswith(("shes", "ches", "sses", "xes", "zzes", "oes")):
        return verb[:-2]
    return verb.removesuffix("s")
