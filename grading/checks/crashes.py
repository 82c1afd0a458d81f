"""What a sentence can explain of a crash in the student's code: seen in its traceback, and in the source behind it.

Explanations that only one check can give stand beside that check; see `grading.checks.diagnosis`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from grading.checks import crash_names, crash_tensors
from grading.checks.source import SourceFile

# methods of torch.nn.Module that the grader or torch itself calls; an attribute of such a name hides them
METHODS_OF_MODULE = {
    *("apply", "buffers", "children", "cpu", "cuda", "eval", "float", "forward", "load_state_dict", "modules"),
    *("named_modules", "named_parameters", "parameters", "requires_grad_", "state_dict", "to", "train", "type"),
    "zero_grad",
}
BATCHES = (
    'A batch is a dictionary: batch["x"] holds the features and batch["label"] what should come out. Is it taken apart '
    "as a pair, by a number, or by another key? A pair of names gets the dictionary's keys, which are strings."
)
TAKEN_APART = (
    r"KeyError: (?:\d+|'\w+')$",
    r"(?:must be Tensor, not|argument of type|not supported between instances of|unsupported operand type.*) ?'?str\b",
    r"'str' object has no attribute",
    r"'str' object is not callable",
    r"'dict' object has no attribute '\w+'",
    r"too many values to unpack|not enough values to unpack",
    r"expected .*Tensor.* but got str|Expected .* but got (?:type )?'?(?:str|dict)",
    r"argument 'input' .*not (?:str|dict)",
)
LAYERS_UNSEEN = (
    "The model has no parameters that torch knows of. torch finds layers and Parameters that are attributes of self. "
    "It does not look into a plain list, tuple or dictionary. Which containers does torch.nn have for layers?"
)
MODULE_FIRST = "super().__init__() prepares a Module. It has to run before the first layer is assigned to self."
PARAMETER_REPLACED = (
    "`{0}` is a Parameter. torch refuses to put a plain tensor in the position of a Parameter. The line above makes a "
    "new tensor. It should change the numbers of `{0}` in place."
)
MATRICES = "A matrix with {0} columns was multiplied by a matrix with {1} rows. The two numbers must be equal."
OF_A_LAYER = " `Linear(a, b)` takes rows of a numbers. Does a layer for {1} numbers get {0}?"
ONE_TRUTH = (
    "`if`, `while`, `and`, `or` and `not` need one truth value. This tensor has several. `where(condition, a, b)` "
    "chooses for each entry. `.all()` and `.any()` give one value for all."
)
NO_KEYBOARD = (
    "The grader runs this code in a process without a keyboard. There, breakpoint() and input() end at once. "
    "`python autograder.py -q {question} --in-process` lets both work."
)
COMPILED = (
    "torch.compile starts a compiler, which needs much more time and memory than these models do. Nothing here needs "
    "it: leave it out."
)


def explanation(text: str, question: str, files: Iterable[SourceFile], is_training: bool) -> str:
    """What a traceback tells beyond its last line, and whether importing the file led there; "" if nothing is sure.

    Args:
        text: the traceback, its headline first; or what is missing.
        question: the id, for commands.
        files: the student files that may be the cause.
        is_training: whether it came out of a training function.
    """
    files = list(files)
    told = _cause(text, question, files, is_training), crash_tensors.at_import(text, files)
    return " ".join(filter(None, told))


def _cause(text: str, question: str, files: list[SourceFile], is_training: bool) -> str:
    headline, _, frames = text.partition("\n")
    if re.search(r"BdbQuit|EOFError: EOF when reading a line", headline):
        return NO_KEYBOARD.format(question=question)
    if "optimizer got an empty parameter list" in headline:
        return LAYERS_UNSEEN
    if re.search(r"cannot assign (?:module|parameters?) before Module.__init__", headline):
        return MODULE_FIRST
    if replaced := re.search(r"cannot assign '[\w.]*Tensor' as parameter '(\w+)'", headline):
        return PARAMETER_REPLACED.format(replaced[1])
    if sentence := crash_tensors.explanation(text, files, is_training):
        return sentence
    if re.search(r"Boolean value of Tensor with more than one value is ambiguous", headline):
        return ONE_TRUTH
    if re.search(r"torch\._dynamo|torch\._inductor|InductorError|BackendCompilerFailed|CppCompileError", headline):
        return COMPILED
    if shapes := re.search(r"mat1 and mat2 shapes cannot be multiplied \(\d+x(\d+) and (\d+)x\d+\)", headline):
        is_product = re.search(r"@|\bmatmul\(|\bmm\(", frames.partition("\n")[0])
        return (MATRICES + OF_A_LAYER * (not is_product)).format(*shapes.groups())
    found = [find(headline, file) for file in files for find in (_no_module, _hidden)]
    if sentence := next(filter(None, found), "") or crash_names.explanation(text, files):
        return sentence
    place = frames.partition("\n")[0]
    is_shape = "unpack" in headline and (".size()" in place or ".shape" in place)
    is_batch = any(re.search(pattern, headline) for pattern in TAKEN_APART)
    return BATCHES if is_training and is_batch and not is_shape else ""


def memory(files: Iterable[SourceFile]) -> str:
    """Why memory may have run out, by the source; "" if nothing is sure."""
    return COMPILED if any(_compiles(file.tree) for file in files) else ""


def _no_module(headline: str, file: SourceFile) -> str:
    """Whether an object is used as a Module whose class has no base class."""
    missing = re.search(r"'?(\w+)'? (?:object is not callable|(?:object )?has no (?:attribute )?'?(\w+))", headline)
    if not missing or missing[2] not in {None, "__call__", *METHODS_OF_MODULE}:
        return ""
    for node in file.tree.body:
        if isinstance(node, ast.ClassDef) and node.name == missing[1] and not node.bases:
            return (
                f"The class {node.name} ({file.name}:{node.lineno}) is not based on torch's Module. What is missing in "
                "its first line?"
            )
    return ""


def _hidden(headline: str, file: SourceFile) -> str:
    """Whether a method of Module is hidden by an attribute of the same name, and something tried to call it."""
    if "object is not callable" not in headline:
        return ""
    for node in (node for node in ast.walk(file.tree) if isinstance(node, ast.Assign)):
        for target in node.targets:
            name = target.attr if isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self" else ""
            if name in METHODS_OF_MODULE:
                return (
                    f"{file.name}:{node.lineno} sets self.{name}. A Module has a method of this name, which is hidden "
                    "then. Give the attribute another name."
                )
    return ""


def _compiles(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.Attribute) and ast.unparse(node) == "torch.compile" for node in ast.walk(tree))
