"""Similarity: disguised copies are found, honest solutions and partners are not, and the page is whole and harmless."""

from __future__ import annotations

import ast
import random
import re
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest

pytest.importorskip("copydetect", reason="comes with the staff extra")

from staff.classroom.similarity import __main__ as program
from staff.classroom.similarity import compare, report
from staff.classroom.similarity.document import OWN_NAME, read
from staff.release import starters
from tests.support import PROJECT, SOLUTIONS, STUDENT_FILES

MEDIOCRE, OTHER_EDITION = PROJECT / "staff" / "evidence" / "mediocre", PROJECT / "tests" / "other_edition"
STARTER = {name: content.encode() for name, content in starters.starters().items()}
MARKS = re.compile(r" *# (BEGIN|END) SOLUTION\n")


def files_of(folder: Path) -> dict[str, bytes]:
    """A solution to the first six questions, as a student would hand it in."""
    return {name: MARKS.sub("", (folder / name).read_text(encoding="utf-8")).encode() for name in STUDENT_FILES}


def entry(name: str, files: dict[str, bytes], *people: str) -> compare.Entry:
    return compare.Entry(name, frozenset(people or (name,)), read(files))


class Renaming(ast.NodeTransformer):
    """Gives every variable, parameter and attribute of a program another name."""

    def __init__(self, tree: ast.Module) -> None:
        stored = [n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
        parameters = [n.arg for n in ast.walk(tree) if isinstance(n, ast.arg) and n.arg != "self"]
        self.names = {name: f"thing{number}" for number, name in enumerate(sorted({*stored, *parameters}))}
        kept = [n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)]
        self.attributes = {name: f"part{number}" for number, name in enumerate(sorted(set(kept)))}

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self.names.get(node.id, node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.arg = self.names.get(node.arg, node.arg)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.Attribute:
        self.generic_visit(node)
        node.attr = self.attributes.get(node.attr, node.attr)
        return node


def disguised(files: dict[str, bytes], seed: int = 0) -> dict[str, bytes]:
    """The same program with other names, functions in another order, no comments, another layout."""
    source, found = random.Random(seed), {}
    for name, content in files.items():
        tree = ast.parse(content)
        tree = Renaming(tree).visit(tree)
        first = [node for node in tree.body if not isinstance(node, (ast.FunctionDef, ast.ClassDef))][1:]
        rest = [node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
        source.shuffle(rest)
        tree.body = [*first, *rest]
        found[name] = ast.unparse(tree).encode()
    return found


@pytest.fixture(scope="module")
def compared() -> tuple[list[compare.Entry], compare.Comparison]:
    """Three honest solutions, and a disguised copy of each."""
    honest = {folder.name: files_of(folder) for folder in (SOLUTIONS, MEDIOCRE, OTHER_EDITION)}
    entries = [entry(name, files) for name, files in honest.items()]
    entries += [entry(f"copy of {name}", disguised(files)) for name, files in honest.items()]
    settings = compare.Settings(common_share=0.5, least_tokens=1)
    return entries, compare.compare(entries, STARTER, settings)


def shares(compared: tuple[list[compare.Entry], compare.Comparison]) -> dict[frozenset[str], float]:
    entries, comparison = compared
    return {frozenset((entries[p.first].name, entries[p.second].name)): p.share for p in comparison.pairs}


def test_a_copy_with_other_names_in_another_order_is_found(compared):
    found = shares(compared)
    copies = [found[frozenset((name, f"copy of {name}"))] for name in ("solutions", "mediocre", "other_edition")]
    assert min(copies) > 0.85
    entries, comparison = compared
    assert {entries[p.first].name for p in comparison.pairs[:3]} == {"solutions", "mediocre", "other_edition"}


def test_honest_solutions_stay_far_below_copies(compared):
    found = shares(compared)
    honest = [share for names, share in found.items() if len({name.removeprefix("copy of ") for name in names}) == 2]
    assert len(honest) == len(found) - 3
    assert max(honest) < 0.5


def test_what_the_starter_brings_is_no_similarity():
    starter = {name: STARTER[name] for name in STUDENT_FILES}
    filled = dict(starter) | {"losses.py": (MEDIOCRE / "losses.py").read_bytes()}
    comparison = compare.compare(
        [entry("a", starter), entry("b", starter), entry("c", filled)], STARTER, compare.Settings()
    )
    assert comparison.pairs == []
    assert comparison.own[:2] == [0, 0]
    assert comparison.identical == []


def test_what_many_write_is_set_aside_and_what_two_share_is_not():
    idiom = "def usual(a):\n    return [b * 2 + 1 for b in a if b not in (3, 4, 5)] + list(range(7))\n"
    rare = (
        "def rare(a):\n    while a > 17 and a % 3:\n        a = a // 3 - 11 if a & 1 else a * 19 + 23\n    return a\n"
    )
    own = (
        "def own(a):\n    total = {0}\n"
        + "".join("    total |= {{a ** {0}, {0} - a}}\n" for _ in range(4))
        + "    return total\n"
    )
    entries = [
        entry(str(n), {"models.py": (idiom + own.format(100 + n) + (rare if n < 2 else "")).encode()})
        for n in range(10)
    ]
    comparison = compare.compare(entries, {}, compare.Settings(least_tokens=1))
    best = comparison.pairs[0]
    assert (best.first, best.second) == (0, 1)
    assert best.share > 2 * max((pair.share for pair in comparison.pairs[1:]), default=0)
    ((begin, end),) = best.matches[0].tolist()
    places = entries[0].document.places[begin:end]
    assert "a // 3 - 11" in entries[0].document.files[0][1][places[0, 1] : places[-1, 2]]
    assert "usual" not in entries[0].document.files[0][1][places[0, 1] : places[-1, 2]]


def test_two_who_copied_the_whole_are_told_even_in_a_class_where_all_did():
    files = files_of(MEDIOCRE)
    entries = [
        entry(f"s{number}", {**files, "train.py": files["train.py"] + b"# mine\n" * number}) for number in range(5)
    ]
    comparison = compare.compare(entries, STARTER, compare.Settings())
    assert comparison.pairs == []
    assert comparison.identical == [[0, 1, 2, 3, 4]]


def test_submissions_with_a_student_in_common_are_no_pair():
    files = files_of(MEDIOCRE)
    entries = [entry("first", files, "ann", "bob"), entry("second", files, "bob"), entry("third", files, "cleo")]
    comparison = compare.compare(entries, STARTER, compare.Settings())
    assert comparison.compared == 2
    assert {(pair.first, pair.second) for pair in comparison.pairs} == {(0, 2), (1, 2)}
    assert comparison.identical == [[0, 2]]


def test_a_program_with_a_slip_in_it_is_read_like_one_without():
    sound = read({"train.py": (MEDIOCRE / "train.py").read_bytes()})
    broken = read({"train.py": (MEDIOCRE / "train.py").read_bytes() + b"\ndef f(:\n    pass\n"})
    assert broken.tokens.startswith(sound.tokens.rstrip("\n"))


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"(" * 10_000, b"'''", b"\x00" * 50, b"def"])
def test_any_bytes_can_be_read(content):
    document = read({"models.py": content})
    assert len(document.tokens) == len(document.places)


