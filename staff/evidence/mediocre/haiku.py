"""The haiku functions of a mediocre but honest solution: loops over places and verses."""

import torch
from torch import Generator, Tensor, no_grad
from torch.nn import Module

from haiku_bot.vocabulary import Form


def encode_example(prompt: list[int], verse: list[int], length: int, pad: int) -> tuple[Tensor, Tensor, Tensor]:
    """Lay out a training example."""
    sequence = prompt + verse
    inputs, targets, mask = [], [], []
    for place in range(length):
        if place < len(sequence) - 1:
            inputs.append(sequence[place])
            targets.append(sequence[place + 1])
            mask.append(1.0 if place + 1 >= len(prompt) else 0.0)
        else:
            inputs.append(pad)
            targets.append(pad)
            mask.append(0.0)
    return torch.tensor(inputs), torch.tensor(targets), torch.tensor(mask)


def masked_loss(logits: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
    """Return the mean cross-entropy over the places that count."""
    log_chances = torch.log_softmax(logits, dim=-1)
    losses = -log_chances.gather(2, targets[:, :, None])[:, :, 0]  # (batch, time)
    return losses[mask > 0].mean()


def sample_next(logits: Tensor, temperature: float, top_k: int, generator: Generator) -> Tensor:
    """Draw a token for each row."""
    kept = min(top_k, logits.shape[1])
    smallest = torch.sort(logits, dim=1, descending=True).values[:, kept - 1]
    scores = logits / temperature
    scores[logits < smallest[:, None]] = float("-inf")
    return torch.multinomial(torch.softmax(scores, dim=1), 1, generator=generator).squeeze(1)


def allowed_tokens(left: Tensor, line: Tensor, form: Form) -> Tensor:
    """Say what may come next, verse by verse."""
    rows = []
    for lacking, number in zip(left.tolist(), line.tolist(), strict=True):
        if lacking > 0:
            fits = (form.syllables > 0) & (form.syllables < lacking)
            closes = (form.syllables == lacking) & form.may_end_line
            rows.append(fits | closes)
        elif number < len(form.lines) - 1:
            rows.append(form.breaks.clone())
        else:
            row = torch.zeros(len(form.syllables), dtype=torch.bool)
            row[form.end] = True
            rows.append(row)
    return torch.stack(rows)


@no_grad()
def write_haiku(
    model: Module, prompts: Tensor, form: Form, temperature: float, top_k: int, generator: Generator
) -> Tensor:
    """Write a verse for each prompt; those that have ended are filled up."""
    ids = prompts
    left = torch.tensor([form.lines[0]] * len(prompts))
    line = torch.zeros(len(prompts), dtype=torch.int64)
    ended = [False] * len(prompts)
    while not all(ended):
        logits = model(ids)[:, -1].clone()
        logits[~allowed_tokens(left, line, form)] = float("-inf")
        drawn = sample_next(logits, temperature, top_k, generator)
        for row in range(len(prompts)):
            if ended[row]:
                drawn[row] = form.pad
            elif drawn[row] == form.end:
                ended[row] = True
            elif left[row] == 0:
                line[row] += 1
                left[row] = form.lines[int(line[row])]
            else:
                left[row] -= form.syllables[drawn[row]]
        ids = torch.cat([ids, drawn[:, None]], dim=1)
    return ids[:, prompts.shape[1] :]
