"""A Sphinx extension that writes formulas as MathML, which browsers draw themselves: no script, no request."""

from __future__ import annotations

import html
import re
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx

# A minus behind another operator is a sign; browsers would set it as a difference.
SIGN = re.compile(r"(<mo(?: [^>]*)?>[^<]+</mo>)<mo>&#x02212;</mo>")
# The converter leaves no space between a function and its argument.
FUNCTION = re.compile(r"(<m[io]>(?:log|ln|tanh|sin|cos)</m[io]>)(?=<m(?:i|n|sub|frac)[ >])")
SPACE = '<mspace width="0.17em" />'
WORD_JOINER = "&#x2060;"  # keeps a formula and the full stop behind it on one line
# MathML in browsers knows no letters in bold or script but those of Unicode's own alphabets for formulas.
VARIANT = re.compile(r'<(m[in]) mathvariant="(bold|bold-italic|script)">([^<]+)</m[in]>')
CAPITALS = {"bold": 0x1D400, "bold-italic": 0x1D468}
SCRIPT = {"L": "ℒ", "E": "ℰ", "F": "ℱ", "H": "ℋ", "I": "ℐ", "M": "ℳ", "R": "ℛ", "B": "ℬ"}  # older than the alphabet
GREEK = {"bold": 0x1D6C2, "bold-italic": 0x1D736}  # of alpha


def mathml(formula: str, *, is_block: bool) -> str:
    """LaTeX as a `<math>` element, with the LaTeX as its label for those who do not see it.

    Raises:
        ValueError: the formula cannot be read.
    """
    try:
        # The converter knows `align*`, which is the same inside a formula.
        source = re.sub(r"\{aligned\}", "{align*}", formula.strip())
        element = convert(source, display="block" if is_block else "inline")
    except Exception as error:  # the converter has no base class for its exceptions
        raise ValueError(f"{type(error).__name__} in the formula {formula!r}") from error
    element = FUNCTION.sub(rf"\1{SPACE}", element)
    element = SIGN.sub(r'\1<mo form="prefix">&#x02212;</mo>', VARIANT.sub(_in_unicode, element))
    if is_block:
        # A keyboard can scroll a formula that is wider than a phone.
        return f'<div class="formula" tabindex="0" role="group" aria-label="formula">{element}</div>\n'
    return element + WORD_JOINER


def _in_unicode(found: re.Match[str]) -> str:
    """An element of letters with a variant, as an element of letters that have the variant themselves."""
    name, variant, letters = found[1], found[2], html.unescape(found[3])
    return f"<{name}>{''.join(_letter(letter, variant) for letter in letters)}</{name}>"


def _letter(letter: str, variant: str) -> str:
    if variant == "script":
        return SCRIPT.get(letter) or (chr(0x1D49C + ord(letter) - ord("A")) if "A" <= letter <= "Z" else letter)
    if "A" <= letter <= "Z":
        return chr(CAPITALS[variant] + ord(letter) - ord("A"))
    if "a" <= letter <= "z":
        return chr(CAPITALS[variant] + 26 + ord(letter) - ord("a"))
    if "0" <= letter <= "9":
        return chr(0x1D7CE + ord(letter) - ord("0"))
    if "α" <= letter <= "ω":
        return chr(GREEK[variant] + ord(letter) - ord("α"))
    return letter


def _inline(translator: Any, node: nodes.math) -> None:
    translator.body.append(mathml(node.astext(), is_block=False))
    raise nodes.SkipNode


def _block(translator: Any, node: nodes.math_block) -> None:
    translator.body.append(mathml(node.astext(), is_block=True))
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer under the name that conf.py gives to `html_math_renderer`."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
