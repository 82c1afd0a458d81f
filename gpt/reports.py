"""What a run tells: losses and samples on the way, the summary at its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import log
from pathlib import Path

from torch import Tensor

from gpt import losses, plot
from gpt.corpus import Corpus
from gpt.writer import Writer
from startup import packages
from training.errors import UserError

SAMPLE_LENGTH, LAST_SAMPLE_LENGTH = 160, 500


@dataclass
class History:
    """What has happened so far, over all interruptions."""

    training: list[float] = field(default_factory=list)  # the loss of every step
    validation: list[tuple[int, float]] = field(default_factory=list)  # a step, the loss after it


@dataclass(frozen=True)
class Reports:
    """Looks at a model and writes what it sees.

    Attributes:
        corpus: the text.
        writer: lets the model write.
        prompt: what samples begin with.
        folder: where the loss curve goes.
        limit: the entropy of the text in nats per character, where it is known.
    """

    corpus: Corpus
    writer: Writer
    prompt: str
    folder: Path
    limit: float | None = None

    def on_the_way(self, step: int, loss: float, write: Callable[[str], None]) -> None:
        """Write the loss on a part of the held-out text, and a few lines of the model's own."""
        write(f"step {step}: validation loss {loss:.3f} (on a part of the held-out text)")
        write("    " + self.writer.write(self.prompt, SAMPLE_LENGTH).strip().replace("\n", "\n    "))

    def at_the_end(self, history: History, write: Callable[[str], None]) -> None:
        """Write a sample, where the loss curve is, and the losses; the last line is the validation loss.

        Where no loss curve can be drawn or kept, everything else is written all the same, and why.
        """
        write("\n" + self.writer.write(self.prompt, LAST_SAMPLE_LENGTH, seed=1) + "\n")
        picture = self.folder / "loss.png"
        try:
            plot.loss_curve(picture, history.training, history.validation, self.corpus.name, self.limit)
            write(f"loss curve: {picture}")
        except (UserError, packages.Unusable) as fault:
            write(f"no loss curve: {fault}")
        held_out = self.corpus.validation
        loss = self._loss(held_out)
        if self.limit is not None:
            ratio = f"the validation loss is {loss / self.limit:.2f} times as much"
            write(f"entropy of this text, which no model can go below: {in_both_units(self.limit)}; {ratio}")
        write(f"validation loss where every block starts without context: {in_both_units(self._loss(held_out, False))}")
        write(f"training loss {in_both_units(self._loss(self.corpus.train[: len(held_out)]))}")
        write(f"validation loss {in_both_units(loss)}")

    def _loss(self, ids: Tensor, context: bool = True) -> float:
        return losses.of_text(self.writer.model, ids, self.writer.block_size, self.writer.device, context)


def in_both_units(nats: float) -> str:
    """A loss per character in nats and in bits."""
    return f"{nats:.2f} nats/char ({nats / log(2):.2f} bits/char)"
