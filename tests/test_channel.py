"""The channel: what goes in comes out, and nothing that comes in can harm."""

from __future__ import annotations

import contextlib
import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from grading.isolation import channel
from grading.isolation.channel import ChannelError, Handle, Opaque

arrays = hnp.arrays(
    st.sampled_from([np.dtype(name) for name in channel.DTYPES]), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0)
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False)
    | st.text()
    | arrays
    | st.builds(Handle, st.integers(0, 100))
    | st.builds(Opaque, st.text(max_size=20)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


def same(left: object, right: object) -> bool:
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
        return left.dtype == right.dtype and np.array_equal(left, right, equal_nan=left.dtype.kind == "f")
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return type(left) is type(right) and left == right


@given(values)
def test_every_value_comes_back_as_it_went(value):
    stream = io.BytesIO()
    channel.write(stream, value)
    stream.seek(0)
    assert same(channel.read(stream), value)
    assert stream.read() == b""


class OneByteAtATime(io.RawIOBase):
    """A raw stream, which may take a part of what it gets."""

    def __init__(self) -> None:
        self.taken = b""

    def writable(self) -> bool:
        return True

    def write(self, content: memoryview) -> int:  # type: ignore[override]
        self.taken += bytes(content[:1])
        return 1


def test_a_message_goes_whole_through_a_stream_that_takes_it_in_parts():
    stream = OneByteAtATime()
    channel.write(stream, {"op": "seed", "seed": 3})
    assert channel.read(io.BytesIO(stream.taken)) == {"op": "seed", "seed": 3}


@given(values, st.data())
def test_a_truncated_message_is_an_end_of_stream(value, data):
    frame = channel.encode(value)
    kept = data.draw(st.integers(0, len(frame) - 1))
    with pytest.raises(EOFError):
        channel.read(io.BytesIO(frame[:kept]))


@given(st.binary(max_size=400))
def test_random_bytes_are_refused_or_read_but_never_crash(noise):
    with contextlib.suppress(ChannelError, EOFError):
        channel.read(io.BytesIO(noise))


@given(values, st.data())
def test_a_message_with_flipped_bytes_is_refused_or_read_but_never_crashes(value, data):
    frame = bytearray(channel.encode(value))
    for _ in range(data.draw(st.integers(1, 4))):
        frame[data.draw(st.integers(8, len(frame) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ChannelError, EOFError):
        channel.read(io.BytesIO(frame))


def frame_of(header: object, body: bytes = b"") -> io.BytesIO:
    text = json.dumps(header).encode()
    content = len(text).to_bytes(4, "little") + text + body
    return io.BytesIO(len(content).to_bytes(8, "little") + content)


@pytest.mark.parametrize(
    "header",
    [
        {"value": {"array": 0}, "arrays": [["object", [1]]]},
        {"value": {"array": 0}, "arrays": [["float64", [2**62]]]},
        {"value": {"array": 0}, "arrays": [["float64", [-1]]]},
        {"value": {"array": 0}, "arrays": [["float64", [True]]]},
        {"value": {"array": 5}, "arrays": []},
        {"value": [{"array": 0}, {"array": 0}], "arrays": [["uint8", [0]]]},
        {"value": {"array": -1}, "arrays": [["uint8", [0]]]},
        {"value": {"array": 0, "handle": 1}, "arrays": []},
        {"value": {"pickle": "gASV"}, "arrays": []},
        {"value": 1},
        [1, 2],
    ],
)
def test_a_header_that_lies_is_refused(header):
    with pytest.raises(ChannelError):
        channel.read(frame_of(header))


def test_a_deeply_nested_header_is_refused():
    text = b'{"arrays": [], "value": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    content = len(text).to_bytes(4, "little") + text
    with pytest.raises(ChannelError):
        channel.read(io.BytesIO(len(content).to_bytes(8, "little") + content))


def test_an_enormous_length_takes_no_memory():
    with pytest.raises(ChannelError, match="bytes"):
        channel.read(io.BytesIO((2**60).to_bytes(8, "little") + b"x"))
    with pytest.raises(EOFError):
        channel.read(io.BytesIO((channel.MAX_MESSAGE_BYTES).to_bytes(8, "little") + b"x"))


def test_objects_cannot_be_sent():
    with pytest.raises(TypeError, match="object"):
        channel.encode(np.array([object()]))
    with pytest.raises(TypeError, match="set"):
        channel.encode({1, 2})
