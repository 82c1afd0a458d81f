"""Exports of a class, however they are packed, are read alike; what is no export is refused with words."""

from __future__ import annotations

import errno
import os
import re
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("distributed", reason="needs the extra `staff`")

from staff.classroom import bench, export, made_class, roster, tables
from staff.classroom.errors import ClassroomError
from staff.classroom.export import Submission
from staff.classroom.roster import Student
from staff.classroom.sources import MAX_PACKED_BYTES, METADATA
from tests.classroom import METADATA_OF_ONE, WANTED, inside, write, zip_of


@pytest.mark.parametrize("packed", [False, True])
def test_metadata_that_a_student_hands_in_are_an_ordinary_file(tmp_path, packed):
    files = {METADATA: METADATA_OF_ONE, f"submission_7/{METADATA}": "submission_8:\n"} | inside("submission_7")
    path = zip_of(tmp_path / "a.zip", files) if packed else write(tmp_path / "a", files)
    (one,) = export.read(path, WANTED).submissions
    assert (one.id, one.students[0].name, sorted(one.files)) == ("7", "Null", sorted(WANTED))
    assert one.notes[0].startswith(f"Not used: {METADATA}.")


@pytest.mark.parametrize("top", ["", "assignment_1_export/"])
@pytest.mark.parametrize("packed", [False, True])
def test_an_export_is_read_alike_unpacked_or_zipped_with_a_folder_around_it_or_without(tmp_path, top, packed):
    files = {f"{top}{METADATA}": METADATA_OF_ONE, f"__MACOSX/{top}._{METADATA}": "\0"}
    files |= inside(f"{top}submission_7/code") | inside(f"{top}submission_7/__MACOSX/code", {"._models.py": "\0"})
    path = zip_of(tmp_path / "a.zip", files) if packed else write(tmp_path / "a", files)
    (one,) = export.read(path, WANTED).submissions
    assert one == Submission(
        "7",
        (Student("Null", "0012345", "No@example.org"),),
        "2026-03-02 08:00:00.123 Z",
        dict.fromkeys(WANTED, b"x = 1\n"),
    )


def test_what_is_missing_on_either_side_is_told_and_still_graded(tmp_path):
    metadata = METADATA_OF_ONE + "submission_8:\n  :submitters: []\nsubmission_10:\n  :submitters:\n  - :name: B\n"
    files = (
        {METADATA: metadata, "notes/x.txt": ""}
        | inside("submission_8")
        | inside("submission_9")
        | inside("submission_7")
    )
    found = export.read(write(tmp_path, files), WANTED)
    assert [one.id for one in found.submissions] == ["7", "8", "9", "10"]
    assert found.submissions[3].files == {}
    assert found.submissions[3].notes == (export.NO_FILES,)
    assert found.notes == [
        "notes is no submission of the export and was not graded",
        f"submission_9 is not in {METADATA}: whose is it?",
        f"submission_8 has no students in {METADATA}",
    ]


def test_a_plain_folder_holds_a_folder_or_a_zip_for_each_student(tmp_path):
    write(tmp_path, inside("ann") | inside("carl/src/models") | {"ben.zip.txt": "", ".DS_Store": ""})
    zip_of(tmp_path / "ben.zip", inside("homework"))
    (tmp_path / "dora.zip").write_bytes(b"PK, not really")
    found = export.read(tmp_path, WANTED).submissions
    assert [(one.id, one.students[0].name, len(one.files)) for one in found] == [
        ("ann", "ann", 3),
        ("ben", "ben", 3),
        ("carl", "carl", 3),
        ("dora", "dora", 0),
    ]
    assert found[3].fault == "dora.zip could not be unpacked (BadZipFile): it is no whole zip archive."


def test_a_zip_that_is_all_a_students_folder_holds_is_unpacked_in_a_plain_folder_only(tmp_path):
    files = {"learning platform/ann/.DS_Store": "", "learning platform/ben/notes.txt": "two files"}
    plain = write(tmp_path, files) / "learning platform"
    for folder in (plain / "ann", plain / "ben", tmp_path / "export" / "submission_7"):
        folder.mkdir(parents=True, exist_ok=True)
        zip_of(folder / "hw.zip", inside("homework") | {"__MACOSX/homework/._models.py": b"\x00\x05\x16\x07"})
    ann, ben = export.read(plain, WANTED).submissions
    assert sorted(ann.files) == list(WANTED)
    assert ann.notes == ("hw.zip was unpacked.",)
    assert ben.files == {}
    write(tmp_path / "export", {"submission_metadata.yml": METADATA_OF_ONE})
    (seven,) = export.read(tmp_path / "export", WANTED).submissions
    assert seven.files == {}, "Gradescope does not look into it either"


