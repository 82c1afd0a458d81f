"""Reads the flags of a program, and names the flag that was probably meant where there is no such flag."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Sequence

from startup import EXIT_USAGE

LONG_DASHES = "\u2012\u2013\u2014\u2015\u2212"  # what word processors make of hyphens


def parse(parser: argparse.ArgumentParser, arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """What `parser.parse_args` gives. A flag that does not exist ends the program with a short sentence."""
    found, unknown = parser.parse_known_args(arguments)
    if unknown:
        word = next((word for word in unknown if word.startswith("-")), unknown[0])
        parser.exit(EXIT_USAGE, f"{parser.prog}: error: {explained(parser, word)}\n")
    return found


def explained(parser: argparse.ArgumentParser, word: str) -> str:
    """Why a program does not understand a word of its command line, and what to write instead."""
    flags = re.findall(r"(?<!\S)--?\w[\w-]*", parser.format_help())
    flag = word.partition("=")[0]
    if dashes := flag[: len(flag) - len(flag.lstrip(LONG_DASHES + "-"))].strip("-"):
        name = flag.lstrip(LONG_DASHES + "-")
        meant = next((one for one in (f"--{name}", f"-{name}") if one in flags), "")
        fix = f" Write {meant}." if meant else ""
        return f"{word} begins with a long dash ({dashes[0]}). A flag begins with one or two hyphens (-).{fix}"
    if not flag.startswith("-"):
        return f"{word} stands without a flag. --help lists the flags"
    alike = difflib.get_close_matches(flag, flags, 1)
    fix = f" Is {alike[0]} meant?" if alike else ""
    return f"there is no flag {flag}.{fix} --help lists the flags"
