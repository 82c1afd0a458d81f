"""`python -m staff.site OUT [--students]`: writes the site, ready to open from disk or to be copied to a server."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from staff import extras
from staff.release.manifest import ReleaseError
from staff.release.repository import files_of_working_tree
from staff.site import sources
from staff.site.macros import TEXTS, Macros
from staff.site.sources import SiteError
from startup import EXIT_USAGE, ending
from startup.project import PROJECT_DIRECTORY

# The theme's captions in the margin are headings without a level, which readers of screens need.
CAPTION, CAPTION_WITH_LEVEL = 'class="caption" role="heading">', 'class="caption" role="heading" aria-level="2">'
LEFT_OVERS = (".buildinfo", ".buildinfo.bak", "objects.inv", ".doctrees", "jupyter_execute")
MARK = "searchindex.js"  # what every built site holds


def main(argv: list[str] | None = None) -> int:
    """Build the site; returns 1 if a page cannot be built, 2 if it cannot begin."""
    parser = argparse.ArgumentParser(prog="python -m staff.site", description=__doc__.partition(": ")[2])
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to write to; a site that it holds is replaced")
    parser.add_argument("--students", action="store_true", help="leave out the pages of the staff")
    arguments = parser.parse_args(argv)
    if fault := extras.missing("site"):
        print(f"staff.site: error: {fault}", file=sys.stderr)
        return EXIT_USAGE
    try:
        if not may_replace(arguments.out):
            found = "holds something that is no site" if arguments.out.is_dir() else "is no folder"
            print(f"staff.site: error: {arguments.out} {found}; choose another", file=sys.stderr)
            return EXIT_USAGE
        build(arguments.out, for_students=arguments.students)
    except (SiteError, ReleaseError, OSError) as error:
        print(f"staff.site: error: {error}", file=sys.stderr)
        return 1
    return 0


def may_replace(out: Path) -> bool:
    """Whether a site may take a place: nothing is there, or an empty folder, or a site."""
    return not out.exists() or (out.is_dir() and ((out / MARK).is_file() or not any(out.iterdir())))


def build(out: Path, *, for_students: bool = False) -> None:
    """Write the sources of all pages, run Sphinx on them, and put the result in place. A failure leaves an old site.

    Raises:
        SiteError: a source cannot be written, or Sphinx reports an error or a warning.
        OSError: nothing can be written beside `out`.
    """
    beside = out.resolve().parent
    beside.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{out.name}-", dir=beside) as folder:
        source, built = Path(folder) / "source", Path(folder) / "built"
        for path, content in staged(files_of_working_tree(), for_students=for_students).items():
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            (source / path).write_bytes(content)
        run_sphinx(source, built, Path(folder) / "ipython")
        for name in LEFT_OVERS:
            shutil.rmtree(built / name) if (built / name).is_dir() else (built / name).unlink(missing_ok=True)
        for page in built.rglob("*.html"):
            page.write_text(page.read_text("utf-8").replace(CAPTION, CAPTION_WITH_LEVEL), "utf-8", newline="\n")
        if out.exists():
            shutil.rmtree(out)
        built.rename(out)
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    print(f"{out}: {len(list(out.rglob('*.html')))} pages, {size / 1e6:.1f} MB; open {out / 'index.html'}")


def staged(files: sources.Files, *, for_students: bool = False) -> dict[str, bytes]:
    """The sources of the site as Sphinx reads them, by path in the site.

    Args:
        files: content by path in the repository.
        for_students: leave out the pages of the staff.
    Raises:
        SiteError: a link leads out of the site, or a page calls something that fails.
    """
    places = sources.pages(files, for_students=for_students)
    found = {}
    for path, target in places.items():
        content = files[path]
        if path == "LICENSE":
            content = sources.license_page(content.decode()).encode()
        elif path.endswith(".md"):
            text = content.decode()
            if TEXTS.fullmatch(path):
                text = Macros(files, places, path).fill(text)
            content = sources.relinked(text, path, places).encode()
        found[target] = content
    return found


def run_sphinx(source: Path, built: Path, profile: Path) -> None:
    """Run Sphinx in a process of its own, with warnings as errors.

    Args:
        source: the folder of the staged pages.
        built: the folder to write to.
        profile: a new folder for the settings of IPython, so that those of the user change nothing.
    """
    (profile / "profile_default").mkdir(parents=True)
    (profile / "profile_default" / "ipython_kernel_config.py").write_text("c.IPKernelApp.log_level = 'ERROR'\n")
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "-q", "-T"]
    command += ["-c", str(Path(__file__).parent), "-D", f"html_static_path={source / 'static'}"]
    # Lessons run in the project's folder and import from it, one thread each, with the built-in data alone.
    paths = [str(PROJECT_DIRECTORY), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(paths),
        "IPYTHONDIR": str(profile),
        "OMP_NUM_THREADS": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # else the kernel warns about frozen modules
    }
    environment.pop("NNPROJECT_DATA", None)
    command += [str(source), str(built)]
    finished = subprocess.run(command, cwd=PROJECT_DIRECTORY, env=environment, stderr=subprocess.PIPE, check=False)
    if finished.returncode:
        print(finished.stderr.decode(errors="replace"), file=sys.stderr)
        raise SiteError("Sphinx reported what stands above; the site was not written")


if __name__ == "__main__":
    ending.run(main)
