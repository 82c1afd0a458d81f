"""What the source tells of a crash over tensors: a layer without a call, two results as one, a graph that is cut."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from grading.checks.source import SourceFile

FRAME = re.compile(r"^  at (?:[^\s(]+ \()?(?P<file>[\w/]+\.py):(?P<line>\d+)\)?: (?P<source>.*)$", re.MULTILINE)
LAYERS = {
    *("Linear", "Bilinear", "Embedding", "LayerNorm", "BatchNorm1d", "BatchNorm2d", "Dropout", "Flatten"),
    *("Conv1d", "Conv2d", "MaxPool2d", "AvgPool2d", "ReLU", "LeakyReLU", "GELU", "Sigmoid", "Softmax", "LogSoftmax"),
    *("Tanh", "Sequential", "RNN", "GRU", "LSTM", "RNNCell", "GRUCell", "LSTMCell"),
}
OF_TENSORS = {  # attributes that tensors have and layers have not
    *("T", "mT", "shape", "size", "dim", "ndim", "dtype", "view", "reshape", "flatten", "squeeze", "unsqueeze"),
    *("transpose", "permute", "movedim", "item", "tolist", "numpy", "detach", "backward", "relu", "sigmoid", "tanh"),
    *("softmax", "log_softmax", "argmax", "sum", "mean", "exp", "log", "matmul", "masked_fill"),
}
FUNCTIONS = "(?:method|function|builtin_function_or_method)"
PAIRS = "max|min|median|mode|sort|topk|kthvalue|cummax|cummin"  # each returns values and indices
NO_GRAD = {"no_grad", "inference_mode"}
NO_NUMBERS = {"requires_grad_", "share_memory_"}  # what these change
MAX_LINES = 3  # that change something in place; more tell nothing
LAYER_NOT_CALLED = (
    "A {0} is a layer and not a tensor. A call, such as `layer(x)`, gives a tensor. Which layer is used without a call?"
)
TWO_RESULTS = (
    "`{0}` returned two tensors, the values and their indices. The code uses both as one tensor. Which of the two is "
    "meant?"
)
ONE_DIMENSION = "`{0}` takes one dimension. `a{0}` takes several."
FUNCTION_NOT_CALLED = "A function itself was used, not its result. Are the parentheses of a call missing?"
CIRCLE = "{0}:{1} and {2}:{3} lie in a circle of imports. Which of these lines is not needed?"
OF_MATH = "`{0}` is the function of the module math, which takes one number. torch has such a function for tensors."
MODEL_FOR_PARAMETERS = (
    "An optimizer gets the parameters of a model, not the model. Which method of a Module gives its parameters?"
)
NUMBER_IN_A_LOOP = (
    "A `for` loop goes over the elements of something. `{0}` is one number. Which function counts up to a number?"
)
LOSS_IS_A_NUMBER = (
    "`backward()` belongs to a tensor. The code calls it on a Python number, which has no graph. Is the loss made by "
    "`item()` or `float()`?"
)
NO_GPU = (
    "The code asks for a GPU, and torch can use none here. `torch.cuda.is_available()` tells whether torch can use "
    "one. Nothing in this project needs a GPU."
)
NUMPY_SUM = (
    "A numpy array was added to something else, such as a tensor. numpy records no gradient. Which line makes the "
    "array?"
)
NUMPY_ARRAY = "A numpy array stands where torch needs a tensor. numpy records no gradient. Which line makes the array?"
NUMPY_CUTS = (
    "numpy records no graph, so that no gradient passes numpy. `detach()` cuts the graph, too. Does this line belong "
    "to the computation of an output or a loss? If so, the line should use torch operations."
)
NEGATIVE_STEP = (
    "A slice of a tensor takes no negative step. `flip` reverses the order along a dimension. Which dimension of this "
    "tensor is meant?"
)
LOSS_CLASS = (
    "`{0}` is a class. {1}:{2} makes an object, with the tensors as its settings. The object computes a loss when the "
    "object is called. Which parentheses should hold the tensors?"
)
UNDER_NO_GRAD = (
    "{0}:{1} begins a part under `{2}`, and line {3} belongs to this part. `{2}` records no graph, so that "
    "`backward()` has nothing to go through."
)
IN_PLACE = (
    "A tensor was changed in place, and `backward()` needs its old numbers. `+=`, `x[...] = ...` and functions whose "
    "names end in `_` change a tensor in place."
)
AT_IMPORT = (
    "{0}:{1} stands outside of all functions. The grader imports the file, and this line runs then. Does this line "
    'belong under `if __name__ == "__main__":`?'
)
HEADLINES = {  # patterns of a headline that have one meaning
    r"^AttributeError: '(?:float|int)' object has no attribute 'backward'": LOSS_IS_A_NUMBER,
    r"Torch not compiled with CUDA enabled|Found no NVIDIA driver|No CUDA GPUs are available": NO_GPU,
    r"Concatenation operation is not implemented for NumPy arrays": NUMPY_SUM,
    r"must be Tensor, not numpy\.ndarray$": NUMPY_ARRAY,
    r"Can't call numpy\(\) on Tensor that requires grad": NUMPY_CUTS,
}
RUNS_AT_IMPORT = (ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.For, ast.While, ast.With, ast.If)


@dataclass(frozen=True)
class Frame:
    """A line of the student's in a traceback."""

    file: str
    line: int
    source: str


