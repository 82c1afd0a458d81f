"""What the source of a question's student code tells: what may run, what is still unfilled, what explains a crash."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from grading.checks import crashes, modules, other_editions
from grading.checks.imports import without_dots
from grading.checks.source import NO_PACKAGE, SourceFile, StudentSource
from grading.outcomes import CheckFailed, NotImplementedYet, StudentCrashed, ToldFault
from grading.questions import Question, discover
from startup import student_files
from startup.names import PROVIDED

PARTS = {"dataset": "question.toml", "probe": "public/probes.py"}  # what names the parts that a student process uses
MAX_CHARACTERS = 2000  # of a crash, as `grading.child.failure` sends it: the search for its cause takes time
SIGNS_OF_A_STUB = ("NoneType", "x0 and ", "of size 0")  # in a traceback: what an unfilled function gave was used


class StudentCode:
    """The student's files as one question uses them.

    Args:
        question: whose targets, aliases and permitted imports apply.
        source: the files.
        remark: takes a sentence for the student that costs no points.
    """

    def __init__(self, question: Question, source: StudentSource, remark: Callable[[str], None]) -> None:
        self._question, self._source, self._remark = question, source, remark
        self._permitted: set[str] = set()

    def names(self, target: str) -> list[tuple[str, str]]:
        """The module and name of a target, and of the other names that it may have."""
        if self._is_of_2024(target):
            return [(other_editions.MODULE_OF_2024, modules.split(target)[1])]
        return [modules.split(name) for name in self._question.names(target)]

    def configuration(self) -> dict[str, Any]:
        """What the student's process has to know of these files and of the question before it answers."""
        return {
            "code_directory": str(self._source.directory),
            "left_out": self.left_out(),
            "question": self._question.id,
            "picture": self._question.picture,
        }

    def stubs(self) -> list[str]:
        """What is still unfilled of the question, as `name (file:line)`."""
        return [stub for name in self._own_names() for stub in self._source.stubs(name)]

    def stubs_of(self, target: str) -> list[str]:
        """What is still unfilled of a target such as `models.AttentionBlock.forward`."""
        return [stub for name in self._question.names(target) for stub in self._source.stubs(name)]

    def require_permitted(self, target: str) -> None:
        """Check a target's file, and those that it imports, before they run.

        Raises:
            CheckFailed: see `StudentSource.require_permitted`.
        """
        if target not in self._permitted:  # each request to the student's process asks
            self._require_permitted(target)
            self._permitted.add(target)

    def _require_permitted(self, target: str) -> None:
        module = modules.split(target)[0]
        if self._is_of_2024(target):
            module = "models"
            self._remark(other_editions.FORM_OF_2024)
        if module.partition(".")[0] in PROVIDED:
            return
        self._source.require_permitted(module, self._question.allowed_imports, self._question.forbidden_names)
        self._remark_on_other_files(module)
        for name in self._question.names(target):
            for stub in self._source.left_over(name):
                if not stub.is_reached:
                    self._remark(
                        f"{self._source.described(name, stub)} is written. Only the line `raise NotImplementedError` "
                        "behind its return is left. The line does nothing: remove it."
                    )

    def _remark_on_other_files(self, module: str) -> None:
        """Name each file that a module needs and that nobody hands in: only the files of the questions are."""
        imported = self._source.imported_files(module)
        own = set(map(modules.file_name, (modules.split(name)[0] for name in self._own_names())))
        if not {file for _, file in imported} - own:
            return  # the usual case reads no other question
        known = own | _files_of_questions()
        for place, file in imported:
            if file not in known:
                self._remark(
                    f"{place} imports {file}, which is no file of a question. The grade comes from the files of the "
                    f"questions alone. Move the code of {file} to {place.partition(':')[0]}."
                )

    def left_out(self) -> dict[str, list[list[Any]]]:
        """The imports that the student's process leaves out: line and name, by file; a remark tells all of a kind."""
        found = self._source.left_out(self._own_names(), self._question.allowed_imports, self._question.forbidden_names)
        unused_ones = [(f"{file}:{unused.line}", unused) for file, imports in found.items() for unused in imports]
        missing = self._missing({unused.module for _, unused in unused_ones})
        for module in sorted(missing):
            places = dict.fromkeys(place for place, unused in unused_ones if unused.module == module)
            self._remark(
                f"{student_files.missing(self._source.directory, modules.file_name(module))} "
                f"{' and '.join(places)} imports from it. Nothing uses the import so far, and the grader left it out."
            )
        for place, unused in unused_ones:
            if written := without_dots(unused):
                self._remark(
                    f"{place} imports {unused.module}. {NO_PACKAGE} Write `{written}` there. The grader left out the "
                    "names that nothing uses so far."
                )
        lines = [
            f"{place} ({unused.reached})"
            for place, unused in unused_ones
            if unused.module not in missing and not without_dots(unused)
        ]
        if lines:
            self._remark(
                f"nothing uses these imports, and the project does not permit them: {', '.join(lines)}. The grader "
                "left them out. Remove the lines: an editor may have added them."
            )
        return {file: [[unused.line, unused.bound] for unused in imports] for file, imports in found.items()}

    def failure(self, error: dict[str, Any], target: str, is_training: bool) -> Exception:
        """The exception that tells an error of the student's code, or of a part of ours beside it.

        Args:
            error: as the student's process describes it; see `grading.child.failure`.
            target: what was called; "" for what is no student code.
            is_training: whether it came out of a training function.
        """
        kind, text, location = (str(error.get(key, ""))[:MAX_CHARACTERS] for key in ("kind", "text", "location"))
        if kind == "stub":
            return self._unfilled(location)
        if kind == "data":
            return ToldFault(text)
        if kind == "ours":
            return ToldFault(f"{self._question.folder / PARTS.get(location, PARTS['dataset'])}: {text}")
        explained = crashes.explanation(text, self._question.id, self._files(), is_training)
        if kind == "missing":
            return CheckFailed(f"{text}. {explained}" if explained else text)
        if stub := self._stub_behind(text, target):
            return NotImplementedYet(stub)
        return StudentCrashed(f"{text}\n{explained}" if explained else text)

    def why_out_of_memory(self) -> str:
        """A sentence about why memory ran out; "" if nothing is sure."""
        return crashes.memory(self._files())

    def _missing(self, imported: set[str]) -> set[str]:
        """Those of some modules that are student files of the project, and that the student's folder lacks."""
        absent = {module for module in imported if self._source.is_absent(module)}
        if not absent:
            return absent  # the usual case reads no other question
        known = _files_of_questions()
        return {module for module in absent if modules.file_name(module) in known}

    def _is_of_2024(self, target: str) -> bool:
        """Whether a function is missing, or still a stub, and models.py has a method that stood for it in 2024."""
        module, name = modules.split(target)
        if module not in ("losses", "train") or self._source.is_written(self._question.names(target)):
            return False
        return self._source.has_form_of_2024(name)

    def _files(self) -> Iterator[SourceFile]:
        """The question's files, as far as they can be read."""
        for module in dict.fromkeys(modules.split(name)[0] for name in self._own_names()):
            with contextlib.suppress(CheckFailed):
                yield self._source.file(module)

    def _unfilled(self, location: str) -> CheckFailed:
        """What to say of a NotImplementedError that was raised at a location such as `loss (losses.py:9)`.

        The source tells the function's name, also that of one that a subclass or decorator renamed.
        """
        place = location.rpartition("(")[2]
        for target in self._own_names():
            for stub in self._source.stubs(target):
                if stub.rpartition("(")[2] == place:
                    return NotImplementedYet(stub)
            for left_over in self._source.left_over(target):
                if (described := self._source.described(target, left_over)).rpartition("(")[2] == place:
                    return CheckFailed(
                        f"{described} has code of its own, and then line {left_over.line} still says `raise "
                        "NotImplementedError`. Is the function finished? Then remove this line."
                    )
        return NotImplementedYet(location)

    def _stub_behind(self, crash: str, target: str) -> str:
        """The unfilled function whose None or empty tensor made other code crash; "" if there is none."""
        if not any(sign in crash for sign in SIGNS_OF_A_STUB):
            return ""
        found = self.stubs()
        if target:
            found += self._source.imported_stubs(modules.split(target)[0])
        return found[0] if found else ""

    def _own_names(self) -> list[str]:
        """The question's targets under all their names."""
        targets = [target for target in self._question.targets if not self._is_of_2024(target)]
        return [name for target in targets for name in self._question.names(target)]


@cache
def _files_of_questions() -> frozenset[str]:
    """The files that students write, of all questions."""
    return frozenset(modules.student_files(target for question in discover() for target in question.targets))
