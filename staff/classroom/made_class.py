"""A made class of 60 submissions, or more, in an export with all the noise that real ones have; always the same one.

Its submissions are the reference solutions, mutants of them, an honest mediocre solution, hostile ones, broken ones and
empty ones. Hostile are only such as do no harm to a machine on which student processes have no user of their own.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from data.files import write_bytes
from staff.build.archive import timeless_member
from staff.classroom.errors import ClassroomError
from staff.classroom.export import FOLDER_PREFIX
from staff.classroom.roster import Student
from staff.classroom.sources import METADATA
from staff.evidence.hostile import attack
from staff.evidence.mutants.format import Mutant, read_all, write_submission
from staff.places import MEDIOCRE_DIRECTORY, SOLUTIONS_DIRECTORY
from staff.release import starters

SIZE = 60
FOLDER = "assignment_2718_export"
FIRST_ID = 300_000_011
STEP_OF_IDS = 104_729
ATTACKS = (
    "crash_the_interpreter",
    "endless_loop",
    "exceptions_that_bite",
    "exit_process",
    "forged_answers",
    "lying_equality",
    "markup_in_messages",
    "nan_predictions",
    "output_flood",
    "replace_losses",
)
MUTANTS = {"q1": 7, "q2": 5, "q3": 3, "q4": 3, "q5": 3, "q6": 4, "e1": 3, "e5": 2, "e11": 2}  # of each question's
NAMES = (
    "Ada Lovelace", "Blaise Pascal", "Émilie du Châtelet", "Łukasz Nowak", "Mary O'Neil", "Null", "No", "李 小龍",
    '=HYPERLINK("http://example.org";"Zeynep")', "Grace Hopper", "Alan Turing", "Ørsted, Hans", "Sofja Kowalewskaja",
    "@Emmy Noether", "Évariste Galois", "Yes", "Katherine Johnson", "أحمد زويل", "Ramanujan", "+Maryam Mirzakhani",
)  # fmt: skip
Files = dict[str, bytes]


@dataclass(frozen=True)
class Made:
    """One made submission.

    Attributes:
        id: Gradescope's number.
        kind: reference, mutant, mediocre, hostile, broken or empty.
        what: it is, in words.
        students: whose.
        files: by path in its folder; None if the export has no folder for it.
        listed: whether the metadata knows of it.
    """

    id: int
    kind: str
    what: str
    students: tuple[Student, ...]
    files: Files | None
    listed: bool = True


def made_class(size: int = SIZE) -> list[Made]:
    """The submissions. In a class of more than 60, the same ones come again from other students, packed otherwise."""
    contents = [*_right(), *_mutants(), *_hostile(), *_broken(), *_empty()]
    assert len(contents) == SIZE, f"{len(contents)} submissions are made, not {SIZE}"
    contents = [contents[place * 37 % SIZE] for place in range(size)]  # kinds in a mixed order
    made: list[Made] = []
    seats = _students()
    for place, (kind, what, files) in enumerate(contents):
        size = 3 if place % 20 == 7 else 2 if place % 9 == 4 else 0 if place == 30 else 1
        students = tuple(next(seats) for _ in range(size))
        if place == 41:  # a student who also has a part in an earlier submission
            students = (*students, made[12].students[0])
        packed = None if files is None else _packed(files, place)
        made.append(Made(FIRST_ID + STEP_OF_IDS * place, kind, what, students, packed, listed=place != 52))
    return made


def write(out: Path) -> str:
    """Write the class as an export.

    Args:
        out: a new folder, or a new file whose name ends in .zip.
    Returns:
        what was written, in a sentence.
    Raises:
        ClassroomError: it cannot be written.
    """
    if out.exists():
        raise ClassroomError(f"{out}: is there already; name a new folder or zip")
    made = made_class()
    files = export_files(made)
    try:
        if out.suffix == ".zip":
            write_bytes(out, zipped(files))
        else:
            out.mkdir()
            for path, content in files.items():
                file = out / path
                if path.endswith("/"):
                    file.mkdir(parents=True, exist_ok=True)
                else:
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(content)
    except OSError as error:
        raise ClassroomError(f"{out}: cannot be written ({error.strerror}); name a new folder or zip") from error
    students = len({student for one in made for student in one.students})
    return f"{out}: {len(made)} submissions of {students} students"


def export_files(made: list[Made]) -> Files:
    """Everything in the export by path; a folder without files ends in a slash."""
    files = {f"{FOLDER}/{METADATA}": _metadata(made), "__MACOSX/._" + METADATA: b"\x00\x05\x16\x07"}
    for one in made:
        if one.files is not None:
            folder = f"{FOLDER}/{FOLDER_PREFIX}{one.id}/"
            files |= {folder: b""} | {f"{folder}{path}": content for path, content in one.files.items()}
    return files


def zipped(files: Files) -> bytes:
    """The export as a zip, the same bytes each time."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as members:
        for path, content in files.items():
            members.writestr(timeless_member(path, 0o040755 if path.endswith("/") else 0o100644), content)
    return archive.getvalue()


