"""What chargpt trains with: blocks of a text, losses, moves of Muon, learning rates."""

from __future__ import annotations

import pytest
import torch

from gpt import corpus, losses
from gpt.config import Config
from gpt.trainer import Blocks
from training.device import CPU
from training.muon import orthogonal
from training.optimizers import linear_decay


def test_what_is_validated_on_is_never_trained_on():
    text = corpus.from_text("ab" * 500 + "xy" * 50, "text", block_size=8)
    text_of_both = corpus.decode(text.train, text.characters) + corpus.decode(text.validation, text.characters)
    assert text_of_both == "ab" * 500 + "xy" * 50
    assert len(text.validation) == len(text_of_both) // 10


def test_batches_are_pieces_of_the_text():
    ids = torch.arange(500)
    inputs, targets = next(Blocks(ids, Config(block_size=8, batch_size=16), CPU))
    assert inputs.shape == (16, 8)
    assert torch.equal(inputs - inputs[:, :1], torch.arange(8).expand(16, 8))
    assert torch.equal(targets, inputs + 1)


class Bigrams(torch.nn.Module):
    """Scores that depend on the last character alone, so that the context of a block does not matter."""

    def __init__(self) -> None:
        super().__init__()
        self.table = torch.nn.Embedding(7, 7)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.table(ids)


@pytest.mark.parametrize("context", [True, False])
def test_the_loss_of_a_text_is_the_mean_over_its_characters(context):
    torch.manual_seed(0)
    model, ids = Bigrams(), torch.randint(7, (16 * 20 + 1,))
    found = losses.of_text(model, ids, 16, CPU, context)
    chances = model(ids[:-1]).log_softmax(1)[range(len(ids) - 1), ids[1:]]
    expected = -chances[8 if context else 0 :].mean().item()
    assert found == pytest.approx(expected, rel=1e-5)
    assert model.training


def test_muons_moves_are_nearly_orthogonal():
    matrices = torch.randn(3, 24, 16, generator=torch.Generator().manual_seed(0))
    singular_values = torch.linalg.svdvals(orthogonal(matrices))
    assert singular_values.min() > 0.4
    assert singular_values.max() < 1.3


def test_the_learning_rate_rises_and_falls_to_zero():
    factors = [linear_decay(step / 1000) for step in range(1001)]
    assert max(factors) > 0.99
    assert factors[0] == 0
    assert factors[-1] == 0
    assert factors[100:] == sorted(factors[100:], reverse=True)
