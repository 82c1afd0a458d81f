"""The site: every source becomes a page, links follow, formulas and numbers are right. `make site` builds the whole."""

from __future__ import annotations

import ast
import re
import shutil
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import torch

pytest.importorskip("myst_nb", reason="needs the extra `site`")

from grading.pages.notebook import show
from pictures.learning_curve import LearningCurve
from staff.release import handout
from staff.release.manifest import ReleaseError
from staff.site import __main__ as program
from staff.site import exam, road, sources
from staff.site.exam import numbers
from staff.site.macros import Macros
from staff.site.mathml import mathml
from staff.site.sources import SiteError
from tests.support import PROJECT
from tests.texts import anchor, read, repository

MAX_LESSON_LINES, MAX_CODE_CHARACTERS = 150, 100
CELL = re.compile(r"```\{code-cell\} ipython3\n(.*?)```", re.DOTALL)
LESSONS = [
    *sorted(PROJECT.glob("site/modules/*.md")),
    *(PROJECT / f"site/{name}.md" for name in ("seq2seq", "graphs", "unsupervised")),
]
PARTS_OF_A_MODULE = ["The story", "The idea", "A lesson that runs", "Practise", "Exercises", "Reflect", "Sources"]


@pytest.fixture(scope="module")
def site() -> dict[str, bytes]:
    return program.staged(repository())


@pytest.fixture(scope="module")
def site_for_students() -> dict[str, bytes]:
    return program.staged(repository(), for_students=True)


def test_every_question_has_its_page_and_the_margin_lists_it(site):
    index = site["index.md"].decode()
    folders = sorted(path.parent.name for path in PROJECT.glob("test_cases/*/question.toml"))
    assert len(folders) >= 10
    for name in folders:
        assert f"questions/{name}.md" in site
        assert f"/questions/{name}\n" in index


def test_every_page_stands_in_the_margin_once(site, site_for_students):
    for built in (site, site_for_students):
        entries = re.findall(r"^(?:.* <)?/([\w/.]+)>?$", built["index.md"].decode(), re.MULTILINE)
        pages = {path.removesuffix(".md") for path in built if path.endswith(".md")} - {"index"}
        assert sorted(entries) == sorted(pages)


def test_links_lead_to_pages_and_headings_of_the_site(site, site_for_students):
    for built in (site, site_for_students):
        parsed = {path: read(content.decode()) for path, content in built.items() if path.endswith(".md")}
        broken = []
        for path, page in parsed.items():
            for address in [*page.links, *page.images]:
                if re.match(r"[a-z]+:", address):
                    continue
                target, _, name = address.partition("#")
                place = (
                    sources.posixpath.normpath(sources.posixpath.join(sources.posixpath.dirname(path), target))
                    if target
                    else path
                )
                if place not in built or (name and name not in parsed[place].anchors):
                    broken.append(f"{path}: {address}")
        assert broken == []


def test_students_get_no_page_of_the_staff(site, site_for_students):
    assert any(path.startswith("staff/") for path in site)
    assert not any(path.startswith("staff/") for path in site_for_students)
    assert "project/index.md" in site_for_students


@pytest.mark.parametrize(
    ("page", "link", "rewritten"),
    [
        ("test_cases/q7/README.md", "[block](../q6/README.md)", "[block](q6.md)"),
        (
            "test_cases/q6/README.md",
            "[x](../../docs/students/grading.md#allowed-imports)",
            "[x](../project/grading.md#allowed-imports)",
        ),
        ("docs/students/grading.md", "[list](../../README.md#the-questions)", "[list](index.md#the-questions)"),
        ("docs/staff.md", "[map](../README.md)", "[map](index.md)"),
        (
            "docs/staff.md",
            "[here](#figures) and [there](https://example.org/a.md)",
            "[here](#figures) and [there](https://example.org/a.md)",
        ),
        ("docs/staff.md", "```\n[code](../nowhere.md)\n```\n", "```\n[code](../nowhere.md)\n```\n"),
    ],
)
def test_links_of_the_repository_become_links_of_the_site(page, link, rewritten):
    paths = {
        "test_cases/q6/README.md": b"",
        "README.md": b"",
        "STUDENTS.md": b"",
        "docs/students/grading.md": b"",
        page: b"",
    }
    assert sources.relinked(link, page, sources.pages(paths)) == rewritten