def frames(text: str) -> list[Frame]:
    """The frames of a traceback, the innermost first."""
    return [Frame(found["file"], int(found["line"]), found["source"]) for found in FRAME.finditer(text)]


def explanation(text: str, files: Iterable[SourceFile], is_training: bool) -> str:
    """A sentence about the tensors, layers or losses that a traceback is about; "" if nothing is sure.

    Args:
        text: the traceback, its headline first.
        files: the student files that may be the cause.
        is_training: whether it came out of a training function.
    """
    headline, files = text.partition("\n")[0], list(files)
    if "modified by an inplace operation" in headline:
        return _changed_in_place(files, is_training)
    if found := re.search(rf"torch\.return_types\.({PAIRS})\b", headline):
        return TWO_RESULTS.format(found[1])
    if found := re.search(r"\b(max|min)\(\) received an invalid .*- got \((?:dim=)?(?:tuple|list)", headline):
        return ONE_DIMENSION.format(found[1])
    for pattern, sentence in HEADLINES.items():
        if re.search(pattern, headline):
            return sentence
    if not (steps := frames(text)):
        return ""
    if re.match(rf"TypeError: .*(?:'{FUNCTIONS}'|, not {FUNCTIONS}$)", headline):
        return FUNCTION_NOT_CALLED
    if "circular import" in headline and len(steps) > 1:
        return CIRCLE.format(steps[0].file, steps[0].line, steps[1].file, steps[1].line)
    if "only one element tensors can be converted" in headline:
        return _of_math(steps[0], files)
    if found := re.search(r"'(\w+)' object is not iterable", headline):
        return _not_iterable(found[1], steps[0], files)
    if "step must be greater than zero" in headline and re.search(r":\s*-\s*\d+\s*[\],]", steps[0].source):
        return NEGATIVE_STEP
    if "does not require grad and does not have a grad_fn" in headline:
        return next(filter(None, (_under_no_grad(step, files) for step in steps)), "")
    if "Boolean value of Tensor" in headline:
        return _loss_class(steps[0], files)
    return _layer_not_called(headline, files)


def at_import(text: str, files: Iterable[SourceFile]) -> str:
    """Whether the outermost line of a traceback runs when the file is imported, and defines nothing; else ""."""
    steps = frames(text)
    if not steps or "more frames" in text or f"\n  at {steps[-1].file}:{steps[-1].line}: " not in text:
        return ""
    for file in files:
        for node in file.tree.body if file.name == steps[-1].file else []:
            if isinstance(node, RUNS_AT_IMPORT) and node.lineno <= steps[-1].line <= (node.end_lineno or node.lineno):
                return AT_IMPORT.format(file.name, node.lineno)
    return ""


def _not_iterable(kind: str, step: Frame, files: Iterable[SourceFile]) -> str:
    """Whether a model stands for its parameters, or a number for what a loop goes over."""
    for node in _nodes(step, files):
        if kind == "int" and isinstance(node, ast.For) and node.lineno == step.line and isinstance(node.iter, ast.Name):
            return NUMBER_IN_A_LOOP.format(node.iter.id)
    classes = [node for file in files for node in file.tree.body if isinstance(node, ast.ClassDef)]
    is_model = any(node.name == kind and "Module" in " ".join(map(ast.unparse, node.bases)) for node in classes)
    return MODEL_FOR_PARAMETERS if is_model and re.search(r"\b(?:optim\.\w+|Adam\w*|SGD)\(", step.source) else ""


