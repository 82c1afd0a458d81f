"""The one writer of files: whole or not at all, permissions kept, links and devices respected."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from data.files import write_bytes, write_text
from tests.support import PROJECT, SECONDS_UNTIL_IT_HANGS

posix = pytest.mark.skipif(os.name != "posix", reason="permissions, devices and pipes of Unix")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def no_space(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_text_is_written_in_utf_8_with_unix_line_ends_over_what_was_there(tmp_path):
    path = tmp_path / "report.txt"
    path.write_bytes(b"much longer than what follows")
    write_text(path, "é\nb\n")
    assert path.read_bytes() == b"\xc3\xa9\nb\n"
    assert [file.name for file in tmp_path.iterdir()] == ["report.txt"]


def test_half_a_surrogate_pair_becomes_a_question_mark(tmp_path):
    write_text(tmp_path / "report.txt", "a\ud800b")
    assert (tmp_path / "report.txt").read_bytes() == b"a?b"


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("before", [b"old", None])
def test_a_failure_keeps_the_old_file_and_leaves_no_other(tmp_path, monkeypatch, step, before):
    path = tmp_path / "results.json"
    if before is not None:
        path.write_bytes(before)
    monkeypatch.setattr(os, step, no_space)
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        write_bytes(path, b"new")
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == ({"results.json": before} if before else {})


def test_an_interruption_leaves_no_part_either(tmp_path, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_bytes(tmp_path / "results.json", b"new")
    assert list(tmp_path.iterdir()) == []


def test_the_content_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    path, events = tmp_path / "results.json", []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda file: (events.append(("fsync", os.fstat(file).st_size)), fsync(file))[1])
    monkeypatch.setattr(os, "replace", lambda *names: (events.append(("replace", path.exists())), replace(*names))[1])
    write_bytes(path, b"content")
    assert events == [("fsync", 7), ("replace", False)]


def test_folders_are_made_only_when_asked_for(tmp_path):
    path = tmp_path / "new" / "folder" / "file"
    with pytest.raises(FileNotFoundError):
        write_bytes(path, b"x")
    assert not path.parent.exists()
    write_bytes(path, b"x", make_parents=True)
    assert path.read_bytes() == b"x"


@pytest.mark.parametrize("target", [".", "missing/file"])
def test_what_cannot_be_written_is_an_os_error(tmp_path, target):
    with pytest.raises(OSError, match=r"directory|denied|Is a"):
        write_bytes(tmp_path / target, b"x")


@posix
@pytest.mark.parametrize("kept", [0o600, 0o640, 0o755, 0o444])
def test_an_existing_file_keeps_its_permissions(tmp_path, kept):
    path = tmp_path / "file"
    path.touch()
    path.chmod(kept)
    write_bytes(path, b"new")
    assert (mode(path), path.read_bytes()) == (kept, b"new")


@posix
@pytest.mark.parametrize(("umask", "expected"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_follows_the_umask(tmp_path, umask, expected):
    earlier = os.umask(umask)
    try:
        write_bytes(tmp_path / "file", b"x")
    finally:
        os.umask(earlier)
    assert mode(tmp_path / "file") == expected


@posix
def test_a_private_file_is_its_owners_alone_from_its_first_byte_on(tmp_path, monkeypatch):
    path, seen, fsync = tmp_path / "grades.csv", [], os.fsync
    path.touch(0o644)
    monkeypatch.setattr(os, "fsync", lambda file: (seen.append(stat.S_IMODE(os.fstat(file).st_mode)), fsync(file))[1])
    write_bytes(path, b"x", private=True)
    assert seen == [0o600]
    assert mode(path) == 0o600


@posix
@pytest.mark.parametrize("exists", [True, False])
def test_a_link_stays_a_link_and_its_file_is_written(tmp_path, exists):
    (tmp_path / "folder").mkdir()
    file, link = tmp_path / "folder" / "file", tmp_path / "link"
    if exists:
        file.write_bytes(b"old")
    link.symlink_to(file)
    write_bytes(link, b"new")
    assert link.is_symlink()
    assert file.read_bytes() == b"new"
    assert [part.name for part in tmp_path.rglob("*.part")] == []


@posix
def test_a_device_is_written_to_and_stays_one(tmp_path):
    link = tmp_path / "nothing"
    link.symlink_to("/dev/null")
    for path in (Path("/dev/null"), link):
        write_bytes(path, b"x")
        assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    assert link.is_symlink()


@posix
def test_a_pipe_is_written_to_and_stays_one(tmp_path):
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    write_bytes(pipe, b"content")
    reader.join(timeout=SECONDS_UNTIL_IT_HANGS)
    assert read == [b"content"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@posix
@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="no /dev/stdout")
def test_standard_output_is_written_to_wherever_it_leads(tmp_path):
    program = "from pathlib import Path; from data.files import write_text; write_text(Path('/dev/stdout'), 'x')"
    with (tmp_path / "out").open("wb") as file:
        subprocess.run(
            [sys.executable, "-c", program], stdout=file, cwd=PROJECT, timeout=SECONDS_UNTIL_IT_HANGS, check=True
        )
        assert os.fstat(file.fileno()).st_ino == (tmp_path / "out").stat().st_ino
    assert (tmp_path / "out").read_bytes() == b"x"
