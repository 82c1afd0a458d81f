"""Makes pictures of the report: `python -m staff.evidence.report_screenshot [--output DIR] [--report FILE]`.

Grades the reference solutions with --report unless a page is given, and photographs the page with headless Chromium:
whole on a wide screen, light and dark, and whole on a phone; and prints it. The hand-out's picture is two parts of it,
light and dark: copy report-hand-out.png to docs/students/images/report.png.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image  # comes with matplotlib

from staff.places import SOLUTIONS_DIRECTORY
from startup import ending
from startup.project import PROJECT_DIRECTORY

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
QUESTIONS = "q1,q2,q3,q4,q5,q6"
SECONDS_FOR_A_PICTURE = 60
DARK = "--blink-settings=preferredColorScheme=0"


@dataclass(frozen=True)
class Shot:
    """One picture: its file's name, the window's size in pixels, whether it is dark, the only section shown."""

    name: str
    width: int
    height: int
    is_dark: bool = False
    only: str = ""


SHOTS = (
    Shot("report.png", 1000, 6200),
    Shot("report-dark.png", 1000, 6200, is_dark=True),
    Shot("report-phone.png", 500, 7600),
    Shot("report-q3.png", 900, 1190, only="q3"),
    Shot("report-q4.png", 900, 1190, is_dark=True, only="q4"),
)
HAND_OUT_PARTS, HAND_OUT_PICTURE = ("report-q3.png", "report-q4.png"), "report-hand-out.png"
HAND_OUT_COLOURS = 64  # keep the file small


class NoBrowser(Exception):
    """There is no Chromium; the text says what to do."""


def find_browser() -> str:
    """The browser's program.

    Raises:
        NoBrowser: there is none.
    """
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    raise NoBrowser(f"none of {', '.join(BROWSERS)} is installed; `apt-get install chromium` brings one")


def photograph(report: Path, output: Path) -> list[Path]:
    """Take every picture of a report.html, and print it as report.pdf, into a folder; returns the files.

    Raises:
        NoBrowser: there is no Chromium.
        subprocess.CalledProcessError: it failed.
    """
    browser = find_browser()
    for shot in SHOTS:
        size = f"--window-size={shot.width},{shot.height}"
        flags = [f"--screenshot={output / shot.name}", size, *([DARK] if shot.is_dark else [])]
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder) / "report.html"
            page.write_text(_with_one_section(report, shot.only) if shot.only else _text(report), encoding="utf-8")
            _browse(browser, [*flags, "--force-device-scale-factor=1", page.as_uri()])
    _browse(browser, [f"--print-to-pdf={output / 'report.pdf'}", "--no-pdf-header-footer", report.resolve().as_uri()])
    _join([output / name for name in HAND_OUT_PARTS], output / HAND_OUT_PICTURE)
    return [output / name for name in (*(shot.name for shot in SHOTS), HAND_OUT_PICTURE, "report.pdf")]


def grade(directory: Path) -> Path:
    """Grade the reference solutions, with a report into a folder; returns the page."""
    command = [sys.executable, str(PROJECT_DIRECTORY / "autograder.py"), "--no-graphics", "-q", QUESTIONS]
    command += ["--code-directory", str(SOLUTIONS_DIRECTORY), "--report", str(directory)]
    subprocess.run(command, check=True, cwd=PROJECT_DIRECTORY)
    return directory / "report.html"


def _text(report: Path) -> str:
    return report.read_text(encoding="utf-8")


def _with_one_section(report: Path, name: str) -> str:
    """A page that shows one question alone."""
    hidden = f"header, table, footer, section:not(#{name}) {{ display: none }} section {{ margin-top: 0 }}"
    return _text(report).replace("</head>", f"<style>{hidden}</style></head>", 1)


def _browse(browser: str, arguments: list[str]) -> None:
    with tempfile.TemporaryDirectory() as profile:
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"]
        command += [f"--user-data-dir={profile}", *arguments]
        subprocess.run(command, check=True, capture_output=True, timeout=SECONDS_FOR_A_PICTURE)


def _join(parts: list[Path], whole: Path) -> None:
    """Put pictures of one height side by side, in few colours."""
    images = []
    for part in parts:
        with Image.open(part) as file:
            images.append(file.convert("RGB"))
    joined = Image.new("RGB", (sum(image.width for image in images), images[0].height))
    for number, image in enumerate(images):
        joined.paste(image, (sum(before.width for before in images[:number]), 0))
    joined.quantize(HAND_OUT_COLOURS, dither=Image.Dither.NONE).save(whole, optimize=True)


def main(argv: list[str] | None = None) -> int:
    """Make every picture; returns 0, or 1 where there is no browser."""
    parser = argparse.ArgumentParser(
        prog="python -m staff.evidence.report_screenshot", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--output", type=Path, default=PROJECT_DIRECTORY / "out" / "screenshots", metavar="DIR")
    parser.add_argument("--report", type=Path, metavar="FILE", help="of this page, instead of grading the reference")
    arguments = parser.parse_args(argv)
    arguments.output.mkdir(parents=True, exist_ok=True)
    try:
        find_browser()
        for path in photograph(arguments.report or grade(arguments.output), arguments.output):
            print(path)
    except NoBrowser as error:
        print(f"staff.evidence.report_screenshot: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    ending.run(main)
