"""Messages between the grader and the student process: a JSON header and raw arrays, nothing that executes.

A frame is `length (8 bytes) | header length (4 bytes) | header (JSON) | array bytes ...`, lengths little-endian. The
header holds the value, with each array replaced by its index, and the type and shape of each array; each array is
padded to a multiple of 16 bytes. The reader believes nothing: sizes, types and shapes are checked before memory is
taken for them.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

MAX_MESSAGE_BYTES = 512 * 2**20
MAX_HEADER_BYTES = 2**20
MAX_REPLY_BYTES = 64 * 2**20  # of what a student process sends
MAX_ARRAY_BYTES = MAX_REPLY_BYTES - MAX_HEADER_BYTES  # of an array of its answers; a larger one is sent as Opaque
MAX_INT = 2**63  # larger ones arrive as Opaque: no array and no float of the grader could hold them
ALIGNMENT = 16  # every array starts at a multiple of this many bytes
DTYPES = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64")


class ChannelError(Exception):
    """The other side sent something that is not a message."""


@dataclass(frozen=True)
class Handle:
    """Stands for an object that stays in the student process."""

    number: int


@dataclass(frozen=True)
class Opaque:
    """Stands for a value that cannot cross; only the name of its type does."""

    type_name: str


def encode(value: Any) -> bytes:
    """Turn a value into a frame.

    Values are trees of None, bool, int, float, str, list, tuple, dict with str keys, ndarray, Handle and Opaque.

    Raises:
        TypeError: the tree holds anything else.
    """
    arrays: list[np.ndarray] = []
    tree = _flatten(value, arrays)
    header = json.dumps({"value": tree, "arrays": [[a.dtype.name, list(a.shape)] for a in arrays]}).encode()
    header += b" " * (-(4 + len(header)) % ALIGNMENT)
    body: list[Any] = [len(header).to_bytes(4, "little"), header]
    for array in arrays:
        body += [
            np.ascontiguousarray(array).reshape(-1).view(np.uint8).data,
            bytes(-array.nbytes % ALIGNMENT),
        ]
    length = sum(len(part) for part in body)
    return b"".join([length.to_bytes(8, "little"), *body])


def decode(frame: bytes | bytearray) -> Any:
    """Turn a frame's bytes (without the leading length) back into a value.

    Arrays share the frame's memory: they are writable if it is a bytearray.

    Raises:
        ChannelError: the bytes are not a frame.
    """
    view = memoryview(frame)
    header_length = int.from_bytes(view[:4], "little")
    if len(view) < 4 or header_length > min(MAX_HEADER_BYTES, len(view) - 4):
        raise ChannelError("a message's header does not fit")
    try:
        header = json.loads(bytes(view[4 : 4 + header_length]))
        tree, descriptions = header["value"], header["arrays"]
        arrays, offset = {}, 4 + header_length
        for number, (name, shape) in enumerate(descriptions):
            arrays[number], offset = _array(view, offset, name, shape)
        if offset != len(view):
            raise ChannelError("a message has bytes left over")
        return _unflatten(tree, arrays)
    except (ValueError, KeyError, TypeError, IndexError, RecursionError, OverflowError, MemoryError) as error:
        raise ChannelError(f"not a message: {error}") from error


def read(stream: BinaryIO, limit_bytes: int = MAX_MESSAGE_BYTES) -> Any:
    """Read one message of at most `limit_bytes`; blocks.

    Raises:
        EOFError: the stream ended.
        ChannelError: what came is not a message.
    """
    length = int.from_bytes(_read_exactly(stream, 8), "little")
    if not 4 <= length <= limit_bytes:
        raise ChannelError(f"a message of {length} bytes")
    return decode(_read_exactly(stream, length))


def write(stream: BinaryIO, value: Any) -> None:
    """Write one message and flush it. A raw stream, such as a process's without a buffer, may take it in parts."""
    left = memoryview(encode(value))
    while left:
        left = left[stream.write(left) :]
    stream.flush()


def _read_exactly(stream: BinaryIO, count: int) -> bytearray:
    """Grow with what arrives, so that a lying length alone takes no memory."""
    received = bytearray()
    while len(received) < count:
        part = stream.read(min(count - len(received), 2**20))
        if not part:
            raise EOFError
        received += part
    return received


def _flatten(value: Any, arrays: list[np.ndarray]) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.ndarray):
        if value.dtype.name not in DTYPES:
            raise TypeError(f"arrays of {value.dtype} cannot be sent")
        arrays.append(value)
        return {"array": len(arrays) - 1}
    if isinstance(value, Handle):
        return {"handle": value.number}
    if isinstance(value, Opaque):
        return {"opaque": value.type_name}
    if isinstance(value, (list, tuple)):
        return [_flatten(item, arrays) for item in value]
    if isinstance(value, dict):
        return {"dict": {str(key): _flatten(item, arrays) for key, item in value.items()}}
    raise TypeError(f"a {type(value).__name__} cannot be sent")


def _unflatten(tree: Any, arrays: dict[int, np.ndarray]) -> Any:
    """The value of a tree; takes each array that it names out of `arrays`.

    A tree that names an array a thousand times would make the grader copy it a thousand times.
    """
    if isinstance(tree, list):
        return [_unflatten(item, arrays) for item in tree]
    if not isinstance(tree, dict):
        return Opaque("huge int") if type(tree) is int and abs(tree) > MAX_INT else tree
    if len(tree) != 1:
        raise ValueError("a tag with more than one name")
    ((tag, content),) = tree.items()
    if tag == "array" and type(content) is int:
        return arrays.pop(content)
    if tag == "handle" and type(content) is int:
        return Handle(content)
    if tag == "opaque" and isinstance(content, str):
        return Opaque(content[:100])
    if tag == "dict" and isinstance(content, dict):
        return {key: _unflatten(item, arrays) for key, item in content.items()}
    raise ValueError(f"unknown tag {tag!r}")


def _array(view: memoryview, offset: int, name: Any, shape: Any) -> tuple[np.ndarray, int]:
    if name not in DTYPES:
        raise ValueError(f"arrays of type {name!r} are not accepted")
    if not isinstance(shape, list) or len(shape) > 16 or not all(type(n) is int and n >= 0 for n in shape):
        raise ValueError("an array's shape is not a short list of sizes")
    dtype = np.dtype(name)
    end = offset + math.prod(shape) * dtype.itemsize
    if end > len(view):
        raise ValueError("an array is longer than its message")
    array = np.frombuffer(view[offset:end], dtype=dtype).reshape(shape)
    return array, end + -(end - offset) % ALIGNMENT
