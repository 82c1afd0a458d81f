"""YAML as text, lists and dictionaries, and nothing else: safe for a file that strangers had a part in."""

from __future__ import annotations

from collections import Counter
from typing import Any

import yaml

# Only the parser of this loader is used. The one in C is much faster on a class whose history is part of the file.
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
MAX_DEPTH = 100


def read(content: bytes, repeated: list[str] | None = None) -> Any:
    """The first document. Of several values for one key, the last counts.

    Every scalar stays the text that it is: a student named Null is no null, the number 0012345 keeps its zeros, and a
    tag such as !ruby/object makes no object. Nothing here is recursive: yaml's own loaders end the interpreter when a
    file is nested 200,000 deep.

    Args:
        content: of the file.
        repeated: is given the keys that the outermost mapping has several times.
    Raises:
        yaml.YAMLError: this is not YAML.
        ValueError: it is nested deeper than any export.
    """
    root: list[Any] = []
    open_lists: list[list[Any]] = [root]
    mappings: dict[int, dict[str, Any]] = {}  # by the depth at which they are open; their list holds keys and values
    anchors: dict[str, Any] = {}
    for event in yaml.parse(content, Loader=_LOADER):
        if isinstance(event, yaml.CollectionEndEvent):
            done = open_lists.pop()
            mapping = mappings.pop(len(open_lists), None)
            if mapping is not None:
                keys = list(map(_key, done[::2]))
                mapping.update(zip(keys, done[1::2], strict=True))
                if repeated is not None and len(open_lists) == 1:
                    repeated += [key for key, count in Counter(keys).items() if count > 1]
        elif isinstance(event, yaml.AliasEvent):
            open_lists[-1].append(anchors.get(event.anchor, ""))
        elif isinstance(event, yaml.NodeEvent):
            inside: list[Any] = []
            value: Any = event.value if isinstance(event, yaml.ScalarEvent) else inside
            if isinstance(event, yaml.MappingStartEvent):
                value = mappings[len(open_lists)] = {}
            open_lists[-1].append(value)
            if event.anchor:
                anchors[event.anchor] = value
            if isinstance(event, yaml.CollectionStartEvent):
                open_lists.append(inside)
            if len(open_lists) > MAX_DEPTH:
                raise ValueError("nested too deep")
    return root[0] if root else None


def _key(value: Any) -> str:
    return value if isinstance(value, str) else ""
