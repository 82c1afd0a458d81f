"""What a run that goes on finds changed since its first part: what is refused, and what is only told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from gpt.config import Config
from gpt.corpus import Corpus
from training.device import Device
from training.errors import UserError

FIXED = ("block_size", "n_embd", "n_layer", "batch_size", "weight_decay", "seed")


def config_of(contents: Mapping[str, Any], given: Mapping[str, Any]) -> Config:
    """The configuration of a checkpoint, with the changes that flags ask for.

    contents: of the checkpoint, with its `path`. given: fields of the configuration.

    Raises:
        UserError: a flag asks for another architecture, say, than the checkpoint's.
    """
    config = Config.of(contents)
    for name in FIXED:
        if name in given and given[name] != getattr(config, name):
            raise UserError(
                f"{contents['path']} was trained with {name} = {getattr(config, name)}, not {given[name]}. "
                f"Leave out --{name.replace('_', '-')}, or train again without --resume."
            )
    if "minutes" in given and "steps" not in given:
        config = replace(config, steps=None)
    return replace(config, **given)


def require_same_text(contents: Mapping[str, Any], text: Corpus) -> None:
    """Refuse another text than the checkpoint's.

    Raises:
        UserError: the file has changed, or it is another one.
    """
    if contents["text_digest"] == text.digest:
        return
    path, name = contents["path"], contents["text_name"]
    if name == text.name:
        raise UserError(
            f"{name} has changed since {path} was trained on it. Restore the file, or train again without --resume."
        )
    raise UserError(
        f"{path} was trained on another text ({name}) than {text.name}. "
        "Name that text with --text, or train again without --resume."
    )


def changes(contents: Mapping[str, Any], config: Config, device: Device) -> list[str]:
    """Sentences about what is not as it was in the first part."""
    before, told = Config.of(contents), []
    for field in fields(Config):
        was, now = getattr(before, field.name), getattr(config, field.name)
        if was != now:
            told.append(f"{field.name} was {_value(was)} and is {_value(now)} now.")
    computed = contents.get("device", str(device))  # not in checkpoints of earlier versions
    if computed != str(device):
        told.append(
            f"The first part was computed on {computed}, this part on {device}. The weights will therefore differ "
            "slightly from those of a run without a stop."
        )
    return told


def _value(value: float | None) -> str:
    return "not given" if value is None else f"{value:g}"