def test_a_link_to_a_file_outside_the_site_is_an_error():
    with pytest.raises(SiteError, match="models.py"):
        sources.relinked("[your file](../models.py)", "docs/staff.md", sources.pages({"docs/staff.md": b""}))


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_is_short_fits_its_column_and_can_be_parsed(path):
    code = "\n".join(CELL.findall(path.read_text(encoding="utf-8")))
    lines = [line for line in code.splitlines() if line.strip()]
    assert 20 < len(lines) <= MAX_LESSON_LINES
    assert max(map(len, lines)) <= MAX_CODE_CHARACTERS
    ast.parse(code)
    assert "show(" in code, "a lesson shows a picture of the project"


@pytest.mark.parametrize("path", sorted(PROJECT.glob("site/modules/*.md")), ids=lambda path: path.stem)
def test_a_module_has_all_its_parts(path):
    text = path.read_text(encoding="utf-8")
    assert [heading for heading in read(text).headings if heading in PARTS_OF_A_MODULE] == PARTS_OF_A_MODULE
    assert text.count("<%= haiku(") == 1
    assert text.count("$$") >= 4
    assert re.search(r"\b(19|20)\d\d\b", text)


def test_verses_are_those_of_the_collection_and_no_module_shares_one():
    macros = Macros(repository(), sources.pages(repository()), "site/index.md")
    verse = macros.haiku("one neuron alone -")
    assert "it can tell the light from dark<br>" in verse
    with pytest.raises(SiteError, match="0 times"):
        macros.haiku("a line that nobody wrote")
    firsts = [line for path in LESSONS for line in re.findall(r'haiku\("(.*?)"\)', path.read_text(encoding="utf-8"))]
    assert len(firsts) == len(set(firsts)) == 10


def test_a_call_that_fails_names_its_page():
    macros = Macros(repository(), sources.pages(repository()), "site/exam.md")
    with pytest.raises(SiteError, match=r"site/exam\.md: KeyError"):
        macros.fill("<%= ask('no such answer', 'What?') %>")
    with pytest.raises(SiteError, match="none of the questions"):
        macros.practise("q99")


def test_practise_lists_questions_that_exist_with_their_points():
    macros = Macros(repository(), sources.pages(repository()), "site/modules/attention.md")
    assert macros.practise("q6", "e99") == "- [Question 6: Attention](../../test_cases/q6/README.md), 2 points"


@pytest.mark.parametrize("page", sorted(PROJECT.glob("site/**/*.md")), ids=lambda path: path.stem)
def test_every_formula_becomes_well_formed_mathml(page):
    prose = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    blocks = re.findall(r"\$\$(.+?)\$\$", prose, re.DOTALL)
    inline = re.findall(r"(?<![\\$])\$([^$\n]+?)\$(?!\$)", re.sub(r"\$\$.+?\$\$", "", prose, flags=re.DOTALL))
    for formula in [*blocks, *inline]:
        text = mathml(formula, is_block=formula in blocks)
        element = ElementTree.fromstring(re.search(r"<math.*</math>", text, re.DOTALL)[0])
        left = "".join(element.itertext())
        assert "\\" not in left and "&" not in left, f"{formula}: {left}"
        assert "mathvariant" not in re.sub(r'mathvariant="(normal|double-struck)"', "", text), formula


def test_letters_in_bold_and_signs_are_those_that_browsers_know():
    assert "<mi>𝐱</mi>" in mathml(r"\mathbf x", is_block=False)
    assert "<mi>𝝁</mi>" in mathml(r"\boldsymbol\mu", is_block=False)
    assert '<mo form="prefix">&#x02212;</mo><mn>1</mn>' in mathml("b = -1", is_block=False)
    assert 'form="prefix"' not in mathml("a - 1", is_block=False)
    with pytest.raises(ValueError, match=r"formula .\\\\left"):
        mathml(r"\left(", is_block=False)


