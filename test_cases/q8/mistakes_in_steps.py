"""What can go wrong with each part of question 8's `write_haiku`, as `steps.greedy` describes it.

`grading.checks.combinations` tries the wrong values of `WRITING`, alone and in pairs.
"""

from __future__ import annotations

from grading.checks.combinations import Computation, Part, Variant
from test_cases.q8.steps import NEW_FIRST, greedy

_TOGETHER = "Which operation of your code looks at the whole batch at once?"
WRITING = Computation(
    greedy,
    (
        Part(
            "start",
            (
                Variant("line 1", "The verse begins with line 1. Lines count from 0."),
                Variant(
                    "left of line 1",
                    "The first line gets the syllables of line 1. Lines count from 0.",
                    "Which entry of `form.lines` does `left` get before the loop?",
                ),
            ),
        ),
        Part(
            "read",
            (
                Variant(
                    "the prompt",
                    "Every step uses the logits that follow the prompt. A step should use the logits that follow the "
                    "last token written.",
                    "Does `model` get the prompt alone, or is the position of the logits fixed?",
                ),
                Variant(
                    "the last token",
                    "The model reads the last token alone. It should read the prompt and all tokens that were written.",
                ),
                Variant(
                    NEW_FIRST,
                    "New tokens come before the prompt. They should come after all tokens before them.",
                    "In which order does `cat` get its tensors?",
                ),
            ),
        ),
        Part(
            "scores",
            (
                Variant(
                    "first position",
                    "The logits of the first position are used in every step.",
                    "The logits of which position are for the next token?",
                ),
                Variant("mean", "The mean of the logits over all positions is used. Use the last position alone."),
            ),
        ),
        Part(
            "forbidden",
            (
                Variant(
                    "nothing",
                    "Forbidden tokens are drawn, too.",
                    "Are the logits of forbidden tokens set to minus infinity before the draw?",
                ),
                Variant(
                    "zero",
                    "Logits of forbidden tokens are 0. A forbidden token is then drawn where the allowed logits are "
                    "below 0. They should be minus infinity.",
                ),
                Variant("allowed tokens", "Allowed tokens are never drawn. The mask hides them and keeps the others."),
                Variant(
                    "once",
                    "The tokens allowed in the first step are allowed in every step. `left` and `line` change in each "
                    "step.",
                    "Is `allowed_tokens` called before the loop?",
                ),
            ),
        ),
        Part(
            "counters",
            (
                Variant(
                    "first row",
                    "`left` and `line` of the first verse decide what is allowed in every verse. Each verse has its "
                    "own.",
                ),
            ),
        ),
        Part(
            "broken",
            (
                Variant(
                    "any",
                    "When one verse ends its line, all verses of the batch go to the next line. Each verse "
                    "has lines of its own.",
                    _TOGETHER,
                ),
                Variant(
                    "all",
                    "No verse goes to the next line unless all verses end their line in the same step.",
                    _TOGETHER,
                ),
                Variant(
                    "all line",
                    "`line` stays until all verses of the batch end their line in the same step.",
                    _TOGETHER,
                ),
                Variant(
                    "any line",
                    "When one verse ends its line, `line` grows for all verses of the batch.",
                    _TOGETHER,
                ),
                Variant(
                    "any left",
                    "When one verse ends its line, `left` starts again for all verses of the batch.",
                    _TOGETHER,
                ),
            ),
        ),
        Part(
            "line_change",
            (
                Variant(
                    "no syllables left",
                    "A verse goes to the next line as soon as no syllables are left. It should first write a break or "
                    "`form.end`.",
                    "Which token ends a line?",
                ),
            ),
        ),
        Part(
            "next_left",
            (
                Variant(
                    "of the line before",
                    "Lines 1 and 2 have as many syllables as the line before them should have. Lines count from 0.",
                    "Is `left` looked up before or after `line` grows?",
                ),
                Variant(
                    "of the first line",
                    "Every line has as many syllables as the first line.",
                    "Which entry of `form.lines` does a new line get?",
                ),
            ),
        ),
        Part(
            "used",
            (
                Variant("words", "`left` falls by 1 for each word. It should fall by the syllables of the word."),
                Variant(
                    "token before",
                    "`left` falls by the syllables of the token before. It should fall by those of the token that was "
                    "just drawn.",
                ),
                Variant(
                    "most of the batch",
                    "`left` of every verse falls by the largest number of syllables in the batch. Each verse has its "
                    "own word.",
                ),
                Variant("nothing", "`left` does not fall. It should fall by the syllables of each word."),
            ),
        ),
        Part(
            "drawn",
            (
                Variant(
                    "first row",
                    "Every verse gets the tokens of the first verse. Each row of the batch needs its own token.",
                ),
            ),
        ),
        Part(
            "filling",
            (
                Variant(
                    "any",
                    "A verse goes on after `form.end`. After `form.end` every token of the verse should be `form.pad`.",
                ),
            ),
        ),
        Part(
            "until",
            (
                Variant(
                    "one has ended",
                    "Writing stops when one verse of the batch has ended. It should stop when all verses have ended.",
                ),
            ),
        ),
        Part(
            "result",
            (
                Variant("prompts and verses", "The result begins with the prompt. Return the verse alone."),
                Variant(
                    "from the number of rows",
                    "The result begins at column `len(prompts)`, the number of rows. It should begin behind the "
                    "prompt.",
                    "Which size of `prompts` is the length of the prompt?",
                ),
                Variant("from the second token", "The first token of each verse is missing in the result."),
                Variant("without the last step", "The result lacks the tokens of the last step."),
                Variant(
                    "without the end",
                    "The verses end without `form.end`. `form.end` is the last token of a verse.",
                ),
            ),
        ),
    ),
)  # fmt: skip
