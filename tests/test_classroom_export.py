"""Exports of a class, however they are packed, are read alike; what is no export is refused with words."""

from __future__ import annotations

import zipfile

import pytest

pytest.importorskip("distributed", reason="needs the extra `staff`")

from staff.classroom import export, made_class, roster
from staff.classroom.errors import ClassroomError
from staff.classroom.export import METADATA, Submission
from staff.classroom.roster import Student
from tests.classroom import METADATA_OF_ONE, WANTED, inside, write, zip_of


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
    assert "dora.zip could not be unpacked (BadZipFile)" in found[3].notes[0]


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
    (eve,) = export.read(path, WANTED).submissions
    assert eve.files == {}
    assert "models.py is a link and was not used; hand in the file itself." in eve.notes
    assert any(note.startswith("losses.py is larger than 1 MiB") for note in eve.notes)
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
    assert roster.read(evil, METADATA)["submission_1"].students == ()
    assert len(roster.read(bomb.encode(), METADATA)) == 9


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "no such file"),
        (lambda path: path.write_text("x"), "neither a folder nor a zip"),
        (lambda path: path.mkdir(), "holds no submissions"),
        (lambda path: write(path, {f"a/{METADATA}": "", f"b/{METADATA}": ""}), "holds 2 exports"),
    ],
)
def test_what_is_no_export_is_refused_with_words(tmp_path, make, reason):
    make(tmp_path / "e")
    with pytest.raises(ClassroomError, match=reason):
        export.read(tmp_path / "e", WANTED)


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
