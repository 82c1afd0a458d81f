"""A flag that does not exist is told in one sentence, in every program of a student."""

from __future__ import annotations

import pytest

from data import download
from gpt import command_line
from haiku_bot import chat


@pytest.mark.parametrize(
    ("program", "arguments", "told"),
    [
        (
            chat.main,
            ["--aks", "hi"],
            "chat.py: error: there is no flag --aks. Is --ask meant? --help lists the flags\n",
        ),
        (chat.main, ["hi"], "chat.py: error: hi stands without a flag. --help lists the flags\n"),
        (
            command_line.main,
            ["--minuets=3"],
            "chargpt.py: error: there is no flag --minuets. Is --minutes meant? --help lists the flags\n",
        ),
        (
            command_line.main,
            ["sample", "--lenght", "3"],
            "chargpt.py sample: error: there is no flag --lenght. Is --length meant? --help lists the flags\n",
        ),
        (
            download.main,
            ["mnist", "--form", "folder"],
            "python -m data.download: error: there is no flag --form. Is --from meant? --help lists the flags\n",
        ),
    ],
)
def test_a_flag_that_does_not_exist_is_told_with_the_one_that_is_meant(capsys, program, arguments, told):
    with pytest.raises(SystemExit, match="2"):
        program(arguments)
    assert capsys.readouterr().err == told
