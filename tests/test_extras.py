"""Programs of the staff say which package of an extra is missing, and how to install it."""

from __future__ import annotations

import subprocess
import sys
import tomllib

import pytest

from staff import extras
from staff.site import __main__ as site
from tests.support import PROJECT, SECONDS_UNTIL_IT_HANGS

WITHOUT = """
import runpy, sys
sys.modules[sys.argv.pop(1)] = None  # as if it were not installed
runpy.run_module(sys.argv.pop(1), run_name="__main__")
"""
# The names of the packages that are imported by another name.
DISTRIBUTIONS = {"yaml": "pyyaml", "myst_nb": "myst-nb", "axe_playwright_python": "axe-playwright-python"}
BROUGHT_BY_ANOTHER = {"dask"}  # distributed is of no use without


def test_every_name_is_a_package_that_its_extra_installs():
    asked = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for extra, names in extras.EXTRAS.items():
        expected = {DISTRIBUTIONS.get(name, name) for name in names} - BROUGHT_BY_ANOTHER
        assert expected == {requirement.partition("==")[0] for requirement in asked[extra]}


@pytest.mark.parametrize(
    ("package", "module", "arguments", "extra"),
    [
        ("copydetect", "staff.classroom.similarity", ["."], "staff"),
        ("yaml", "staff.classroom.similarity", ["."], "staff"),
        ("dask", "staff.classroom", ["grade", "tests", "--out", "none"], "staff"),
        ("axe_playwright_python", "staff.site.browser", ["."], "browser"),
        ("playwright", "staff.evidence.chat_page", [], "browser"),
    ],
)
def test_a_program_without_a_package_names_it_and_its_extra(package, module, arguments, extra):
    finished = subprocess.run(
        [sys.executable, "-c", WITHOUT, package, module, *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=SECONDS_UNTIL_IT_HANGS,
        check=False,
    )
    told = f'{module}: error: {package} is not installed. Run: {sys.executable} -m pip install -e ".[{extra}]"\n'
    assert (finished.returncode, finished.stderr) == (2, told)


def test_the_site_names_the_package_that_it_lacks(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "sphinx" else name)
    assert site.main([str(tmp_path / "site")]) == 2
    assert "staff.site: error: sphinx is not installed. Run: " in capsys.readouterr().err


def test_a_module_of_no_extra_stays_an_error():
    with pytest.raises(ModuleNotFoundError), extras.needed("a program"):
        raise ModuleNotFoundError(name="staff.no_such_module")
