"""`python -m staff.site.browser SITE`: opens every page of a built site in Chromium and tells what is wrong.

Each page is opened from disk, 1440 and 360 pixels wide, in light and dark. Faults are messages of the console, requests
that leave the disk, links and images that lead nowhere, pages that are wider than the screen, and what axe-core calls
serious on one page of each kind. The exam gets a wrong and a right answer, the checklist is ticked and read again.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from staff import extras
from startup import EXIT_USAGE, ending

with extras.needed("staff.site.browser"):
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import BrowserContext, Page, sync_playwright

KINDS = ("index", "modules/attention", "questions/q1", "exam", "timeline", "project/command_line")
SIZES = ((1440, 900), (360, 740))
SCHEMES = ("light", "dark")
MAX_PRINTED_BYTES = 5_000_000  # of a module page as PDF
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
LINKS = """() => [...document.querySelectorAll('a[href], link[href], script[src], img[src]')]
    .map((node) => node.href?.baseVal ?? node.href ?? node.src)"""
BROKEN_IMAGES = "() => [...document.images].filter((i) => i.complete && !i.naturalWidth).map((i) => i.alt)"
IDS = "() => [...document.querySelectorAll('[id]')].map((node) => node.id)"
OVERFLOW = "() => document.documentElement.scrollWidth - window.innerWidth"


def main(argv: list[str] | None = None) -> int:
    """Look at every page; returns 1 if anything is wrong, 2 if there is no browser or no site."""
    parser = argparse.ArgumentParser(prog="python -m staff.site.browser", description="Check a built site in Chromium.")
    parser.add_argument("site", type=Path, metavar="SITE", help="what `python -m staff.site` wrote")
    site = parser.parse_args(argv).site.resolve()
    if CHROMIUM is None or not (site / "index.html").is_file():
        missing = "Chromium is not installed; set CHROMIUM to its path" if CHROMIUM is None else f"{site} holds no site"
        print(f"staff.site.browser: error: {missing}", file=sys.stderr)
        return EXIT_USAGE
    faults = sorted(set(find_faults(site)))
    for fault in faults:
        print(fault)
    count = len(list(site.rglob("*.html")))
    print(f"{count} pages, {len(SIZES)} widths, {len(SCHEMES)} colour schemes: {len(faults) or 'no'} faults")
    return 1 if faults else 0


def find_faults(site: Path) -> Iterator[str]:
    """Every fault of the site, in a sentence that begins with the page."""
    pages = sorted(path.relative_to(site).with_suffix("").as_posix() for path in site.rglob("*.html"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for width, height in SIZES:
            for scheme in SCHEMES:
                screen: Any = {"viewport": {"width": width, "height": height}, "color_scheme": scheme}
                context = browser.new_context(**screen)
                yield from _look(context, site, pages, f"{width} {scheme}")
                if width == SIZES[0][0] and scheme == SCHEMES[0]:
                    yield from _links(context, site, pages)
                    yield from _exam(context, site)
                    yield from _checklist(context, site)
                    yield from _print(context, site)
                context.close()
        browser.close()


def _look(context: BrowserContext, site: Path, pages: list[str], how: str) -> Iterator[str]:
    for name in pages:
        page = context.new_page()
        heard: list[str] = []
        _listen(page, heard)
        page.goto((site / f"{name}.html").as_uri(), wait_until="load")
        heard += [f"broken image: {alt}" for alt in page.evaluate(BROKEN_IMAGES)]
        if (overflow := page.evaluate(OVERFLOW)) > 0:
            heard.append(f"{overflow} pixels wider than the screen")
        if name in KINDS:
            heard += _axe(page)
        yield from (f"{name} ({how}): {fault}" for fault in heard)
        page.close()


def _listen(page: Page, heard: list[str]) -> None:
    page.on("console", lambda message: heard.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: heard.append(f"error: {error}"))
    page.on("request", lambda request: heard.extend(_outside(request.url)))
    page.on("requestfailed", lambda request: heard.append(f"not found: {request.url}"))


def _outside(address: str) -> list[str]:
    return [] if address.startswith(("file:", "data:", "blob:")) else [f"request to {address}"]


def _axe(page: Page) -> list[str]:
    # axe-core would read the style sheets again, which browsers refuse for files on disk.
    found = Axe().run(page, options={"preload": False}).response["violations"]
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    first = [each["nodes"][0]["html"][:120] for each in serious]
    return [f"axe-core: {each['help']}: {node}" for each, node in zip(serious, first, strict=True)]


def _links(context: BrowserContext, site: Path, pages: list[str]) -> Iterator[str]:
    page, ids, links = context.new_page(), {}, {}
    for name in pages:
        page.goto((site / f"{name}.html").as_uri())
        ids[site / f"{name}.html"] = set(page.evaluate(IDS))
        links[name] = set(page.evaluate(LINKS))
    for name, addresses in links.items():
        for address in addresses:
            if not address.startswith("file:"):
                continue
            path, _, anchor = unquote(address.removeprefix("file://").partition("?")[0]).partition("#")
            if not Path(path).is_file():
                yield f"{name}: link to {path}, which does not exist"
            elif anchor and anchor not in ids.get(Path(path), {anchor}):
                yield f"{name}: link to {Path(path).name}#{anchor}, which does not exist"
    page.close()


def _exam(context: BrowserContext, site: Path) -> Iterator[str]:
    """A wrong and a right answer to every number; the working appears after the first try."""
    page = context.new_page()
    page.goto((site / "exam.html").as_uri())
    if page.locator("details.after-try:visible").count():
        yield "exam: a working is shown before any answer"
    for field in page.locator(".ask").all():
        value = float(field.get_attribute("data-value") or "nan")
        for given, expected in (("99999.5", "wrong"), (f"{value:.2f}".replace(".", ","), "right"), ("x", "")):
            field.locator("input").fill(given)
            field.locator("button").click()
            classes = set((field.get_attribute("class") or "").split()) - {"ask"}
            if classes != ({expected} if expected else set()):
                yield f"exam: {field.locator('label').inner_text()}: {given} is {classes or 'neither'}, not {expected}"
    if page.locator("details.after-try:visible").count() != page.locator("details.after-try").count():
        yield "exam: a working stays hidden after an answer"
    page.close()


def _checklist(context: BrowserContext, site: Path) -> Iterator[str]:
    page = context.new_page()
    page.goto((site / "checklist.html").as_uri())
    page.locator(".checklist input").nth(2).check()
    page.reload()
    if not page.locator(".checklist input").nth(2).is_checked():
        yield "checklist: a tick is lost when the page is opened again"
    page.locator(".checklist .forget").click()
    if page.locator(".checklist input:checked").count():
        yield "checklist: ticks stay after 'Untick all'"
    page.close()


def _print(context: BrowserContext, site: Path) -> Iterator[str]:
    page = context.new_page()
    page.goto((site / "modules" / "attention.html").as_uri())
    page.emulate_media(media="print")
    if page.locator(".sidebar-drawer").is_visible():
        yield "modules/attention: the margin is printed"
    if len(page.pdf(format="A4")) > MAX_PRINTED_BYTES:
        yield "modules/attention: the printed page is too large"
    page.close()


if __name__ == "__main__":
    ending.run(main)