def test_tokens_lead_back_to_what_was_written():
    text = "import torch as t\n\n# say\nclass Model:\n    def f(self, x):\n        '''Doc.'''\n        self.w = 'a' + t.ones(x)\n"
    document = read({"models.py": text.encode()})
    own = [
        text[start:end]
        for token, (_, start, end) in zip(document.tokens, document.places, strict=True)
        if token == OWN_NAME
    ]
    assert own == ["t", "Model", "f", "self", "x", "self", "w", "t", "x"]
    assert "ones" in [text[start:end] for _, start, end in document.places.tolist()]
    assert "Doc" not in "".join(text[start:end] for _, start, end in document.places.tolist())


def test_the_marked_code_is_what_both_wrote(compared):
    entries, comparison = compared
    pair = comparison.pairs[0]
    for side, number in zip(report.sides(pair, entries, comparison), (pair.first, pair.second), strict=True):
        for file, (name, text) in zip(side.files, entries[number].document.files, strict=True):
            assert file.name == name
            assert "".join(piece.text for piece in file.pieces) == text
        marked = "".join(piece.text for file in side.files for piece in file.pieces if piece.kind == report.SHARED)
        assert "".join(marked.split()).count("optimizer.zero_grad()") + marked.count("zero_grad()") >= 3
    one, other = report.sides(pair, entries, comparison)
    numbers = [sorted(p.number for f in side.files for p in f.pieces if p.number) for side in (one, other)]
    assert numbers[0] == numbers[1] == list(range(1, len(numbers[0]) + 1))