def _of_math(step: Frame, files: list[SourceFile]) -> str:
    """Whether the line calls a function of the module math, which takes no tensor of several numbers."""
    imported = {
        alias.asname or alias.name
        for node in _nodes(step, files)
        if isinstance(node, ast.ImportFrom) and node.module == "math"
        for alias in node.names
    }
    for node in _nodes(step, files):
        if isinstance(node, ast.Call) and node.lineno == step.line:
            name = ast.unparse(node.func)
            if name.startswith("math.") or name in imported:
                return OF_MATH.format(name)
    return ""


def _layer_not_called(headline: str, files: Iterable[SourceFile]) -> str:
    """Whether a layer of torch stands where a tensor belongs."""
    names = re.findall(r"must be Tensor, not (\w+)$", headline)
    if "unsupported operand type(s)" in headline:
        names += re.findall(r"'(\w+)'", headline)
    if (missing := re.search(r"'(\w+)' object has no attribute '(\w+)'", headline)) and missing[2] in OF_TENSORS:
        names.append(missing[1])
    own = {node.name for file in files for node in file.tree.body if isinstance(node, ast.ClassDef)}
    layers = [name for name in names if name in LAYERS - own]
    return LAYER_NOT_CALLED.format(layers[0]) if layers else ""


def _loss_class(step: Frame, files: Iterable[SourceFile]) -> str:
    """Whether the line gives tensors to the class of a loss, such as `CrossEntropyLoss(scores, labels)`."""
    for node in _nodes(step, files):
        if isinstance(node, ast.Call) and node.lineno <= step.line <= (node.end_lineno or node.lineno):
            name = ast.unparse(node.func).rpartition(".")[2]
            if re.fullmatch(r"[A-Z]\w*Loss", name) and len(node.args) > 1:
                return LOSS_CLASS.format(name, step.file, step.line)
    return ""


def _under_no_grad(step: Frame, files: Iterable[SourceFile]) -> str:
    """Whether a line stands in a block, or in a function, for which torch records nothing."""
    for node in _nodes(step, files):
        if isinstance(node, ast.With):
            parts: list[ast.expr] = [item.context_expr for item in node.items]
        elif isinstance(node, ast.FunctionDef):
            parts = node.decorator_list
        else:
            continue
        if node.body[0].lineno <= step.line <= (node.end_lineno or 0):
            for part in parts:
                name = ast.unparse(part.func if isinstance(part, ast.Call) else part).rpartition(".")[2]
                if name in NO_GRAD:
                    return UNDER_NO_GRAD.format(step.file, part.lineno, name, step.line)
    return ""


def _changed_in_place(files: Iterable[SourceFile], is_training: bool) -> str:
    """What changes tensors in place, and the lines of `forward` that look like this, if they are few."""
    lines = [line for file in files for line in _in_place(file)]
    if not 0 < len(lines) <= MAX_LINES:
        return f"{IN_PLACE} Does `forward` use one of these, or does `step()` come before `backward()`?"
    such = "such a line" if len(lines) == 1 else "such lines"
    shown = f"{IN_PLACE} `forward` has {such}: {', '.join(lines)}."
    return f"{shown} Is this the cause, or does `step()` come before `backward()`?" if is_training else shown


def _in_place(file: SourceFile) -> Iterator[str]:
    """The operations of `forward` that change something in place: file and line, and the code."""
    for function in ast.walk(file.tree):
        if isinstance(function, ast.FunctionDef) and function.name == "forward":
            counters = set(_counters(function))
            for node in ast.walk(function):
                if isinstance(node, (ast.AugAssign, ast.Assign, ast.Call)) and _is_in_place(node, counters):
                    yield f"{file.name}:{node.lineno} (`{ast.unparse(node)}`)"


def _counters(function: ast.FunctionDef) -> Iterator[str]:
    """The names that a function begins with a constant, a list or the like: no tensors."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.value, (ast.Constant, ast.List, ast.Tuple, ast.Dict)):
            yield from map(ast.unparse, node.targets)


def _is_in_place(node: ast.AugAssign | ast.Assign | ast.Call, counters: set[str]) -> bool:
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        return name.endswith("_") and not name.endswith("__") and name not in NO_NUMBERS
    if isinstance(node, ast.Assign):
        return any(
            isinstance(target, ast.Subscript) and ast.unparse(target.value) not in counters for target in node.targets
        )
    return ast.unparse(node.target) not in counters


def _nodes(step: Frame, files: Iterable[SourceFile]) -> Iterator[ast.AST]:
    """The syntax tree of a frame's file, from its top to its leaves."""
    return (node for file in files if file.name == step.file for node in ast.walk(file.tree))
