"""What a run of chargpt.py is given: text from files, and the range of every number behind a flag."""

from __future__ import annotations

import argparse
import codecs
import sys
from pathlib import Path

from training.errors import UserError

# Byte order marks and the encodings that they say; those of UTF-32 begin as those of UTF-16 do.
MARKED = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
STANDARD_INPUT = "-"  # in the place of a file's name
# The least and the greatest value of each flag. Beyond the greatest, float32, torch's integers or the memory overflow.
RANGES: dict[str, tuple[float, float]] = {
    "block_size": (1, 10**6),
    "n_embd": (1, 10**5),
    "n_layer": (1, 1000),
    "batch_size": (1, 10**6),
    "learning_rate": (0, 1000),
    "matrix_learning_rate": (0, 1000),
    "weight_decay": (0, 1000),
    "noise": (0, 1),
    "steps": (1, 10**12),
    "minutes": (1e-6, 1e6),
    "seed": (0, 2**63 - 1),
    "length": (0, 10**9),
    "temperature": (0, 1e6),
    "top_k": (1, 10**9),
    "threads": (1, 128),
}


def checked(options: argparse.Namespace) -> argparse.Namespace:
    """The flags, each number in its range, and `prompt` read from `prompt_file` where that is given.

    Raises:
        UserError: a number is out of its range, or the file cannot be read.
    """
    for name, (least, most) in RANGES.items():
        value = getattr(options, name, None)
        if value is not None and not least <= value <= most:  # so that nan is out of every range
            flag = f"--{name.replace('_', '-')}"
            raise UserError(f"{flag} should be at least {_plain(least)} and at most {_plain(most)}; got {value}")
    if options.prompt_file is not None:
        prompt = read_text(options.prompt_file, "--prompt-file takes a text file, or - for standard input.")
        options.prompt = prompt.removesuffix("\n")  # which editors put at the end of every file
    return options


def _plain(number: float) -> str:
    """A number as people write it: without an exponent, and without zeros behind its decimals."""
    return str(number) if isinstance(number, int) else f"{number:f}".rstrip("0").rstrip(".")


def read_text(path: Path, help_text: str) -> str:
    """The text of a file in UTF-8, or in whatever its byte order mark says; every line ends with a line feed.

    Args:
        path: of the file; `-` for standard input.
        help_text: a sentence about the flag, for the message where there is no such file.
    Raises:
        UserError: it is missing, cannot be read, or is no text.
    """
    try:
        content = sys.stdin.buffer.read() if str(path) == STANDARD_INPUT else path.read_bytes()
        encoding = next((name for mark, name in MARKED if content.startswith(mark)), "utf-8")
        text = content.decode(encoding)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file. {help_text}") from None
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path} is not text in {encoding.upper().removesuffix('-SIG')} (byte {error.start}). "
            "Save the file in UTF-8, or give another file."
        ) from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")
