"""Question 7's classic mistakes: told by what they give on the stored cases, and the explanation for each.

cases/block_mistakes.npz and cases/model_mistakes.npz hold what each mistake gives, by name (staff/build/gpt_mistakes.py
computes them). Here is no computation of a block or a GPT, right or wrong: that is the student's to write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from grading.checks import diagnosis
from grading.checks.diagnosis import Mistake

_WHICH_SUM = (
    "Steps 2 and 5 each add something to what a layer gave, so that nothing that came in is lost on the way. {} What "
    "went into that layer?"
)
_QUESTION_6 = (
    "The six steps are right, but the attention inside is not that of question 6{}: run the autograder with -q q6 and "
    "mend models.py first."
)
BLOCK_EXPLANATIONS = {
    "first_sum_missing": _WHICH_SUM.format("Here the sum after attention is missing."),
    "second_sum_missing": _WHICH_SUM.format("Here the sum after the linear layer is missing."),
    "both_sums_missing": _WHICH_SUM.format("Here both sums are missing."),
    "second_sum_with_the_blocks_input": (
        "The second sum adds the block's own input. Step 5 adds what went into step 4, and that has been through three "
        "steps by then."
    ),
    "second_sum_with_what_the_norm_got": (
        "The second sum adds what the first norm was given, not what it gave. Is one variable used for both?"
    ),
    "norms_before_the_layers": (
        "Each norm comes before its layer, as in later GPTs. In this block, as in the first GPT, it comes after the "
        "sum."
    ),
    "norms_before_the_sums": (
        "Each norm looks at what its layer gave alone, and the sum comes afterwards. Compare the order of steps 2 and "
        "3, and of 5 and 6."
    ),
    "first_norm_missing": "Step 3 is missing: nothing is normed between attention and the linear layer.",
    "second_norm_missing": "That is the output of step 5; step 6, the second norm, is missing.",
    "both_norms_missing": "Neither norm is used: steps 3 and 6 are missing.",
    "first_norm_twice": "Both norms are the same layer, norm_1; what is norm_2 for?",
    "second_norm_twice": "Both norms are the same layer, norm_2; what is norm_1 for?",
    "norms_swapped": "The two norms have changed places: norm_2 works where norm_1 should.",
    "relu_missing": "Nothing non-linear follows the linear layer; read step 4 to its end.",
    "relu_after_the_second_sum": (
        "The relu comes after the second sum, so it also cuts what was added. To whose numbers does step 4 apply it?"
    ),
    "relu_at_the_end": (
        "No output is below 0: there is an activation at the end of the block, after the second norm. What is the last "
        "of the six steps?"
    ),
    "relu_before_the_linear_layer": "The relu is applied to what goes into the linear layer. Read step 4 again: when?",
    "linear_layer_missing": "The relu is there, but the linear layer is not used. Read step 4 again.",
    "attention_missing": (
        "Positions do not look at one another: the attention is not used, or its result is thrown away."
    ),
    "linear_layer_before_attention": "The linear layer works before attention; compare steps 1 and 4.",
    "attention_without_scale": _QUESTION_6.format(" (its scores are not scaled)"),
    "attention_scaled_by_the_size": _QUESTION_6.format(" (its scores are scaled by the wrong number)"),
    "attention_scaled_by_the_time": _QUESTION_6.format(" (its scores are scaled by the wrong number)"),
    "attention_without_mask": _QUESTION_6.format(" (positions see what comes later)"),
    "attention_with_the_mask_transposed": _QUESTION_6.format(" (positions see what comes later)"),
    "attention_with_the_mask_after_the_softmax": _QUESTION_6.format(" (mask and softmax)"),
    "attention_with_zeros_for_a_mask": _QUESTION_6.format(" (positions see what comes later)"),
    "attention_with_another_softmax": _QUESTION_6.format(" (its softmax)"),
    "attention_with_queries_and_keys_swapped": _QUESTION_6.format(" (queries and keys)"),
    "attention_without_values": _QUESTION_6.format(" (what its weights mix)"),
}
ATTENTION_ON_WHOLE_BLOCKS = (
    "The block takes inputs as long as its block size, and only those. Shorter ones come, too: does question 6's mask "
    "fit them? Run the autograder with -q q6."
)
_ONE_BLOCK = (
    "Only the {} block has any effect on the logits. Every block should work on what the one before it gave: is a "
    "result overwritten, or thrown away?"
)
_SAME_BLOCK = "The {} block is used again in place of every other. What does the loop go over, and what does it call?"
_FREE_SCORES = "{} cross_entropy takes scores of any size and sign: what comes after the output layer?"
MODEL_EXPLANATIONS = {
    "only_the_first_block": _ONE_BLOCK.format("first"),
    "only_the_last_block": _ONE_BLOCK.format("last"),
    "first_block_for_all": _SAME_BLOCK.format("first"),
    "last_block_for_all": _SAME_BLOCK.format("last"),
    "blocks_backwards": "The blocks work in reverse, the last one first.",
    "blocks_missing": "The blocks have no effect: is what they give thrown away, or are they not called at all?",
    "sums_around_blocks": (
        "What goes into each block is added to what comes out of it. The sums are inside the blocks already."
    ),
    "norm_missing": "The norm after the last block is missing.",
    "norm_before_the_blocks": (
        "The norm comes before the blocks. What stands between the last block and the output layer?"
    ),
    "norm_before_and_after_the_blocks": "The norm is used twice, before the blocks as well as after them.",
    "norm_after_every_block": "The norm is used inside the loop, after every block. How often is it wanted?",
    "relu_at_the_end": _FREE_SCORES.format("No logit is below 0: an activation cuts them off."),
    "softmax_at_the_end": _FREE_SCORES.format("The logits of each position sum to 1: they went through a softmax."),
    "log_softmax_at_the_end": _FREE_SCORES.format(
        "The logits went through a log-softmax, which the loss brings itself."
    ),
    "softmax_over_time_at_the_end": _FREE_SCORES.format("The logits went through a softmax, and over time at that."),
    "tokens_vectors_for_the_output_layer": (
        "The tokens' embedding vectors are used to score tokens; the output layer made in __init__ is not."
    ),
    "positions_missing": "Those are the logits of a GPT that does not add the position embedding to the tokens'.",
    "positions_backwards": "The places are counted from the end. The first token should get the vector of place 0.",
    "first_position_for_all": "Every token gets the vector of place 0; each should get that of its own.",
    "positions_multiplied": "The tokens' vectors and those of their places are multiplied with one another, not added.",
    "positions_after_the_blocks": (
        "The places' vectors are added after the blocks, which then do not know where tokens are."
    ),
    "positions_again_at_every_block": (
        "The places' vectors are added again before each block; once, at the start, is meant."
    ),
    "tokens_missing": "Which tokens are read makes no difference: only the places' vectors are used.",
    "tokens_times_the_root_of_the_width": (
        "The tokens' vectors are multiplied by the root of the width, as in another paper. Here they are added as they "
        "are."
    ),
}
CRASHES = {
    "index out of range in self": (
        "An embedding was asked for a row that it does not have. Tokens' ids belong into the tokens' embedding, places "
        "into the places': is one taken for the other, or are places counted from 1?"
    ),
    'Module [ModuleList] is missing the required "forward" function': (
        "A ModuleList is a list of layers, not a layer: it cannot be called itself. What does one do with each of its "
        "layers?"
    ),
}
ONLY_WHOLE_BLOCKS = (
    "Texts as long as the block work, shorter ones do not. They come, too: are there vectors for the places of this "
    "text, or always for all places of a block?"
)


def block(found: object, wrong: Mapping[str, np.ndarray], tolerance: float) -> str:
    """The explanation of the one mistake that gives what a student's block gave."""
    return _explanation(found, wrong, BLOCK_EXPLANATIONS, tolerance)


def model(found: Sequence[Any], wrong: Mapping[str, np.ndarray], has_positions: bool, tolerance: float) -> str:
    """The explanation of the one mistake that gives what a student's GPT gave, batch after batch."""
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
        found: what the student's GPT gave for each batch.
        ids: the batches, (batch, time), whose batch, time, `width` and `vocabulary` all differ.
    """
    explanations = {
        lambda batch, time: (batch, vocabulary): (
            "One row of scores for each text: training wants scores at every position, so that each token is a lesson."
        ),
        lambda batch, time: (batch, vocabulary, time): (
            "Time and vocabulary have changed places: the scores should be along the last dimension."
        ),
        lambda batch, time: (batch, time, width): (
            "That is still as wide as the blocks. What makes scores for the vocabulary out of it?"
        ),
        lambda batch, time: (batch * time, vocabulary): (
            "Batch and time have been run together into one dimension. The loss does that itself, later."
        ),
        lambda batch, time: (batch, time): (
            "That is one number for each position, as argmax or a loss leaves behind; all scores are wanted."
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
