"""Which pairs of submissions share the most, by copydetect's fingerprints: rows of tokens that occur in both.

After Schleimer, Wilkerson, Aiken (2003), "Winnowing: local algorithms for document fingerprinting", with every
fingerprint kept, since submissions are small.
"""

from __future__ import annotations

import heapq
import io
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from copydetect import CodeFingerprint, compare_files
from copydetect.utils import get_token_coverage

from staff.classroom.similarity.document import END_OF_FILE, Document, read

TOKENS_IN_A_FINGERPRINT = 12  # more than a line; honest solutions share few such rows by chance
MIN_COMMON = 5  # so many submissions have to share something before it can count as what many write


@dataclass(frozen=True)
class Settings:
    """What counts as a match.

    Attributes:
        common_share: code that more than this share of the submissions has, and at least `MIN_COMMON` of them, is
            left out.
        least_tokens: pairs that share fewer tokens than this are not told.
        most_pairs: how many pairs are kept.
    """

    common_share: float = 0.2
    least_tokens: int = 60
    most_pairs: int = 30


@dataclass(frozen=True)
class Entry:
    """One submission in the comparison.

    Attributes:
        name: whose it is, as the report says.
        people: what tells its students from others: submissions with a student in common are not compared.
        document: its files.
    """

    name: str
    people: frozenset[str]
    document: Document


@dataclass(frozen=True)
class Pair:
    """Two submissions and what they share beyond the starter and what many write.

    Attributes:
        first, second: their numbers in the class.
        tokens: how many of the first's are shared.
        shares: of each one's own tokens, the part that is shared.
        matches: for each, int64 (count, 2): begin and end of every shared row of tokens.
    """

    first: int
    second: int
    tokens: int
    shares: tuple[float, float]
    matches: tuple[np.ndarray, np.ndarray]

    @property
    def share(self) -> float:
        """The larger of the two: a copy may be part of something longer."""
        return max(self.shares)


@dataclass(frozen=True)
class Comparison:
    """What came of comparing a class.

    Attributes:
        pairs: the most alike, in order.
        compared: how many pairs there were.
        distribution: how many pairs share 0 to 5%, 5 to 10%, and so on.
        own: for each submission, how many tokens are its own: neither the starter's nor common.
        set_aside: for each submission, bool (tokens,): what is the starter's or common.
        identical: groups of submissions that are the same but for names, comments and layout.
    """

    pairs: list[Pair]
    compared: int
    distribution: list[int]
    own: list[int]
    set_aside: list[np.ndarray]
    identical: list[list[int]]


STEPS = 20  # of the distribution


def compare(
    entries: Sequence[Entry],
    starter: Mapping[str, bytes],
    settings: Settings,
    on_progress: Callable[[int], None] = lambda pairs: None,
) -> Comparison:
    """Compare every two submissions that have no student in common.

    Args:
        entries: the class.
        starter: the files that everybody began with, by name.
        settings: what counts as a match.
        on_progress: called now and then with the number of pairs compared since the last call.
    """
    fingerprints = [_fingerprint(entry.document) for entry in entries]
    known = set().union(*(_fingerprint(read({name: content})).hashes for name, content in starter.items()))
    known |= _common(fingerprints, settings)
    set_aside = [_without(fingerprint, known) for fingerprint in fingerprints]
    best: list[tuple[float, int, int, int, Pair]] = []
    distribution, compared, told = [0] * STEPS, 0, 0
    for first, second in combinations(range(len(entries)), 2):
        if entries[first].people & entries[second].people:
            continue
        compared += 1
        pair = _pair(first, second, fingerprints[first], fingerprints[second])
        distribution[min(int(pair.share * STEPS), STEPS - 1)] += 1
        if pair.tokens >= settings.least_tokens:
            heapq.heappush(best, (pair.share, pair.tokens, -first, -second, pair))
            if len(best) > settings.most_pairs:
                heapq.heappop(best)
        if compared % 1000 == 0:
            on_progress(compared - told)
            told = compared
    on_progress(compared - told)
    pairs = [row[-1] for row in sorted(best, key=lambda row: row[:-1], reverse=True)]
    own = [int(fingerprint.token_coverage) for fingerprint in fingerprints]
    return Comparison(pairs, compared, distribution, own, set_aside, _identical(entries, starter))


def _fingerprint(document: Document) -> CodeFingerprint:
    """The hashes of all rows of tokens that lie within one file."""
    k = TOKENS_IN_A_FINGERPRINT
    fingerprint = CodeFingerprint("tokens", k=k, win_size=1, filter=False, fp=io.StringIO(document.tokens))
    within = {
        value: [place for place in places if END_OF_FILE not in document.tokens[place : place + k]]
        for value, places in fingerprint.hash_idx.items()
    }
    fingerprint.hash_idx = {value: places for value, places in within.items() if places}
    fingerprint.hashes = set(fingerprint.hash_idx)
    return fingerprint


def _common(fingerprints: Sequence[CodeFingerprint], settings: Settings) -> set[int]:
    """The hashes that many submissions have."""
    counts = Counter(value for fingerprint in fingerprints for value in fingerprint.hashes)
    least = max(settings.common_share * len(fingerprints), MIN_COMMON - 1)
    return {value for value, count in counts.items() if count > least}


def _without(fingerprint: CodeFingerprint, known: set[int]) -> np.ndarray:
    """Take hashes out of a fingerprint; gives which tokens, bool (tokens,), are in one of them and in no other.

    copydetect's own subtraction (version 0.5.0) also takes out whatever a submission repeats, so it is done here.
    """
    length, k = len(fingerprint.raw_code), fingerprint.k
    fingerprint.hashes = fingerprint.hashes - known
    fingerprint.hash_idx = {value: places for value, places in fingerprint.hash_idx.items() if value not in known}
    kept = np.zeros(length, bool)
    for places in fingerprint.hash_idx.values():
        for place in places:
            kept[place : place + k] = True
    fingerprint.token_coverage = get_token_coverage(fingerprint.hash_idx, k, length)
    return ~kept


def _pair(first: int, second: int, one: CodeFingerprint, other: CodeFingerprint) -> Pair:
    if one.hashes.isdisjoint(other.hashes):
        nothing = np.empty((0, 2), np.int64)
        return Pair(first, second, 0, (0.0, 0.0), (nothing, nothing))
    tokens, shares, matches = compare_files(one, other)
    return Pair(
        first,
        second,
        int(tokens),
        (float(shares[0]), float(shares[1])),
        (matches[0].T.astype(np.int64), matches[1].T.astype(np.int64)),
    )


def _identical(entries: Iterable[Entry], starter: Mapping[str, bytes]) -> list[list[int]]:
    """Groups of the same tokens; not those who handed in the starter or nothing, nor who have a student in common."""
    groups: dict[tuple[tuple[str, ...], str], list[int]] = defaultdict(list)
    people: dict[int, frozenset[str]] = {}
    nothing = {"", *(read({name: content}).tokens for name, content in starter.items())}
    for number, entry in enumerate(entries):
        people[number] = entry.people
        parts = [part + END_OF_FILE for part in entry.document.tokens.split(END_OF_FILE)[:-1]]
        if any(part not in nothing for part in parts):
            groups[tuple(name for name, _ in entry.document.files), entry.document.tokens].append(number)
    found = []
    for group in groups.values():
        strangers = [number for number in group if not any(people[number] & people[o] for o in group if o < number)]
        if len(strangers) > 1:
            found.append(strangers)
    return found
