"""Training steps, and all the state that makes the next step what it is."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import Linear, Module
from torch.nn.utils import clip_grad_norm_

from gpt import losses
from gpt.config import Config, learning_rate_factor
from gpt.device import Device
from gpt.muon import Muon
from gpt.parallel import Parallel

MAX_GRADIENT_NORM = 1.0  # a longer gradient is shortened to this norm: one strange batch must not undo many
ADAM_BETAS = (0.9, 0.99)


class Trainer:
    """Trains a model on a text.

    Batches are cut from one tensor of ids at places that a generator draws, so the generator's state is the position
    in the data.

    Args:
        model: maps ids (batch, time) to logits (batch, time, vocabulary); already on the device.
        ids: int64 (count,), the training text.
        vocabulary: how many different characters there are.
        config: block_size, batch_size, learning rates and seed are used.
        device: where to compute.
        parallel: this process among its fellows.
    """

    def __init__(
        self,
        model: Module,
        ids: Tensor,
        vocabulary: int,
        config: Config,
        device: Device,
        parallel: Parallel | None = None,
    ) -> None:
        self.model = model
        self.config = config
        self.steps_done = 0
        self._parallel = parallel or Parallel()
        self._device = device
        self._ids = ids.to(device.torch_device)
        self._window = torch.arange(config.block_size + 1, device=device.torch_device)
        self._generator = torch.Generator().manual_seed(config.seed)
        self._optimizers = make_optimizers(model, vocabulary, config, device)
        self._forward = self._parallel.wrap(model, device.torch_device)
        if device.compiled:
            self._forward = _compiled_if_possible(self._forward, self._window[None, :-1] * 0)

    def batch(self) -> Tensor:
        """The next batch, over all processes: int64 (batch_size, block_size + 1), each row a piece of the text."""
        places = len(self._ids) - self.config.block_size
        starts = torch.randint(places, (self.config.batch_size, 1), generator=self._generator)
        return self._ids[starts.to(self._ids.device) + self._window]

    def step(self, progress: float, batch: Tensor | None = None) -> Tensor:
        """Take one step and return the loss before it, in nats per character, as a scalar on the device.

        Args:
            progress: the share of the run that is done, which sets the learning rate.
            batch: instead of the next one from the text.
        """
        rows = self._parallel.share(self.batch() if batch is None else batch)
        with self._device.precision():
            logits = self._forward(rows[:, :-1])
        loss = losses.of_blocks(logits, rows[:, 1:])
        loss.backward()
        clip_grad_norm_(self.model.parameters(), MAX_GRADIENT_NORM)
        for optimizer, highest in self._optimizers:
            for group in optimizer.param_groups:
                group["lr"] = highest * learning_rate_factor(progress)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.steps_done += 1
        return loss.detach()

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs for the next step to be the same to the last bit."""
        return {
            "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer, _ in self._optimizers],
            "data_position": self._generator.get_state(),
            "random": torch.get_rng_state(),
            "steps_done": self.steps_done,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a state, whose weights are already in the model."""
        for (optimizer, _), saved in zip(self._optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self._generator.set_state(state["data_position"])
        torch.set_rng_state(state["random"])
        self.steps_done = state["steps_done"]


def _compiled_if_possible(forward: Any, example: Tensor) -> Any:
    """The same function, compiled; as it is where this machine lacks what compiling needs. example: ids."""
    compiled = torch.compile(forward)
    try:
        with torch.no_grad():
            compiled(example)
    except (RuntimeError, ImportError, OSError):  # no compiler, no Triton, a GPU too old
        return forward
    return compiled


def make_optimizers(
    model: Module, vocabulary: int, config: Config, device: Device
) -> list[tuple[torch.optim.Optimizer, float]]:
    """Muon for the matrices between layers, AdamW for the rest; with each, its highest learning rate."""
    inner: list[Tensor] = [
        module.weight
        for module in model.modules()
        if isinstance(module, Linear) and vocabulary not in module.weight.shape
    ]
    chosen = {id(parameter) for parameter in inner}
    others = [parameter for parameter in model.parameters() if id(parameter) not in chosen]
    groups = [
        {"params": [parameter for parameter in others if parameter.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [parameter for parameter in others if parameter.ndim <= 1], "weight_decay": 0.0},
    ]
    fused = device.torch_device.type in ("cpu", "cuda")
    adam = torch.optim.AdamW(groups, lr=config.learning_rate, betas=ADAM_BETAS, fused=fused)
    found: list[tuple[torch.optim.Optimizer, float]] = [(adam, config.learning_rate)]
    if inner:
        dtype = torch.bfloat16 if device.bfloat16 else torch.float32
        muon = Muon(inner, config.matrix_learning_rate, weight_decay=config.weight_decay, dtype=dtype)
        found.append((muon, config.matrix_learning_rate))
    return found