class Page(HTMLParser):
    """Every tag that a page has, and whatever it would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.loaded += [
            value for name, value in attributes if name == "src" or (name == "href" and not value.startswith("#"))
        ]


def test_the_page_loads_nothing_and_shows_markup_in_submissions_as_text():
    attack = (
        b"x = '''</pre><script>alert(1)</script><img src=http://a.example/b>'''\n"
        + (MEDIOCRE / "train.py").read_bytes()
    )
    entries = [entry(f"<b>{name}</b>", {"train.py": attack}) for name in "ab"]
    comparison = compare.compare(entries, STARTER, compare.Settings())
    page = report.render(entries, comparison, compare.Settings(), ["<i>a note</i>"])
    parsed = Page(page)
    assert parsed.loaded == []
    assert not {"script", "img", "link", "iframe", "b", "i"} & parsed.tags
    assert "&lt;script&gt;alert(1)" in page
    assert "prefers-color-scheme: dark" in page


def test_a_gradescope_export_is_compared_group_by_group(tmp_path, capsys):
    root = tmp_path / "assignment_1_export"
    people = {1: ["ann", "bob"], 2: ["cleo"], 3: ["dan"], 4: []}
    lines = ["---"]
    for number, names in people.items():
        lines += [f"submission_{number}:", "  :submitters:"]
        lines += [f"  - :name: {name}\n    :sid: {number}\n    :email: {name}@a.example" for name in names]
        if not names:
            lines[-1] += " []"
    contents = {1: files_of(MEDIOCRE), 2: disguised(files_of(MEDIOCRE)), 3: files_of(OTHER_EDITION), 4: {}}
    for number, files in contents.items():
        folder = root / f"submission_{number}" / "nested"
        folder.mkdir(parents=True)
        (folder.parent / "__MACOSX").mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
    (root / "submission_metadata.yml").write_text("\n".join(lines) + "\n")
    page = tmp_path / "out" / "page.html"
    assert program.main([str(root), "--out", str(page), "--common", "1"]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert "ann, bob (1)" in first
    assert "cleo (2)" in first
    assert "Without any student file: 4." in page.read_text()


def test_a_folder_of_zips_is_a_class(tmp_path, capsys):
    for name in ("ann", "bob"):
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
            for file, content in files_of(MEDIOCRE).items():
                archive.writestr(file, content)
    (tmp_path / "cleo.rar").write_bytes(b"Rar!")
    assert program.main([str(tmp_path), "--out", str(tmp_path / "page.html")]) == 0
    told = capsys.readouterr().out
    assert told.startswith("Not compared: cleo.rar is an archive of a kind that is not read")
    assert "the same but for names and layout: ann; bob" in told
    page = (tmp_path / "page.html").read_text()
    assert "Not compared: cleo.rar" in page
    assert "Without any student file" not in page


def test_what_most_of_the_class_has_is_not_said_to_be_shared_by_nobody(tmp_path, capsys):
    for name in ("ann", "bob", "cleo", "dan", "eve"):
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
            for file, content in files_of(MEDIOCRE).items():
                archive.writestr(file, content)
    assert program.main([str(tmp_path), "--out", str(tmp_path / "page.html"), "--common", "0.25"]) == 0
    told = capsys.readouterr().out
    assert "the same but for names and layout: ann; bob; cleo; dan; eve" in told
    assert "no two submissions share much, apart from what more than 25% of the class has" in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["no_such_folder"], "no_such_folder: no such file or folder"),
        (["{empty}"], "holds no submissions"),
        (["{one}"], "holds 1 submissions with student files; two are needed"),
        (["{two}", "--given", "{empty}"], "no folder with Python files"),
        (["{two}", "--out", "{two}"], "two: a folder is in the place of the file"),
        (["{two}", "--out", "{two}/ann/models.py/page.html"], "a file is in the place of a folder"),
        (["{two}", "--given", "{unreadable}"], "models.py cannot be read ("),
    ],
)
def test_what_cannot_be_done_is_said_with_a_status_of_two(tmp_path, capsys, arguments, told):
    places = {name: tmp_path / name for name in ("empty", "one", "two")}
    (tmp_path / "unreadable" / "models.py").mkdir(parents=True)
    for name, place in places.items():
        place.mkdir()
        for student in ("ann", "bob")[: ("empty", "one", "two").index(name)]:
            (place / student).mkdir()
            (place / student / "models.py").write_text("x = 1\n")
    paths = {**places, "unreadable": tmp_path / "unreadable"}
    assert program.main([argument.format(**paths) for argument in arguments]) == 2
    assert told in capsys.readouterr().err