def test_the_timeline_is_in_order_and_its_modules_exist(site):
    assert '<ol class="timeline">' in site["timeline.md"].decode()
    event = {"year": 1958, "title": "a", "text": "b", "who": "c"}
    with pytest.raises(ValueError, match="order"):
        road.timeline([event, event | {"year": 1943}], {}, lambda path, suffix: path)


def test_the_road_links_all_seven_modules_in_both_sizes(site):
    text = site["index.md"].decode()
    for path in sorted(PROJECT.glob("site/modules/*.md")):
        assert text.count(f'href="modules/{path.stem}.html"') == 2
    for drawing in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        ElementTree.fromstring(drawing)


# the exam


def test_the_exam_has_two_questions_a_week_and_100_points():
    text = (PROJECT / "site/exam.md").read_text(encoding="utf-8")
    heads = [(int(week), int(points)) for week, points in re.findall(r"<%= head\((\d+), (\d+)\) %>", text)]
    assert [week for week, _ in heads] == [week for week in range(2, 12) for _ in range(2)]
    assert sum(points for _, points in heads) == 100
    for part in text.split("\n## Question ")[1:]:
        assert (
            "ask(" in part and 'show("Working", after_try=True)' in part
        ) or 'show("Model answer and marking scheme")' in part
        assert part.count("<%= show(") == part.count("</details>") == 1


