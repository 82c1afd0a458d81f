"""The pages for students are true: flags, limits, allowed imports, messages, and an example that runs."""

from __future__ import annotations

import io
import math
import re
import tomllib

import pytest

from data.haiku import FORM, syllables
from gpt import defaults, noise
from grading.console import Console
from grading.engine import Engine, Settings
from grading.questions import ELECTIVE, discover
from staff.evidence.mutants.format import read_all, write_submission
from tests.support import PROJECT
from tests.texts import flags_of, read

pytestmark = pytest.mark.usefixtures("warm_starts")
STUDENTS = (PROJECT / "STUDENTS.md").read_text(encoding="utf-8")
NOT_OURS = {"--help", "--nproc_per_node"}  # the second is torchrun's, in an example


def page(name: str) -> str:
    return (PROJECT / "docs" / "students" / f"{name}.md").read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("program", [("autograder.py",), ("chargpt.py",), ("chargpt.py", "sample"), ("chat.py",)])
def test_the_command_line_page_has_exactly_the_flags_of_each_program(program):
    flags = flags_of(*program)
    part = section(page("command_line"), program[0])
    documented = set(re.findall(r"--[a-z][a-z_-]*", " ".join(read(part).code)))
    assert flags - documented <= NOT_OURS
    if program[0] != "chargpt.py":  # its two programs share a section
        assert documented - flags == set()


def test_the_limits_are_those_of_the_questions():
    table = {}
    for line in section(page("grading"), "Limits").splitlines():
        if re.match(r"\| (q\d|electives)", line):
            questions, minutes, memory = [cell.strip() for cell in line.strip("|").split("|")]
            table |= dict.fromkeys(named_questions(questions), (int(minutes.split()[0]), int(memory.split()[0])))
    for question in discover():
        assert table[question.id] == (question.time_limit_seconds / 60, question.memory_limit_bytes / 2**30)


def named_questions(text: str) -> list[str]:
    """`q1 to q6`, `q7, q8`, or `electives`."""
    if text == "electives":
        return [question.id for question in discover() if question.group == ELECTIVE]
    if match := re.fullmatch(r"q(\d+) to q(\d+)", text):
        return [f"q{number}" for number in range(int(match[1]), int(match[2]) + 1)]
    return [part.strip() for part in text.split(",")]


def test_the_page_of_question_7_states_the_noise_and_the_sizes_that_short_texts_get():
    text = " ".join((PROJECT / "test_cases" / "q7" / "README.md").read_text(encoding="utf-8").split())
    assert f"The share is 0 for up to {noise.FEW_PASSES:g} passes" in text
    assert f"doubling of the passes adds {noise.NOISE_PER_DOUBLING:g}, up to {noise.MAX_NOISE:g}" in text
    assert ("From the middle of a run on" in text) == (noise.FADES_FROM == 0.5)
    for most, sizes in ((defaults.SHORT, defaults.SMALL_SIZES), (defaults.MIDDLE, defaults.MIDDLE_SIZES)):
        assert re.search(rf"under {most:,}.*? width {sizes['n_embd']} with {sizes['n_layer']} blocks", text)


def test_the_losses_of_question_7_and_the_accuracies_are_the_measured_figures():
    entries = tomllib.loads((PROJECT / "docs" / "figures.toml").read_text(encoding="utf-8"))["figures"]
    figures = {entry["id"]: entry["figure"] for entry in entries if "figure" in entry}
    text = (PROJECT / "test_cases" / "q7" / "README.md").read_text(encoding="utf-8")
    for loss in [*re.findall(r"\d\.\d+", figures["shakespeare"]), re.findall(r"\d\.\d+", figures["plays"])[0]]:
        assert f"{float(loss):.2f} nats ({float(loss) / math.log(2):.2f} bits)" in text
    for name, percent in re.findall(r"(q[45]) ([\d.]+)%", figures["seeds"]):
        text = (PROJECT / "test_cases" / name / "README.md").read_text(encoding="utf-8")
        assert f"reaches about {float(percent):.0f}%" in " ".join(text.split())


def test_the_page_names_every_question_that_reads_the_digits_of_mnist():
    readers = [
        path.parts[-3]
        for path in PROJECT.glob("test_cases/e*/public/*.py")
        if 'load("digits")' in path.read_text(encoding="utf-8")
    ]
    *most, last = sorted({int(reader[1:]) for reader in readers})
    sentence = f"Questions 3 and 5 and electives {', '.join(map(str, most))} and {last} use this file"
    assert sentence in " ".join(section(page("command_line"), "Data").split())


def test_the_example_of_a_sequence_is_a_haiku():
    text = (PROJECT / "test_cases" / "q8" / "README.md").read_text(encoding="utf-8")
    [example] = [line.partition("<write>")[2] for line in text.splitlines() if line.endswith(" <end>")]
    lines = re.split(r"<\w+>", example)[:-1]
    assert tuple(sum(syllables()[word] for word in line.split()) for line in lines) == FORM


def test_every_import_that_the_page_allows_is_allowed_by_every_question():
    """The page names some modules of the standard library, and says where all of them stand."""
    text = section(page("grading"), "Allowed imports").strip().partition("\n\n")[0]
    modules, files = set(), set()
    for code in read(text).code:
        (modules if code.isidentifier() else files).add(code)
    assert len(modules) > 8
    assert files == {"test_cases/defaults.toml"}
    for question in discover():
        assert {*modules, "torch", "numpy", "tqdm"} <= set(question.allowed_imports), question.id


def test_the_hand_out_names_the_packages_and_the_torch_that_are_installed():
    requirements = (PROJECT / "requirements.txt").read_text(encoding="utf-8")
    pins = dict(line.split("==") for line in requirements.splitlines() if "==" in line)
    assert f"pip install torch=={pins['torch']} --index-url" in " ".join(STUDENTS.split())
    assert f"installs {', '.join(list(pins)[:-1])} and {list(pins)[-1]}." in " ".join(STUDENTS.split())
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    assert {re.split("[><=]", name)[0] for name in settings["project"]["dependencies"]} == set(pins)


def test_the_complete_example_learns_what_it_says(capsys):
    [program] = [text for language, text in read(page("torch")).blocks if "manual_seed(0)" in text]
    names: dict = {}
    exec(compile(program, "torch.md", "exec"), names)
    assert [round(value) for value in names["layer"].weight[0].tolist()] == [2, -3]
    assert round(names["layer"].bias.item()) == 1
    assert names["loss"].item() < 1e-3


def test_the_example_of_a_message_is_what_a_student_reads(tmp_path):
    [message] = [text for _, text in read(page("grading")).blocks if text.startswith("Q1:")]
    mutant = next(mutant for mutant in read_all() if mutant.question == "q1" and mutant.check == "weights")
    write_submission(mutant, tmp_path)
    [question] = [question for question in discover() if question.id == "q1"]
    with Engine(Settings(tmp_path), Console(io.StringIO())) as engine:
        [result] = engine.grade([question])
    assert result.outcomes[0].message == " ".join(message.split())
