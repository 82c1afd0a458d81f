"""The grammar of the pre-training haiku: which pieces of the lexicon make three lines, and how they are drawn.

A haiku is built after one of `PATTERNS`; `-` stands for the cut:

    opening -    | somebody does        | and goes on
    opening -    | somebody does        | at a place
    at a place   | somebody does        | and goes on
    somebody     | does                 | and goes on
    somebody     | does -               | opening
    somebody does| and goes on -        | opening
    somebody does| at a place -         | opening

or is a verse of the lexicon as it stands. Pieces meet only if they agree in world, season, time and sky, and if those
that are linked find one of their themes beside them. Themes are drawn first, uniformly, so that each of them gets its
share.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator

from data.haiku import FORM, Haiku, themes, words_of
from staff.build.haiku.check import haiku_faults
from staff.build.haiku.lexicon import Lexicon, Piece, Somebody, agree, beside

ATTEMPTS = 40  # draws of partners for one seed piece before it is given up
PARTNERS = 60  # openings or places looked at for one that fits
DASH_SHARE = 0.7  # of the cuts after a first line; a comma marks the others
_LISTED = """
a an the and or but of in on at to from with by for as it its his her he she him i my me they them their is are no
not one two up down out off over under into through all then so that this what who where how than too still we you
your has have does do while until before after if when there here last first more only again
"""
FUNCTION_WORDS = frozenset(_LISTED.split())
MAX_THEMES = 4


class Grammar:
    """Draws haiku from a lexicon.

    Args:
        lexicon: where the pieces come from.
        seed: of the draw.
    """

    def __init__(self, lexicon: Lexicon, seed: int = 0) -> None:
        self.random = random.Random(seed)
        self._somebodies = lexicon.somebodies
        self._openings = lexicon.openings
        self._opening_set = frozenset(lexicon.openings)
        self._places = {n: [piece for piece in lexicon.places if piece.syllables == (n,)] for n in FORM}
        self._seeds: dict[str, list[tuple[Piece, Somebody | None]]] = defaultdict(list)
        seeds: list[tuple[Piece, Somebody | None]] = [(piece, None) for piece in [*lexicon.openings, *lexicon.verses]]
        for somebody in lexicon.somebodies:
            seeds += [(piece, somebody) for piece in somebody.actions]
        for piece, who in seeds:
            for theme in piece.themes:
                self._seeds[theme].append((piece, who))

    @property
    def themes(self) -> list[str]:
        """The themes that some piece carries, in the order of the list of themes."""
        return [theme for theme in themes() if theme in self._seeds]

    def haiku(self) -> Iterator[Haiku]:
        """Draws distinct haiku without end; stops only when hardly anything new comes."""
        seen: set[tuple[str, ...]] = set()
        fruitless = 0
        while fruitless < 2000:
            theme = self.random.choice(self.themes)
            made = self.draw(theme)
            key = tuple(" ".join(words_of(line)) for line in made.lines) if made else ()
            if made is None or key in seen or haiku_faults(made):
                fruitless += 1
                continue
            seen.add(key)
            fruitless = 0
            yield made

    def draw(self, theme: str) -> Haiku | None:
        """Tries for one haiku about a theme; None if the pieces drawn do not fit together."""
        piece, somebody = self._seed(theme)
        if len(piece.syllables) == 3:
            return self._written(theme, [(piece,)], verse=piece)
        opening = None
        if somebody is None:
            opening = piece
        for _ in range(ATTEMPTS):
            who = somebody or self.random.choice(self._somebodies)
            action = piece if somebody else self.random.choice(who.actions)
            if opening is not None and not (agree(opening, action) and beside(opening, action)):
                continue
            lines = self._build(who, action, opening)
            if lines is not None and (made := self._written(theme, lines)):
                return made
        return None

    def _seed(self, theme: str) -> tuple[Piece, Somebody | None]:
        """A piece about a theme: an opening, a verse or an action, each kind alike often where there are several."""
        kinds: dict[str, list[tuple[Piece, Somebody | None]]] = defaultdict(list)
        for piece, somebody in self._seeds[theme]:
            kinds["action" if somebody else "verse" if len(piece.syllables) == 3 else "opening"].append(
                (piece, somebody)
            )
        weights = {"action": 5, "verse": 1, "opening": 3}
        kind = self.random.choices(list(kinds), [weights[kind] for kind in kinds])[0]
        return self.random.choice(kinds[kind])

    def _build(self, who: Somebody, action: Piece, opening: Piece | None) -> list[tuple[Piece, ...]] | None:
        """Three lines around an action, after a pattern drawn among those that fit its length; None if none does."""
        name = self._one([piece for piece in who.names if piece.person == action.person])
        if name is None:
            return None
        together = name.syllables[0] + action.syllables[0]
        action_alone = action.syllables[0] == 7 and name.syllables[0] == 5
        if action_alone:
            if opening is not None or self.random.random() < 0.5:
                return self._with_opening_last([(name,), (action,)], opening)
            return self._with_end([(name,), (action,)], who, action, 5)
        if together == 7:
            if opening is not None or self.random.random() < 0.7:
                first = opening or self._opening(name, action)
                return self._with_end([(first,), (name, action)], who, action, 5) if first else None
            place = self._beside(self._places[5], name, action) if action.takes_place else None
            return self._sequel([(place,), (name, action)], who, action, 5) if place else None
        if together == 5:
            ended = self._with_end([(name, action)], who, action, 7)
            return self._with_opening_last(ended, opening) if ended else None
        return None

    def _with_end(
        self, lines: list[tuple[Piece, ...]], who: Somebody, action: Piece, length: int
    ) -> list[tuple[Piece, ...]] | None:
        """The lines and one more: a place where the action takes one, or how it goes on."""
        if action.takes_place and self.random.random() < 0.6:
            pieces = [piece for line in lines for piece in line]
            place = self._beside(self._places[length], *pieces)
            if place is not None:
                return [*lines, (place,)]
        return self._sequel(lines, who, action, length)

    def _sequel(
        self, lines: list[tuple[Piece, ...]], who: Somebody, action: Piece, length: int
    ) -> list[tuple[Piece, ...]] | None:
        pieces = [piece for line in lines for piece in line]
        sequel = self._one(
            [
                s
                for s in who.sequels
                if s.syllables == (length,)
                and s.person == action.person
                and s.needs <= action.gives
                and not s.refuses & action.gives
                and agree(s, *pieces)
            ]
        )
        return [*lines, (sequel,)] if sequel else None

    def _with_opening_last(
        self, lines: list[tuple[Piece, ...]], opening: Piece | None
    ) -> list[tuple[Piece, ...]] | None:
        pieces = [piece for line in lines for piece in line]
        last = opening or self._opening(*pieces)
        fits = last is not None and agree(last, *pieces) and beside(last, *pieces)
        return [*lines, (last,)] if last is not None and fits else None

    def _opening(self, *pieces: Piece) -> Piece | None:
        return self._beside(self._openings, *pieces)

    def _beside(self, choices: list[Piece], *pieces: Piece) -> Piece | None:
        """One of the choices that may stand with the pieces, each alike often; None if a search finds none."""
        for choice in self.random.sample(choices, min(PARTNERS, len(choices))):
            if agree(choice, *pieces) and beside(choice, *pieces):
                return choice
        return None

    def _one(self, pieces: list[Piece]) -> Piece | None:
        return self.random.choice(pieces) if pieces else None

    def _written(self, theme: str, lines: list[tuple[Piece, ...]], verse: Piece | None = None) -> Haiku | None:
        """The haiku with its marks, season and themes; None if a content word comes twice."""
        pieces = [piece for line in lines for piece in line]
        if not agree(*pieces):
            return None
        texts = verse.text.split(" / ") if verse else [" ".join(piece.text for piece in line) for line in lines]
        content = [word for text in texts for word in words_of(text) if word not in FUNCTION_WORDS]
        if len(content) != len(set(content)):
            return None
        cut = " -" if self.random.random() < DASH_SHARE else ","
        if not verse and lines[0][0] in self._opening_set:
            texts[0] += cut
        elif not verse and lines[2][0] in self._opening_set:
            texts[1] += " -"
        carried = dict.fromkeys([theme, *(name for piece in pieces for name in piece.themes)])
        seasons = {mark for piece in pieces for mark in piece.marks} & {"spring", "summer", "autumn", "winter"}
        named = tuple(carried)[:MAX_THEMES]
        return Haiku(next(iter(seasons), "none"), named, (texts[0], texts[1], texts[2]))
