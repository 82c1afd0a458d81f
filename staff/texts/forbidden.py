"""The sentences that say what an elective forbids, from question.toml: its page and its student file hold them."""

from __future__ import annotations

from collections.abc import Sequence

from grading.checks.source import TENSOR_METHODS, is_forbidden

MARK = "forbidden"  # on the pages of electives
MEANINGS = {"*": "`*` stands for any text", "?": "`?` stands for one letter"}
NOTHING = "Nothing of torch is forbidden here."


def sentences(patterns: Sequence[str]) -> str:
    """What may not be used, in words, on one line.

    Args:
        patterns: of dotted names, as question.toml lists them; `torch.optim.*` goes without saying after `torch.optim`.
    """
    names = [name for name in patterns if name.removesuffix(".*") == name or name.removesuffix(".*") not in patterns]
    if not names:
        return NOTHING
    parts = [f"Not allowed here: {', '.join(f'`{name}`' for name in names)}."]
    signs = [sign for sign in MEANINGS if sign in "".join(names)]
    if signs:
        parts.append(f"In these names, {' and '.join(MEANINGS[sign] for sign in signs)}.")
    methods = [f"`{name}`" for name in sorted(TENSOR_METHODS) if name[-1] != "_" and is_forbidden(name, patterns)]
    if methods:
        parts.append(f"Also not allowed, as methods of a tensor: {', '.join(methods)}.")
    return " ".join([*parts, "Everything else of torch is allowed."])
