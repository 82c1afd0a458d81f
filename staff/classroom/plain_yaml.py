"""YAML as text, lists and dictionaries, and nothing else: safe for a file that strangers had a part in."""

from __future__ import annotations

from typing import Any

import yaml

# Only the parser of this loader is used. The one in C is much faster on a class whose history is part of the file.
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
MAX_DEPTH = 100


def read(content: bytes) -> Any:
    """The first document.

    Every scalar stays the text that it is: a student named Null is no null, the number 0012345 keeps its zeros, and a
    tag such as !ruby/object makes no object. Nothing here is recursive: yaml's own loaders end the interpreter when a
    file is nested 200,000 deep.

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
                mapping.update((_key(key), value) for key, value in zip(done[::2], done[1::2], strict=True))
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
