"""What is asked of staff's tools and does not exist is a usage error, and no run of nothing that finds nothing wrong."""

from __future__ import annotations

import importlib

import pytest


@pytest.mark.parametrize(
    ("module", "arguments", "told"),
    [
        ("mutants.__main__", ["-q", "q99"], "invalid choice: 'q99'"),
        ("mutants.__main__", ["--seeds", "0"], "'0' is not a whole number from 1 on"),
        ("hostile.__main__", ["exit_process", "no_such_attack"], "there is no attack no_such_attack"),
        ("hostile.__main__", ["--jobs", "0"], "'0' is not a whole number from 1 on"),
        ("hostile.__main__", ["--patience", "nan"], "give 1 or more"),
        ("hostile.crowd", ["--submissions", "0"], "'0' is not a whole number from 1 on"),
        ("cuda", ["--questions", "q1,q99"], "there is no question q99"),
        ("screenshots", ["-q", "q99"], "invalid choice: 'q99'"),
        ("figures", ["--runs", "0"], "'0' is not a whole number from 1 on"),
    ],
)
def test_what_does_not_exist_is_a_usage_error(module, arguments, told, capsys):
    program = importlib.import_module(f"staff.evidence.{module}")
    with pytest.raises(SystemExit, match="2"):
        program.main(arguments)
    assert told in capsys.readouterr().err