def test_the_exam_asks_for_every_number_and_shows_it_in_its_working():
    text = (PROJECT / "site/exam.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r'ask\("(\w+)"', text)) == sorted(exam.ANSWERS)
    assert set(re.findall(r"number\.(\w+)\.text", text)) == set(exam.ANSWERS)


def test_the_gradient_through_time_has_its_factors_in_the_order_of_module_4():
    """Matrices do not commute: from the last step to the first, a row is multiplied by a slope and by U^T."""
    (formula,) = re.findall(
        r"\$\$(\\frac\{\\partial L\}\{\\partial \\mathbf h_t\}.*?)\$\$", lesson("recurrence"), re.DOTALL
    )
    assert re.findall(r"mathbf h_\{?(t\+1|T|t)\b", formula) == ["t", "T", "T", "t+1"]
    torch.manual_seed(0)
    u, states = torch.randn(3, 3), [torch.randn(1, 3, requires_grad=True)]
    for _ in range(4):
        states.append(torch.tanh(states[-1] @ u))
    row = torch.randn(1, 3)
    (right,) = torch.autograd.grad((states[-1] * row).sum(), states[0])
    for state in reversed(states[1:]):
        row = row @ torch.diag(1 - state[0].detach() ** 2) @ u.T
    assert torch.allclose(row, right, atol=1e-5)


def lesson(name: str) -> str:
    return (PROJECT / "site" / "modules" / f"{name}.md").read_text(encoding="utf-8")


def test_what_workings_say_in_passing_is_right():
    value = {name: answer.value for name, answer in exam.ANSWERS.items()}
    assert round(-value["neuron_slope"], 3) == 0.755
    assert round(value["weight_12"], 4) == 0.8044
    assert round(2 * value["kl_first"], 3) == round(0.25 + 1.386, 3)
    assert value["gate"] == 64 * 40 + 64 * 64 + 64


def test_numbers_of_the_exam_agree_with_torch():
    value = {name: answer.value for name, answer in exam.ANSWERS.items()}

    weight = torch.tensor(0.75, requires_grad=True)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(2 * weight - 1, torch.tensor(1.0))
    loss.backward()
    assert value["neuron_loss"] == pytest.approx(loss.item(), abs=1e-6)
    assert value["neuron_slope"] == pytest.approx(weight.grad.item(), abs=1e-6)

    moved = torch.tensor(1.0)
    moved.grad = torch.zeros(())
    optimizer = torch.optim.SGD([moved], lr=0.1, momentum=0.9)
    for gradient in (4.0, 2.0):
        moved.grad.fill_(gradient)
        optimizer.step()
    assert value["momentum_weight"] == pytest.approx(moved.item(), abs=1e-6)

    layer = torch.nn.Conv2d(3, 24, 5, stride=2, padding=1)
    assert layer(torch.zeros(1, 3, 64, 48)).shape == (1, 24, value["conv_height"], value["conv_width"])
    assert sum(each.numel() for each in layer.parameters()) == value["conv_parameters"]

    image = torch.tensor([[1.0, 1, 5, 5], [1, 1, 5, 5], [1, 1, 5, 5], [1, 3, 5, 5]])
    kernel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    response = torch.nn.functional.conv2d(image[None, None], kernel[None, None])[0, 0]
    assert [response[0, 0], response[1, 0], response[1, 1]] == [
        value[f"edge_{name}"] for name in ("first", "third", "last")
    ]

    normal = torch.distributions.Normal
    found = normal(torch.tensor([1.0, -0.5]), torch.tensor([0.5, 1.0]))
    divergence = torch.distributions.kl_divergence(found, normal(torch.zeros(2), torch.ones(2)))
    assert [value["kl_first"], value["kl_second"]] == pytest.approx(divergence.tolist(), abs=1e-6)

    for name, cell in (("lstm", torch.nn.LSTMCell), ("gru", torch.nn.GRUCell)):
        counted = sum(each.numel() for key, each in cell(40, 64).named_parameters() if key != "bias_hh")
        assert value[name] == counted

    queries, keys = torch.tensor([[1.0, 1], [0, 2]]), torch.tensor([[1.0, 0], [1, 2]])
    values = torch.tensor([[10.0, 0], [0, 10]])
    attend = torch.nn.functional.scaled_dot_product_attention
    assert value["output_12"] == pytest.approx(attend(queries, keys, values)[0, 1].item(), abs=1e-5)
    assert value["causal_12"] == attend(queries, keys, values, is_causal=True)[0, 1].item()

    score = torch.logit(torch.tensor(0.3)).requires_grad_()
    (minimax,) = torch.autograd.grad(torch.log(1 - torch.sigmoid(score)), score)
    (other,) = torch.autograd.grad(-torch.log(torch.sigmoid(score)), score)
    assert [value["slope_minimax"], value["slope_other"]] == pytest.approx([-minimax.item(), -other.item()], abs=1e-6)


def test_the_graph_of_the_exam_is_worked_out_without_matrices():
    neighbours, features = {1: (1, 2), 2: (1, 2, 3), 3: (2, 3)}, {1: 1.0, 2: 0.0, 3: 2.0}
    for node, around in neighbours.items():
        mixed = sum(features[other] / np.sqrt(len(around) * len(neighbours[other])) for other in around)
        assert exam.ANSWERS[f"node_{node}"].value == pytest.approx(2 * mixed)


def test_rounded_answers_are_accepted_and_neighbours_are_not():
    for answer in exam.ANSWERS.values():
        assert answer.accepts(round(answer.value, 2)) and answer.accepts(answer.value)
        assert not answer.accepts(answer.value + 1)
        assert answer.tolerance or not answer.accepts(answer.value + 0.5)
        assert not answer.accepts(answer.value + 0.02)
    assert numbers.ANSWERS["momentum_velocity_1"].text == "−0.40"


def test_the_checklist_has_a_box_for_each_item_and_keys_that_differ(site):
    text = site["checklist.md"].decode()
    keys = re.findall(r'data-key="([\w-]+)"', text)
    assert len(keys) == len(set(keys)) > 30
    assert re.findall(r'id="week-(\d+)"', text) == [str(week) for week in range(2, 12)]


def test_anchors_of_headings_are_those_of_the_texts():
    assert anchor("What to hand in") == "what-to-hand-in"


# the site in student.zip


def test_a_site_for_students_becomes_the_folder_handout(tmp_path):
    (tmp_path / "questions").mkdir()
    (tmp_path / "index.html").write_text("home")
    (tmp_path / "questions" / "q1.html").write_text("one")
    assert handout.files(tmp_path) == {"handout/index.html": b"home", "handout/questions/q1.html": b"one"}


def test_a_site_of_the_staff_an_empty_folder_and_a_large_site_are_refused(tmp_path):
    with pytest.raises(ReleaseError, match="holds no site"):
        handout.files(tmp_path)
    (tmp_path / "index.html").write_bytes(b"x" * (handout.MAX_BYTES + 1))
    with pytest.raises(ReleaseError, match="at most 6,000,000"):
        handout.files(tmp_path)
    (tmp_path / "staff").mkdir()
    with pytest.raises(ReleaseError, match="--students"):
        handout.files(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("cell", "is_built"), [("6 * 7", True), ("1 / 0", False)])
def test_a_cell_that_fails_makes_the_build_fail(tmp_path, capfd, cell, is_built):
    """Slow: starts Sphinx and a notebook's kernel."""
    source, built = tmp_path / "source", tmp_path / "built"
    shutil.copytree(PROJECT / "site" / "static", source / "static")
    head = "---\nfile_format: mystnb\nkernelspec: {name: python3, display_name: Python 3}\n---\n"
    (source / "index.md").write_text(f"{head}# Lesson\n\n```{{code-cell}} ipython3\n{cell}\n```\n", encoding="utf-8")
    if is_built:
        program.run_sphinx(source, built, tmp_path / "ipython")
        assert ">42<" in re.sub(r"\s", "", (built / "index.html").read_text(encoding="utf-8"))
    else:
        with pytest.raises(SiteError, match="not written"):
            program.run_sphinx(source, built, tmp_path / "ipython")
        assert "ZeroDivisionError" in capfd.readouterr().err


# pictures in notebooks


def test_a_picture_in_a_notebook_has_its_text_its_size_and_the_captions_it_is_given():
    curve = LearningCurve("x", np.array([[1, 0.5], [2, 0.9]]), np.array([[1, 0.7], [2, 0.1]]))
    text = show(curve, "first <caption>")._repr_html_()
    assert text.count("<figure") == text.count("data:image/svg+xml") == 2
    assert "first &lt;caption&gt;" in text
    assert "Training loss while x ran" in text
    assert 'alt="Validation accuracy over epochs: from 50.0% to 90.0% after 2 epochs."' in text
    assert 'width="504"' in text
    with pytest.raises(ValueError, match="none of the panels"):
        show([])


def test_a_picture_is_saved_as_a_page(tmp_path):
    curve = LearningCurve("x", np.array([[1, 0.5], [2, 0.9]]), np.zeros((0, 2)))
    show(curve).save(tmp_path / "picture.html")
    assert (tmp_path / "picture.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def built_at_once(source, built, profile):
    """In place of Sphinx."""
    built.mkdir()
    for name in ("index.html", program.MARK):
        (built / name).write_text("new")


def test_a_site_takes_the_place_of_a_site_and_of_nothing_else(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(program, "files_of_working_tree", dict)
    monkeypatch.setattr(program, "run_sphinx", built_at_once)
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "thesis.txt").write_text("mine")
    for name, told in (("file", "file is no folder"), ("folder", "folder holds something that is no site")):
        assert program.main([str(tmp_path / name)]) == 2
        assert f"{told}; choose another" in capsys.readouterr().err
    (tmp_path / "old").mkdir()
    for name in (program.MARK, "page.html"):
        (tmp_path / "old" / name).write_text("old")
    for name in ("old", "deep/new"):
        assert program.main([str(tmp_path / name)]) == 0
        assert sorted(path.name for path in (tmp_path / name).iterdir()) == ["index.html", program.MARK]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "file", "folder", "old"]


def test_a_failure_leaves_the_old_site(tmp_path, monkeypatch):
    def fail(*_: object) -> None:
        raise SiteError("Sphinx reported a warning")

    monkeypatch.setattr(program, "files_of_working_tree", dict)
    monkeypatch.setattr(program, "run_sphinx", fail)
    (tmp_path / program.MARK).write_text("old")
    assert program.main([str(tmp_path)]) == 1
    assert (tmp_path / program.MARK).read_text() == "old"