@pytest.mark.parametrize("top", ["", "class/"])
def test_a_zip_of_a_plain_folder_is_read_as_the_folder_is(tmp_path, top):
    """Moodle packs a folder for each student, Canvas an archive for each student."""
    homework = zip_of(tmp_path / "hw.zip", inside("homework") | {"__MACOSX/homework/._models.py": b"x"}).read_bytes()
    moodle = {"ann/hw.zip": homework, "ann/.DS_Store": b"x", "ben/hw.zip": b"PK, not really", "carl/hw.RAR": b"Rar!"}
    canvas = {"dora.zip": homework, "eve.7z": b"7z", "list.csv": b"a,b"}
    for name, files in (("moodle", moodle), ("canvas", canvas)):
        packed = zip_of(tmp_path / f"{name}.zip", {f"{top}{path}": content for path, content in files.items()})
        with zipfile.ZipFile(packed) as archive:
            archive.extractall(tmp_path / name)
        unpacked = tmp_path / name / top
        expected = export.read(unpacked, WANTED)
        found = export.read(packed, WANTED)
        assert found == expected
        assert [len(one.files) for one in found.submissions] == ([3, 0, 0] if name == "moodle" else [3, 0])
    ann, ben, carl = export.read(tmp_path / "moodle.zip", WANTED).submissions
    assert (ann.notes, ann.fault) == (("hw.zip was unpacked.",), "")
    assert ben.fault == "ben could not be unpacked (BadZipFile): it is no whole zip archive."
    assert carl.fault.startswith("carl is an archive of a kind that is not read")


def test_an_archive_in_an_archive_that_would_fill_the_disk_is_not_unpacked(tmp_path):
    bomb = tmp_path / "class.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("ann/hw.zip", "w") as member:
        for _ in range(MAX_PACKED_BYTES // 2**20 + 1):
            member.write(bytes(2**20))
    (ann,) = export.read(bomb, WANTED).submissions
    assert ann.fault == "ann holds 257 MiB, and 256 are read: unpack it."


def test_an_archive_writes_nothing_outside_and_its_links_are_not_followed(tmp_path):
    link = zipfile.ZipInfo("eve/models.py")
    link.external_attr = 0o120777 << 16
    path = tmp_path / "class.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../outside.py", "x")
        archive.writestr("/absolute/models.py", "x")
        archive.writestr("eve/../../train.py", "x")
        archive.writestr(link, "/etc/passwd")
        archive.writestr("eve/losses.py", b"#" * (export.find.__globals__["MAX_BYTES"] + 1))
        archive.writestr("eve/con<:>?.py ", "x")
        archive.writestr(f"eve/{'l' * 300}.py", "x")
    (eve,) = export.read(path, WANTED).submissions
    assert eve.files == {}
    assert "models.py is a link and was not used; hand in the file itself." in eve.notes
    assert any(note.startswith("losses.py is larger than 1 MiB") for note in eve.notes)
    assert any(re.search(r"^l{80} could not be unpacked \((?!OSError).+\)", note) for note in eve.notes)
    assert [entry.name for entry in tmp_path.iterdir()] == ["class.zip"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"a: [", "not readable as YAML"), (b"\xff\xfe\x00", "not readable"), (b"- 1", "no table"), (b"a: " + b"[" * 200_000, "not readable")],
)  # fmt: skip
def test_metadata_that_is_no_yaml_of_an_export_is_refused_with_a_mend(content, reason):
    with pytest.raises(ClassroomError, match=reason) as refused:
        roster.read(content, METADATA)
    assert "again" in str(refused.value)


