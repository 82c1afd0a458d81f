"""Question 7's classic mistakes: recognised by their results on the stored cases, each with its explanation.

cases/block_mistakes.npz and cases/model_mistakes.npz hold the result of each mistake, by name. They are computed by
staff/build/gpt_mistakes.py. This file holds no computation of a block or a GPT, because students write it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from grading.checks import diagnosis
from grading.checks.diagnosis import Mistake

PAIR = "+"  # between the names of two mistakes that are made together
_QUESTION_6 = (
    "The six steps are right. The attention inside the block is wrong: {} Fix question 6 first: "
    "`python autograder.py -q q6`."
)
_LATER_POSITIONS = "positions attend to later positions."
BLOCK_EXPLANATIONS = {
    "first_sum_missing": "Step 2 is missing: the block's input is not added to the output of `attention`.",
    "second_sum_missing": (
        "Step 5 is missing: the output of `norm_1` is not added to the output of the relu. What does step 5 add?"
    ),
    "both_sums_missing": (
        "Steps 2 and 5 are missing: nothing is added to the output of `attention`, nor to the output of the relu."
    ),
    "second_sum_with_the_blocks_input": (
        "In step 5, your code adds the block's input. It should add the input of step 4, the output of `norm_1`."
    ),
    "second_sum_with_what_the_norm_got": (
        "In step 5, your code adds the input of `norm_1`. It should add the output of `norm_1`. Does one variable "
        "stand for both?"
    ),
    "norms_before_the_layers": (
        "`norm_1` comes before `attention`, and `norm_2` before `linear`. In this block each norm follows a sum."
    ),
    "norms_before_the_sums": (
        "Each norm comes before its sum. In this block each norm comes after its sum. Are steps 2 and 3, and steps 5 "
        "and 6, exchanged?"
    ),
    "first_norm_missing": "Step 3 is missing: the first sum does not pass through `norm_1`.",
    "second_norm_missing": "Step 6 is missing: the second sum does not pass through `norm_2`.",
    "both_norms_missing": "Steps 3 and 6 are missing: neither `norm_1` nor `norm_2` is used.",
    "first_norm_twice": "`norm_1` is used for steps 3 and 6. Step 6 is `norm_2`.",
    "second_norm_twice": "`norm_2` is used for steps 3 and 6. Step 3 is `norm_1`.",
    "norms_swapped": "The two norms are exchanged: step 3 uses `norm_2`, and step 6 uses `norm_1`.",
    "relu_missing": "The relu is missing: step 4 is the linear layer and then a relu.",
    "relu_after_the_second_sum": (
        "The relu comes after the second sum. Step 4 applies the relu to the output of `linear`, before the sum."
    ),
    "relu_of_the_attention": "A relu is applied to the output of `attention`. Only step 4 has a relu.",
    "attention_twice": "The output of `attention` passes through `attention` again. Step 1 calls `attention` once.",
    "norm_of_the_attention_input": (
        "The input passes through `norm_1` before `attention`. `norm_1` is used after the first sum only."
    ),
    "first_product": "The block's input is multiplied by the output of `attention`. Step 2 adds the two.",
    "input_added_twice": "The block's input is added twice in step 2. It should be added once.",
    "linear_layer_of_the_blocks_input": (
        "In step 4, `linear` gets the block's input. `linear` should get the output of `norm_1`."
    ),
    "linear_layer_of_the_attention": (
        "In step 4, `linear` gets the output of `attention`. `linear` should get the output of `norm_1`."
    ),
    "linear_layer_of_the_first_sum": (
        "In step 4, `linear` gets the first sum before `norm_1`. `linear` should get the output of `norm_1`."
    ),
    "linear_layer_twice": "The output of the relu passes through `linear` again. Step 4 is `linear` and then a relu.",
    "linear_layer_and_relu_twice": "`linear` and the relu are applied twice. Step 4 applies each of them once.",
    "sigmoid_for_the_relu": "A sigmoid takes the position of the relu in step 4.",
    "tanh_for_the_relu": "A tanh takes the position of the relu in step 4.",
    "softmax_for_the_relu": "A softmax takes the position of the relu in step 4.",
    "gelu_for_the_relu": "A gelu takes the position of the relu in step 4.",
    "absolute_value_for_the_relu": "The absolute value takes the position of the relu in step 4.",
    "relu_twice": "A relu is applied before and after `linear`. Step 4 has a relu after `linear` only.",
    "second_product": "The outputs of `norm_1` and of the relu are multiplied. Step 5 adds the two.",
    "second_sum_of_three": (
        "Step 5 adds the block's input, too. It should add the output of `norm_1` to the output of the relu, and "
        "nothing else."
    ),
    "second_sum_with_the_attention": (
        "Step 5 adds the output of `attention`. It should add the input of step 4, the output of `norm_1`."
    ),
    "second_sum_with_twice_the_norm": "The output of `norm_1` is added twice in step 5. It should be added once.",
    "input_added_at_the_end": "The block's input is added after `norm_2`. `norm_2` is the last step.",
    "relu_at_the_end": (
        "No output is below 0: a relu comes after `norm_2`. `norm_2` is the last step. Which step has the relu?"
    ),
    "relu_before_the_linear_layer": (
        "The relu comes before `linear`. Step 4 applies `linear` first, and the relu to the output of `linear`."
    ),
    "linear_layer_missing": "The relu is applied, but `linear` is not used. Step 4 needs both.",
    "attention_missing": "The output of `attention` has no effect.",
    "linear_layer_before_attention": (
        "The linear layer comes before the attention. The attention is step 1, and the linear layer is step 4."
    ),
    "attention_without_scale": _QUESTION_6.format("the scores are not divided by anything."),
    "attention_scaled_by_the_size": _QUESTION_6.format("the scores are divided by the layer size, not by its root."),
    "attention_scaled_by_the_time": _QUESTION_6.format(
        "the scores are divided by the root of the number of positions."
    ),
    "attention_without_mask": _QUESTION_6.format(_LATER_POSITIONS),
    "attention_with_the_mask_transposed": _QUESTION_6.format(_LATER_POSITIONS),
    "attention_with_the_mask_after_the_softmax": _QUESTION_6.format("the mask comes after the softmax."),
    "attention_with_zeros_for_a_mask": _QUESTION_6.format(_LATER_POSITIONS),
    "attention_with_another_softmax": _QUESTION_6.format("the softmax runs over the wrong dimension."),
    "attention_with_queries_and_keys_swapped": _QUESTION_6.format("queries and keys are exchanged."),
    "attention_without_values": _QUESTION_6.format("the weights multiply the input, not the values."),
}
WRONG_ATTENTION = (
    "The attention inside the block is wrong: with known weights, `AttentionBlock` alone gives another output than "
    "question 6 asks for. Fix question 6 first: `python autograder.py -q q6`."
)
ATTENTION_ON_WHOLE_BLOCKS = (
    "The block works for inputs of `block_size` positions. For shorter inputs it crashes. Does question 6 cut the "
    "mask to the number of positions? Run `python autograder.py -q q6`."
)
_ONE_BLOCK = "Only the {} block has an effect on the logits. Each block should get the output of the block before it."
_NO_BLOCK = "The blocks have no effect on the logits."
_LISTED = re.compile(r"(?:\w+\.)*?(\d+)\.")  # the number of a block in the name of one of its layers
_SAME_BLOCK = "Each pass of the loop uses the {} block. Which variable holds the current block?"
_FREE_LOGITS = "{} Logits are real numbers of any sign and size. What comes after `output` in `forward`?"
MODEL_EXPLANATIONS = {
    "only_the_first_block": _ONE_BLOCK.format("first"),
    "only_the_last_block": _ONE_BLOCK.format("last"),
    "first_block_for_all": _SAME_BLOCK.format("first"),
    "last_block_for_all": _SAME_BLOCK.format("last"),
    "blocks_backwards": "The blocks are called in reverse order. The first block of `self.blocks` comes first.",
    "blocks_missing": _NO_BLOCK,
    "sums_around_blocks": (
        "The input of each block is added to the output of the block. The sums are inside the blocks already."
    ),
    "norm_missing": "`norm` is missing: the output of the last block should pass through `norm`.",
    "norm_before_the_blocks": "`norm` comes before the blocks. `norm` belongs between the last block and `output`.",
    "norm_before_and_after_the_blocks": "`norm` is used before and after the blocks. `norm` belongs after them only.",
    "norm_after_every_block": (
        "`norm` is used inside the loop, after every block. `norm` should be used once, after the last block."
    ),
    "norm_of_the_last_block": (
        "The last norm is `norm_2` of a block. The output of the last block should pass through `self.norm` of the GPT."
    ),
    "tokens_again_at_every_block": (
        "The token embedding is added before every block. It should be added once, before the first block."
    ),
    "blocks_beside_each_other": (
        "Every block gets the embeddings, and the outputs are added. Each block should get the output of the block "
        "before it."
    ),
    "blocks_twice": "The blocks are called twice, one after the other. Each block should be called once.",
    "embeddings_added_after_the_blocks": (
        "The embeddings are added again after the blocks. The sums are inside the blocks already."
    ),
    "relu_of_the_embeddings": "The sum of the embeddings passes through a relu. The blocks should get the sum itself.",
    "relu_before_the_output_layer": (
        "A relu stands between `norm` and `output`. `output` should get the output of `norm` itself."
    ),
    "relu_after_every_block": "A relu follows each block. A block should get the output of the block before it.",
    "sigmoid_at_the_end": _FREE_LOGITS.format("The logits lie between 0 and 1: they pass through a sigmoid."),
    "tanh_at_the_end": _FREE_LOGITS.format("The logits lie between -1 and 1: they pass through a tanh."),
    "mean_over_time_at_the_end": (
        "All positions get the logits of the mean over time. Each position should keep a vector of its own."
    ),
    "last_position_for_all": "All positions get the logits of the last position. Each position needs its own.",
    "first_row_for_all": "All rows of the batch get the logits of row 0. Each row needs its own.",
    "relu_at_the_end": _FREE_LOGITS.format("No logit is below 0: the logits pass through a relu."),
    "softmax_at_the_end": _FREE_LOGITS.format("The logits of each position sum to 1: they pass through a softmax."),
    "log_softmax_at_the_end": (
        "The logits pass through a log-softmax. The loss computes the log-softmax itself. What comes after `output` in "
        "`forward`?"
    ),
    "softmax_over_time_at_the_end": _FREE_LOGITS.format("The logits pass through a softmax over the positions."),
    "tokens_vectors_for_the_output_layer": (
        "The logits are products with the token embedding. `output` from `__init__` is not used."
    ),
    "positions_missing": "The logits do not depend on the positions. The position embedding is not added.",
    "positions_backwards": (
        "The position embedding is added in reverse order. The first token should get row 0, the last token row time "
        "- 1."
    ),
    "first_position_for_all": (
        "Every token gets row 0 of the position embedding. The token at position i should get row i."
    ),
    "positions_of_the_end_of_the_block": (
        "The last token always gets the last row of the position embedding. The token at position i should get row i. "
        "At which number do your positions begin?"
    ),
    "positions_one_late": (
        "The position embedding is one position late. The token at position i gets row i - 1, and should get row i."
    ),
    "positions_by_the_rows": (
        "All tokens of row r of the batch get row r of the position embedding. The token at position i should get row "
        "i. Along which dimension do your positions count?"
    ),
    "position_of_the_last_for_all": (
        "Every token gets the position embedding of the last position. The token at position i should get row i."
    ),
    "positions_subtracted": "The position embedding is subtracted. It should be added.",
    "positions_twice": "The position embedding is added twice. It should be added once.",
    "positions_multiplied": "The token embedding is multiplied by the position embedding. The two should be added.",
    "positions_after_the_blocks": (
        "The position embedding is added after the blocks. The position embedding belongs before the first block."
    ),
    "positions_again_at_every_block": (
        "The position embedding is added before every block. It should be added once, before the first block."
    ),
    "tokens_missing": "The logits do not depend on the tokens. The token embedding is not added.",
    "tokens_times_the_root_of_the_width": (
        "The token embedding is multiplied by the square root of the width. The token embedding should be added as it "
        "is."
    ),
}
CRASHES = {
    'Module [ModuleList] is missing the required "forward" function': (
        "`self.blocks` is called like a layer. A ModuleList is a list of layers and cannot be called. What calls each "
        "layer of a list in turn?"
    ),
}
INDEX_OUT_OF_RANGE = "index out of range in self"
_NO_SUCH_ROW = "The {} embedding got the index {}. The {} embedding has {} rows, with the indices 0 to {}. {}"
BATCH_FOR_TIME = (
    "The GPT works for one text, and for as many texts as each text has characters. For other batches it crashes. Your "
    "code takes the number of texts (batch) for the number of characters (time)."
)
ONLY_WHOLE_BLOCKS = (
    "The GPT works for texts of `block_size` tokens. For shorter texts it crashes. Are the positions always 0 to "
    "block_size - 1, or 0 to time - 1?"
)


def called_attention(explanation: str, counts: Mapping[str, int]) -> str:
    """Whether an attention without effect is called; other explanations stay. Arguments as of `called_blocks`."""
    calls = [count for name, count in counts.items() if name.startswith("attention.")]
    if explanation != BLOCK_EXPLANATIONS["attention_missing"] or not calls:
        return explanation
    told = "`attention` is called, and its output is not used." if any(calls) else "`attention` is never called."
    return f"{explanation} {told}"


def called_blocks(explanation: str, counts: Mapping[str, int]) -> str:
    """What to ask about a GPT in which one block or no block has an effect; other explanations stay.

    Args:
        explanation: of `MODEL_EXPLANATIONS`.
        counts: calls by the name of the layer.
    """
    if explanation not in (_ONE_BLOCK.format("first"), _ONE_BLOCK.format("last"), _NO_BLOCK):
        return explanation
    calls: dict[int, int] = defaultdict(int)
    for name, count in counts.items():
        if found := _LISTED.match(name):
            calls[int(found[1])] += count
    if not calls:
        return explanation
    if explanation == _NO_BLOCK:
        told = (
            "The blocks are called, and their outputs are not used." if any(calls.values()) else "No block is called."
        )
        return f"{explanation} {told}"
    if not all(calls.values()):
        return f"{explanation} Some blocks are never called. Which blocks does your loop call?"
    return f"{explanation} Every block is called. Which tensor does each block get?"


def index_out_of_range(works: Callable[[int, int], bool], block_size: int, vocabulary: int) -> str:
    """Which embedding was asked for which row, told from the texts that crash.

    Args:
        works: whether the GPT works for a text of one token id, repeated: takes the id and the number of tokens.
        block_size, vocabulary: rows of the position embedding and of the token embedding; block_size is smaller.
    """
    if works(0, block_size - 1) and not works(0, block_size):
        rows, question = ("position", block_size), "Are the positions counted from 1?"
    elif works(block_size - 1, 1) and not works(block_size, 1):
        rows, question = ("position", block_size), f"{block_size} is a token id. Are token ids looked up as positions?"
    elif works(vocabulary - 2, 1) and not works(vocabulary - 1, 1):
        rows, question = ("token", vocabulary), "Is 1 added to the token ids?"
    else:
        return ""
    name, count = rows
    return _NO_SUCH_ROW.format(name, count, name, count, count - 1, question)


def block(found: object, wrong: Mapping[str, np.ndarray], tolerance: float) -> str:
    """The explanation of the one mistake, or of the one pair of mistakes, that gives what a block gave."""
    single, pairs = (
        {name: array for name, array in wrong.items() if (PAIR in name) == is_pair} for is_pair in (False, True)
    )
    return _explanation(found, single, BLOCK_EXPLANATIONS, tolerance) or _explanation(
        found, pairs, {name: _both(*name.split(PAIR)) for name in pairs}, tolerance
    )


def _both(one: str, other: str) -> str:
    """The facts of two mistakes, without their questions."""
    facts = [
        sentence
        for name in (one, other)
        for sentence in re.split(r"(?<=[.?])\s", BLOCK_EXPLANATIONS[name])
        if not sentence.endswith("?")
    ]
    return " ".join(["Two parts are wrong.", *facts])


def model(found: Sequence[Any], wrong: Mapping[str, np.ndarray], has_positions: bool, tolerance: float) -> str:
    """The explanation of the one mistake that gives the logits of a student's GPT, batch after batch."""
    if not all(isinstance(batch, np.ndarray) for batch in found):
        return ""
    suffix = "_without_positions"
    fitting = {
        name.removesuffix(suffix): array for name, array in wrong.items() if name.endswith(suffix) != has_positions
    }
    flat = np.concatenate([np.ravel(batch) for batch in found])
    return _explanation(flat, fitting, MODEL_EXPLANATIONS, tolerance)


