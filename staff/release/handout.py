"""The built site inside student.zip, as the folder `handout/`."""

from __future__ import annotations

from pathlib import Path

from staff.release.manifest import ReleaseError

FOLDER = "handout"
MAX_BYTES = 6_000_000


def files(site: Path) -> dict[str, bytes]:
    """The files of a site for students, by path inside their folder.

    Args:
        site: what `python -m staff.site SITE --students` wrote.
    Raises:
        ReleaseError: it is no site, holds pages of the staff, or is too large.
    """
    if not (site / "index.html").is_file():
        raise ReleaseError(f"{site} holds no site: run python -m staff.site {site} --students")
    if (site / "staff").exists():
        raise ReleaseError(f"{site} holds the pages of the staff: build the site again, with --students")
    found = {
        f"{FOLDER}/{path.relative_to(site).as_posix()}": path.read_bytes()
        for path in sorted(site.rglob("*"))
        if path.is_file()
    }
    if (size := sum(map(len, found.values()))) > MAX_BYTES:
        raise ReleaseError(f"{site} has {size:,} bytes; student.zip takes a site of at most {MAX_BYTES:,}")
    return found