def test_metadata_makes_no_objects_and_bombs_stay_small():
    bomb = "a: &a [x, x]\n" + "".join(
        f"{new}: &{new} [*{old}, *{old}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    evil = b"submission_1:\n  :submitters:\n  - !!python/object/apply:os.system ['exit 3']\n  - :name: [1]\n"
    assert roster.read(evil, METADATA)[0]["submission_1"].students == ()
    assert len(roster.read(bomb.encode(), METADATA)[0]) == 9


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "no such file"),
        (lambda path: path.write_text("x"), "neither a folder nor a zip"),
        (lambda path: path.mkdir(), "holds no submissions"),
        (lambda path: write(path, {f"a/{METADATA}": "", f"b/{METADATA}": ""}), "the folder a, one of several, holds"),
        (lambda path: write(path, inside("ann") | {f"ben/{METADATA}": METADATA_OF_ONE}), "the folder ben, one of"),
        (lambda path: zip_of(path, inside("ann") | {f"ben/{METADATA}": METADATA_OF_ONE}), "the folder ben, one of"),
    ],
)
def test_what_is_no_export_is_refused_with_words(tmp_path, make, reason):
    make(tmp_path / "e")
    with pytest.raises(ClassroomError, match=reason):
        export.read(tmp_path / "e", WANTED)


def test_a_folder_that_cannot_be_listed_is_one_row_with_its_reason(tmp_path, monkeypatch):
    """Root may list every folder, so that the refusal is arranged."""
    write(tmp_path, {METADATA: METADATA_OF_ONE} | inside("submission_7") | inside("submission_8"))
    listdir = os.listdir

    def refuse(path):
        if Path(path).name == "submission_7":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return listdir(path)

    monkeypatch.setattr(os, "listdir", refuse)
    seven, eight = export.read(tmp_path, WANTED).submissions
    assert seven.fault == "submission_7 cannot be read (Permission denied)."
    assert (seven.students[0].name, seven.files) == ("Null", {})
    assert (eight.fault, len(eight.files)) == ("", 3)


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("files", [{}, {METADATA: METADATA_OF_ONE}])
def test_a_folder_without_permission_is_one_row_with_its_reason(tmp_path, files):
    write(tmp_path, files | inside("submission_7") | inside("submission_8"))
    (tmp_path / "submission_7").chmod(0)
    try:
        seven, eight = export.read(tmp_path, WANTED).submissions
    finally:
        (tmp_path / "submission_7").chmod(0o700)
    assert seven.fault == "submission_7 cannot be read (Permission denied)."
    assert len(eight.files) == 3


@pytest.mark.skipif(os.name != "posix", reason="needs links")
def test_a_link_in_the_place_of_a_folder_is_one_row_with_its_reason(tmp_path):
    write(tmp_path / "elsewhere", inside("ann"))
    write(tmp_path / "class", inside("ben"))
    (tmp_path / "class" / "ann").symlink_to(tmp_path / "elsewhere" / "ann")
    ann, ben = export.read(tmp_path / "class", WANTED).submissions
    assert ann.fault == "ann is a link, which is not followed: put the folder itself there."
    assert len(ben.files) == 3


def test_archives_of_other_kinds_are_rows_and_loose_files_are_noted(tmp_path):
    write(tmp_path, inside("ann") | {"ben.rar": "Rar!", "carl.tar.gz": "", "models.py": "", "notes.txt": ""})
    found = export.read(tmp_path, WANTED)
    assert [(one.id, bool(one.fault)) for one in found.submissions] == [
        ("ann", False),
        ("ben", True),
        ("carl.tar", True),
    ]
    assert found.submissions[1].fault.startswith("ben.rar is an archive of a kind that is not read")
    assert found.notes == [f"{name} is no submission and was not graded" for name in ("models.py", "notes.txt")]


def test_names_that_clash_are_told_apart(tmp_path):
    write(tmp_path, inside("ann") | inside("j.doe") | inside("j.smith"))
    zip_of(tmp_path / "ann.zip", inside("homework"))
    found = export.read(tmp_path, WANTED).submissions
    assert [one.id for one in found] == ["ann", "ann.zip", "j.doe", "j.smith"]
    assert [one.notes for one in found] == [("Several submissions are named ann: whose is this one?",)] * 2 + [()] * 2
    assert [len(one.files) for one in found] == [3] * 4


def test_folders_that_clash_with_names_in_the_metadata_are_told_apart(tmp_path):
    metadata = METADATA_OF_ONE + "7:\n  :submitters:\n  - :name: B\n"
    found = export.read(write(tmp_path, {METADATA: metadata} | inside("submission_7") | inside("7")), WANTED)
    assert sorted(one.id for one in found.submissions) == ["7", "submission_7"]
    assert all(len(one.files) == 3 for one in found.submissions)


