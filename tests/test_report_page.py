"""The report as a page: whole by itself, true to the results, harmless whatever a student's code says."""

from __future__ import annotations

import base64
import importlib.util
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import matplotlib.image
import numpy as np
import pytest

from grading import cli
from grading.outcomes import CRASHED, FAILED, NOT_FINISHED, PASSED, WAITS, Outcome, QuestionResult, RunResult
from grading.pages import page as pages
from grading.pages.page import Item, rows
from grading.session import run as session
from pictures.attention import AttentionWeights
from pictures.curve import FittedCurve
from pictures.digit_field import ReadDigits
from pictures.kernel import Convolution
from pictures.learning_curve import LearningCurve
from pictures.panels import Chart, Conversation, Exhibit, Samples, WrongAnswers
from pictures.separating_line import SeparatedPoints
from pictures.word_bars import ReadWords
from tests.support import PROJECT, SECONDS_UNTIL_IT_HANGS, SOLUTIONS, run_autograder

HOSTILE = "<script>alert(1)</script><img src=http://example.org/x onerror=alert(2)>\"'&\u202e\x00\x1b[31m"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)


class Page(HTMLParser):
    """What a browser would find: tags with their attributes, and the text outside of style."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.source = path.read_text(encoding="utf-8")
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.pieces: list[str] = []
        self._open = ""
        self.feed(self.source)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._open = tag

    def handle_data(self, data):
        if self._open != "style":
            self.pieces.append(data)

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def images(self) -> list[str]:
        return [attributes["src"] or "" for tag, attributes in self.tags if tag == "img"]


def one_of_each() -> list[Exhibit]:
    """An exhibit of every kind, from random numbers."""
    random = np.random.default_rng(0)
    letters = [random.integers(97, 123, size=length).tolist() for length in (4, 6, 7, 9) for _ in range(40)]
    words = ["".join(map(chr, word)) for word in letters]
    steps = np.arange(30.0)
    return [
        LearningCurve("train.train_it", np.c_[steps / 9, 1 - 0.9**steps], np.c_[steps, 0.8**steps]),
        SeparatedPoints(random.standard_normal((50, 2)), np.sign(random.standard_normal(50)), np.ones(3)),
        FittedCurve(np.linspace(-6, 6, 99), np.sin(np.linspace(-6, 6, 99)), np.zeros(99)),
        ReadDigits(
            random.integers(256, size=(300, 784), dtype=np.uint8),
            np.arange(300) % 10,
            random.standard_normal((300, 10)) + 3 * np.eye(10)[np.arange(300) % 10],
        ),
        ReadWords(words, np.arange(160) % 5, random.standard_normal((160, 5)), tuple("ABCDE")),
        Convolution(np.eye(3), random.random((5, 28, 28)), random.standard_normal((5, 26, 26))),
        AttentionWeights(np.full((4, 4), 0.25), np.tril(np.ones((4, 4))) / np.arange(1, 5)[:, None]),
        Samples((("TENSORIO:", "\nTo sum, or not to sum."),)),
        Conversation((("How are you?", "a grey sky\nwe share\nas far"),)),
    ]


def question(*outcomes: Outcome, shown: list[Exhibit] | None = None, name: str = "q1") -> QuestionResult:
    result = QuestionResult(name, f"Title of {name}", 5.0, outcomes=list(outcomes), seconds=1.5)
    result.exhibits = shown or []
    result.metrics = {"test_accuracy": 0.9726}
    result.units = {"test_accuracy": "percent"}
    return result


@pytest.fixture(scope="module")
def gallery(tmp_path_factory) -> Page:
    """A page with an exhibit of every kind; drawing it takes a second."""
    return written(tmp_path_factory.mktemp("gallery"), question(passed(), shown=one_of_each()))


def written(directory: Path, *questions: QuestionResult) -> Page:
    run = RunResult(seed=7, versions={"python": "3.12", "torch": "2.13"}, questions=list(questions), seconds=3.0)
    about = pages.About(datetime(2026, 9, 1, 23, 59), "python autograder.py --seed 7 --report out", "submission")
    report = pages.ReportPage(directory, about)
    report.write(run, ["built-in digits"])
    return Page(report.path)


def passed(title: str = "It works") -> Outcome:
    return Outcome("works", title, PASSED, 5.0, 5.0)


def test_the_page_needs_nothing_but_itself(gallery):
    for tag, attributes in gallery.tags:
        assert tag not in ("script", "link", "iframe", "object", "embed", "base", "form")
        for name in ("src", "href", "srcset", "data", "action", "poster"):
            assert (attributes.get(name) or "#").startswith(("data:image/", "#")), (tag, attributes)
    assert not re.search(r"url\(|@import|https?://", gallery.source)
    assert [path.name for path in gallery.path.parent.iterdir()] == ["report.html"]


def test_every_kind_of_exhibit_is_shown_and_every_image_decodes_and_has_words_for_it(gallery):
    assert len(gallery.images) > 15
    for address in gallery.images:
        kind, _, content = address.partition(";base64,")
        image = base64.b64decode(content, validate=True)
        if kind == "data:image/svg+xml":
            assert ElementTree.fromstring(image).tag.endswith("svg")
        else:
            assert matplotlib.image.imread(io.BytesIO(image), format="png").shape[:2] == (28, 28)
    assert all(attributes.get("alt") for tag, attributes in gallery.tags if tag == "img")
    assert "To sum, or not to sum." in gallery.text
    assert "we share" in gallery.text


def test_what_a_students_code_says_is_text_and_nothing_else(tmp_path):
    shown = [Samples(((HOSTILE, HOSTILE),)), Conversation(((HOSTILE, HOSTILE),))]
    result = question(Outcome("x", "Check", CRASHED, 0.0, 5.0, f"{HOSTILE}\n  at forward (models.py:3)"), shown=shown)
    result.stubs = [HOSTILE]
    page = written(tmp_path, result)
    assert not {"script", "iframe"} & {tag for tag, _ in page.tags}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert page.text.count("<script>alert(1)</script>") == 6
    assert page.images == []


def test_every_outcome_is_shown_with_its_whole_message(tmp_path):
    crash = "ValueError: no\n  at forward (models.py:3): x = y\n  at train (train.py:9): model(x)"
    page = written(
        tmp_path,
        question(
            passed(),
            Outcome("b", "It fails", FAILED, 0.0, 3.0, "Q1: expected 4; got 5."),
            Outcome("c", "It crashes", CRASHED, 0.0, 1.0, crash),
            Outcome("d", "It waits", NOT_FINISHED, 0.0, 1.0, "skipped: fix 'It fails' first", cause=WAITS),
        ),
        question(name="q2"),
    )
    for words in ("passed", "failed", "crashed", "not finished", "Q1: expected 4; got 5.", crash, "Not graded yet."):
        assert words in page.text
    assert "Not finished: 1 of 2 questions have been graded so far." in page.text
    assert "97.26%" in page.text
    assert "python autograder.py --seed 7 --report out" in page.text


def test_a_stub_is_listed_once_and_checks_that_wait_for_it_are_left_out(tmp_path):
    stub = "PerceptronModel.forward (models.py:31)"
    result = question(
        Outcome("a", "First", FAILED, 0.0, 2.0, f"not implemented yet: {stub}"),
        Outcome("b", "Second", NOT_FINISHED, 0.0, 3.0, "skipped: fix 'First' first", cause=WAITS),
    )
    result.stubs = [stub]
    page = written(tmp_path, result)
    assert page.text.count(stub) == 1
    assert "Second" not in page.text


def test_long_messages_are_folded_endless_ones_cut_and_broken_text_still_written(tmp_path):
    long = Outcome("a", "Long", FAILED, 0.0, 1.0, "\n".join(f"line {number}" for number in range(40)))
    endless = Outcome("b", "Endless", CRASHED, 0.0, 1.0, "x" * 5_000_000)
    broken = Outcome("c", "Broken", CRASHED, 0.0, 1.0, "half a pair: \udc80")
    page = written(tmp_path, question(long, endless, broken))
    assert [tag for tag, _ in page.tags].count("details") == 2
    assert "line 39" in page.text
    assert "and 4,990,000 more characters" in page.text
    assert len(page.source) < 100_000


def test_numbers_however_wild_cost_a_picture_at_most(tmp_path, capsys):
    wild = np.array([[np.nan, np.inf], [-np.inf, 1e308]])
    huge = ReadDigits(np.zeros((3, 784), np.uint8), np.arange(3), np.full((3, 10), 1e300))
    shapeless = FittedCurve(np.zeros(3), np.zeros(3), np.zeros((3, 3, 3)))
    page = written(tmp_path, question(passed(), shown=[AttentionWeights(wild, wild), shapeless, huge]))
    assert "It works" in page.text
    assert page.images
    assert "a picture of q1 cannot be drawn" in capsys.readouterr().err


def test_the_same_results_give_the_same_page(gallery, tmp_path):
    assert written(tmp_path, question(passed(), shown=one_of_each())).source == gallery.source


def test_pictures_are_drawn_once_however_often_the_page_is_written(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(pages, "drawn", lambda panel: drawn.append(panel) or pages.Item("picture", panel, ("",)))
    run = RunResult(0, {}, [question(passed(), shown=one_of_each()[:2])])
    report = pages.ReportPage(tmp_path, pages.About(datetime.now(), "", ""))
    for _ in range(3):
        report.write(run, [])
    assert len(drawn) == 3  # two charts of a curve, and the points


def test_a_failed_write_leaves_the_old_page_whole_and_nothing_else(tmp_path, monkeypatch):
    before = written(tmp_path, question(passed())).source
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        written(tmp_path, question(passed("Another")))
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == before
    assert len(list(tmp_path.iterdir())) == 1


def test_the_surest_mistakes_come_first_and_the_matrix_counts_every_answer():
    labels = np.array([0, 1, 2, 2])
    logits = np.zeros((4, 10))
    logits[[0, 1, 2, 3], [0, 7, 2, 9]] = 5, 2, 5, 4  # a right answer, a mistake, a right answer, a surer mistake
    shown = ReadDigits(np.zeros((4, 784), np.uint8), labels, logits).panels()
    (mistakes,) = (panel for panel in shown if isinstance(panel, WrongAnswers))
    assert [(mistake.right, mistake.answer) for mistake in mistakes.answers] == [("2", "9"), ("1", "7")]
    confidence = np.exp(4) / (np.exp(4) + 9)
    assert mistakes.answers[0].confidence == pytest.approx(confidence)
    assert any("2 of 4 images wrong" in panel.caption for panel in shown)


def test_attention_is_shown_beside_what_it_should_be_only_where_they_differ():
    right = np.tril(np.ones((3, 3))) / np.arange(1, 4)[:, None]
    assert len(AttentionWeights(right, right).panels()) == 1
    assert len(AttentionWeights(right.T, right).panels()) == 2


def test_panels_keep_their_order_two_to_a_row_but_for_wide_ones():
    narrow, wide = (Item("picture", Chart(print, 1, 1, "", "", is_wide=is_wide)) for is_wide in (False, True))
    assert rows([narrow, narrow, narrow, wide, narrow]) == [[narrow, narrow], [narrow], [wide], [narrow]]


def test_the_page_is_made_without_the_students_code_or_torch():
    program = "import sys, grading.pages.page; print({'torch', 'backend', 'matplotlib.pyplot'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=PROJECT)
    assert found.stdout.strip() == "set()"
    for path in (PROJECT / "grading" / "pages").glob("*.py"):
        imported = re.findall(r"^(?:from|import) (grading\.child\S*)", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert set(imported) <= {"pictures"}, path


@pytest.mark.parametrize(
    ("place", "complaint"),
    [("file", "is a file"), ("missing/deeper", "does not exist"), ("taken", "a folder is in the place of the file")],
)
def test_a_folder_that_cannot_be_used_exits_2_before_any_work(place, complaint, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").touch()
    (tmp_path / "taken" / "report.html").mkdir(parents=True)
    monkeypatch.setattr(session, "Engine", None)  # any work would fail loudly
    arguments = ["--code-directory", str(SOLUTIONS), "-q", "q6", "--report", str(tmp_path / place)]
    assert cli.main(arguments) == 2
    assert complaint in capsys.readouterr().err


def test_a_missing_template_engine_is_named_with_the_mend(tmp_path, monkeypatch, capsys):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "jinja2" else find(name))
    assert cli.main(["--code-directory", str(SOLUTIONS), "-q", "q6", "--report", str(tmp_path)]) == 2
    assert "jinja2 is not installed. Run: " in capsys.readouterr().err


def test_an_interrupted_run_leaves_the_page_of_what_was_graded(tmp_path, monkeypatch):
    class Interrupted(session.Engine):
        def grade(self, questions, on_change, **_):
            on_change(question(passed("Done before"), name="q1"))
            raise KeyboardInterrupt

    monkeypatch.setattr(session, "Engine", Interrupted)
    arguments = ["--code-directory", str(SOLUTIONS), "-q", "q1,q2", "--report", str(tmp_path / "new")]
    assert cli.main(arguments) == 130
    page = Page(tmp_path / "new" / "report.html")
    assert "Done before" in page.text
    assert "1 of 2 questions have been graded so far" in page.text


def test_a_run_writes_its_page_which_names_the_command_that_does_it_again(tmp_path, warm_starts):
    """Grades q1 and q6 for real, side by side."""
    out, results = tmp_path / "a folder", tmp_path / "results.json"
    run = run_autograder(
        "--code-directory",
        SOLUTIONS,
        "-q",
        "q1",
        "-q",
        "q6",
        "--seed",
        3,
        "--jobs",
        2,
        "--report",
        out,
        "--json",
        results,
    )
    assert run.status == 0, run.output + run.errors
    page = Page(out / "report.html")
    assert len(page.images) >= 2  # the line and the attention
    (command,) = re.findall(r"python autograder\.py .*", page.text)
    again = ["-q", "q1", "-q", "q6", "--code-directory", str(SOLUTIONS), "--seed", "3", "--report", str(out)]
    assert shlex.split(command)[2:] == again
    assert str(out / "report.html") in run.output
    assert "exhibits" not in json.dumps(run.report)


PROBE = """<script nonce="probe">
const found = {errors: [], blocked: []};
addEventListener("error", event => found.errors.push(String(event.message || event.target.tagName)), true);
addEventListener("securitypolicyviolation", event => found.blocked.push(event.blockedURI));
addEventListener("load", () => {
  found.images = [...document.images].map(image => image.complete && image.naturalWidth > 0);
  found.requests = performance.getEntriesByType("resource").map(entry => entry.name).filter(name => !name.startsWith("data:"));
  found.overflow = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  document.documentElement.setAttribute("data-found", JSON.stringify(found));
});
</script>"""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
@pytest.mark.parametrize("size", ["1280,900", "500,900"])
def test_a_browser_shows_every_image_asks_for_nothing_and_has_nothing_to_complain_about(size, tmp_path):
    """Opens a copy of the page with a script in it that looks round; its policy lets that one script run and no other."""
    assert CHROMIUM is not None
    hostile = Outcome("x", "Check", CRASHED, 0.0, 5.0, HOSTILE)
    source = written(tmp_path, question(passed(), hostile, shown=one_of_each())).source
    assert "default-src 'none'" in source
    probed = source.replace("default-src 'none'", "default-src 'none'; script-src 'nonce-probe'", 1)
    (tmp_path / "probed.html").write_text(probed.replace("<head>", f"<head>{PROBE}", 1), encoding="utf-8")
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
        "--disable-background-networking", "--enable-logging=stderr", f"--user-data-dir={tmp_path / 'profile'}",
        f"--window-size={size}", "--dump-dom", (tmp_path / "probed.html").as_uri(),
    ]  # fmt: skip
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=SECONDS_UNTIL_IT_HANGS)
    (tmp_path / "seen.html").write_text(run.stdout, encoding="utf-8")
    (attribute,) = (attributes["data-found"] for tag, attributes in Page(tmp_path / "seen.html").tags if tag == "html")
    found = json.loads(attribute or "")
    assert len(found["images"]) > 15
    assert all(found["images"])
    assert found["errors"] == found["blocked"] == found["requests"] == []
    assert found["overflow"] <= 0
    assert "CONSOLE" not in run.stderr, run.stderr