def shape(found: Sequence[Any], ids: Sequence[np.ndarray], width: int, vocabulary: int) -> str:
    """The explanation of outputs of a shape that is not (batch, time, vocabulary).

    Args:
        found: the output of the student's GPT for each batch.
        ids: the batches, (batch, time), whose batch, time, `width` and `vocabulary` all differ.
    """
    explanations = {
        lambda batch, time: (batch, vocabulary): (
            "There is one row of logits for each text. Every position needs logits, because each predicts its next "
            "token."
        ),
        lambda batch, time: (batch, vocabulary, time): (
            "The dimensions of time and vocabulary are exchanged. The logits of a position belong in the last "
            "dimension."
        ),
        lambda batch, time: (batch, time, width): (
            f"The last dimension is n_embd = {width}, the width of the blocks. Which layer makes logits for the "
            "vocabulary?"
        ),
        lambda batch, time: (batch * time, vocabulary): (
            "The dimensions of batch and time are flattened into one. `get_loss` flattens them itself."
        ),
        lambda batch, time: (batch, time): (
            "There is one number for each position. Is an argmax or the loss computed in `forward`? Every position "
            "needs a logit for each token."
        ),
    }
    fitting = [
        explanation
        for expected, explanation in explanations.items()
        if all(getattr(batch, "shape", None) == expected(*each.shape) for batch, each in zip(found, ids, strict=True))
    ]
    return fitting[0] if len(fitting) == 1 else ""


def _explanation(
    found: object, wrong: Mapping[str, np.ndarray], explanations: Mapping[str, str], tolerance: float
) -> str:
    mistakes = [Mistake(partial(wrong.__getitem__, name), explanations[name]) for name in wrong]
    return diagnosis.recognised(mistakes, [((), found)], tolerance)