def test_an_entry_that_stands_twice_in_the_metadata_is_told(tmp_path):
    metadata = METADATA_OF_ONE + "submission_7:\n  :submitters:\n  - :name: B\n"
    found = export.read(write(tmp_path, {METADATA: metadata} | inside("submission_7")), WANTED)
    assert [one.students for one in found.submissions] == [(Student("B"),)]
    assert found.notes == [f"submission_7 stands several times in {METADATA}; the last entry counts"]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("content", ["a: [", "- 1", "\0", ""])
def test_metadata_that_cannot_be_read_cost_the_names_and_no_submission(tmp_path, packed, content):
    files = {METADATA: content} | inside("submission_7") | inside("submission_8")
    path = zip_of(tmp_path / "a.zip", files) if packed else write(tmp_path / "a", files)
    found = export.read(path, WANTED)
    assert [(one.id, one.students, len(one.files)) for one in found.submissions] == [("7", (), 3), ("8", (), 3)]
    assert len(found.notes) == 1
    assert found.notes[0].endswith("Nobody's name is known, and each submission has a row of its own")
    rows = tables.standings(found.submissions)
    assert sorted(row.submission.id for row in rows) == ["7", "8"]


def test_students_of_whom_only_the_name_is_known_are_not_taken_for_one(tmp_path):
    wei = (Student("Wei"),)
    rows = tables.standings(
        [Submission("1", wei), Submission("2", wei), Submission("3", (Student("Wei", email="w@x"),))]
    )
    assert [(row.submission.id, row.namesakes) for row in rows] == [("1", ("2",)), ("2", ("1",)), ("3", ())]
    scores = tables.scores(rows, {}, []).decode("utf-8-sig")
    assert "Submission 2 has the same name: is this one person?" in scores


def test_a_submission_that_cannot_be_read_has_no_score_and_a_reason_in_the_table():
    rows = tables.standings(
        [Submission("7", (Student("Ann"),), fault="submission_7 cannot be read (Input/output error).")]
    )
    _, row = tables.scores(rows, {}, ["q1"]).decode("utf-8-sig").splitlines()
    assert row == "Ann,,,7,could not be read,,,,,submission_7 cannot be read (Input/output error)."


@settings(max_examples=60)
@given(st.data())
def test_a_damaged_archive_of_a_student_never_stops_the_class(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("class")
    write(folder, inside("ann"))
    content = bytearray(zip_of(folder / "ben.zip", inside("homework")).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (folder / "ben.zip").write_bytes(content[: data.draw(st.integers(0, len(content)))])
    ann, ben = export.read(folder, WANTED).submissions
    assert (ann.id, ben.id, len(ann.files)) == ("ann", "ben", 3)


def test_the_made_class_is_the_same_each_time_and_both_its_forms_read_alike(tmp_path):
    made_class.write(tmp_path / "class")
    made_class.write(tmp_path / "class.zip")
    again = made_class.zipped(made_class.export_files(made_class.made_class()))
    assert (tmp_path / "class.zip").read_bytes() == again
    folder, archive = (export.read(tmp_path / name, WANTED) for name in ("class", "class.zip"))
    assert len(folder.submissions) == made_class.SIZE
    assert [(one.id, one.students, one.files) for one in folder.submissions] == [
        (one.id, one.students, one.files) for one in archive.submissions
    ]
    assert {len(one.students) for one in folder.submissions} == {0, 1, 2, 3}


def test_a_larger_made_class_repeats_the_submissions_under_other_names(tmp_path):
    made = made_class.made_class(2 * made_class.SIZE + 10)
    assert len({one.id for one in made}) == len(made) == 130
    assert [one.what for one in made[60:120]] == [one.what for one in made[:60]]
    (tmp_path / "class.zip").write_bytes(made_class.zipped(made_class.export_files(made)))
    found = export.read(tmp_path / "class.zip", (*WANTED, "electives/optimizers.py"))
    assert len(found.submissions) == len(made)
    assert sum("electives/optimizers.py" in one.files for one in found.submissions) > 80


def test_the_drivers_memory_is_told_for_each_tenth_that_was_sampled():
    samples = [(0, 0.0), (0, 100.0), (9, 120.0), (9, 110.0), (55, 130.0), (99, 300.0), (100, 900.0)]
    assert bench.by_tenths(samples, 100) == [110.0, 130.0, 300.0]
    assert bench.by_tenths([(0, 0.0), (50, 0.0)], 100) == []