def _right() -> Iterator[tuple[str, str, Files | None]]:
    for _ in range(8):
        yield "reference", "the reference solutions", _folder(SOLUTIONS_DIRECTORY)
    yield "mediocre", "an honest, mediocre solution", _folder(MEDIOCRE_DIRECTORY)


def _mutants() -> Iterator[tuple[str, str, Files | None]]:
    everyone = read_all()
    for question, count in MUTANTS.items():
        of_this = [mutant for mutant in everyone if mutant.question == question]
        for place in range(count):
            mutant = of_this[place * len(of_this) // count]
            yield "mutant", f"{mutant.name}: {mutant.wrong}", _mutated(mutant)


def _mutated(mutant: Mutant) -> Files:
    with tempfile.TemporaryDirectory() as name:
        write_submission(mutant, Path(name))
        return _folder(Path(name))


def _hostile() -> Iterator[tuple[str, str, Files | None]]:
    known = {one.name: one for one in attack.load_all()}
    for name in ATTACKS:
        yield "hostile", known[name].what, dict(known[name].files)


def _broken() -> Iterator[tuple[str, str, Files | None]]:
    right = _folder(SOLUTIONS_DIRECTORY)
    starter = {name: starters.strip_solutions(content.decode()).encode() for name, content in right.items()}
    yield "broken", "a syntax error", right | {"models.py": right["models.py"] + b"\ndef forward(self, x:\n"}
    yield "broken", "an import that no one has", right | {"train.py": b"import tensorflow\n" + right["train.py"]}
    yield "broken", "saved in UTF-16", right | {"losses.py": right["losses.py"].decode().encode("utf-16")}
    yield "broken", "the starters, unchanged", starter
    yield "broken", "the starters but for train.py", starter | {"train.py": right["train.py"]}


def _empty() -> Iterator[tuple[str, str, Files | None]]:
    yield "empty", "an empty folder", {}
    yield "empty", "no folder at all", None
    yield "empty", "a report instead of code", {"report.pdf": b"%PDF-1.4", "notes.txt": b"see report"}
    yield "empty", "an archive in the submission", {"project.zip": b"PK\x05\x06" + bytes(18)}


def _folder(directory: Path) -> Files:
    paths = [*sorted(directory.glob("*.py")), *sorted(directory.glob("electives/*.py"))]
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in paths if path.name != "__init__.py"}


def _packed(files: Files, place: int) -> Files:
    """The files as one of many students packs them."""
    manner = place % 10
    if manner in (1, 2) and files:
        folder = "project/" if manner == 1 else "My Documents/neural networks/final (2)/"
        noise = {f"__MACOSX/{folder}._{name}": b"\x00\x05\x16\x07" for name in files}
        return {f"{folder}{name}": content for name, content in files.items()} | noise | {".DS_Store": b"\x00"}
    if manner == 3 and "models.py" in files:
        return {"models (1).py" if name == "models.py" else name: content for name, content in files.items()}
    if manner == 5 and files:
        extra = {"backend.py": b"# ours\n", "notebook.ipynb": b"{}", "__pycache__/models.cpython-311.pyc": b"\x00"}
        return files | extra
    if manner == 6 and "losses.py" in files and place % 20 == 6:
        return {name: content for name, content in files.items() if name != "losses.py"}
    return files


def _students() -> Iterator[Student]:
    number = 0
    while True:
        surname = f" {number // len(NAMES) + 1}" if number >= len(NAMES) else ""
        sid = f"{7_000_000 + 131 * number}" if number % 4 else f"00{4_000 + number}"
        yield Student(
            f"{NAMES[number % len(NAMES)]}{surname}", "" if number % 11 == 10 else sid, f"s{number:03d}@example.org"
        )
        number += 1


def _metadata(made: list[Made]) -> bytes:
    """As Gradescope writes it: keys with colons, numbers bare, the harness's own results among it."""
    lines = ["---"]
    for place, one in enumerate(made):
        if not one.listed:
            continue
        lines.append(f"{FOLDER_PREFIX}{one.id}:")
        lines.append("  :submitters:" + (" []" if not one.students else ""))
        for student in one.students:
            lines.append(f"  - :name: {_scalar(student.name)}")
            lines.append(f"    :sid: {student.sid}")
            lines.append(f"    :email: {student.email}")
        day, hour = divmod(8 + place // 6, 24)
        lines.append(f"  :created_at: 2026-03-{2 + day:02d} {hour:02d}:{place % 6}0:00.123456000 Z")
        lines.append("  :score: 0.0" if place % 3 else "  :score:")
        lines.append("  :status: processed")
        lines.append("  :results: !ruby/hash:ActiveSupport::HashWithIndifferentAccess\n    output: ''\n    tests: []")
        lines.append("  :history: []")
    return ("\n".join(lines) + "\n").encode()


def _scalar(text: str) -> str:
    """Quoted where YAML needs it; words that YAML might take for null or no stand bare, as they may in an export."""
    plain = yaml.safe_dump(text, allow_unicode=True).splitlines()[0]
    return text if text.isalpha() and text.isascii() else plain
