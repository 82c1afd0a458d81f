"""Reproducible `.npz` archives: the same arrays give the same bytes, on any day and any machine.

`numpy.savez_compressed` stamps nothing today, but promises nothing either. Here every field of the zip that could
differ between two builds is set: the date (the earliest a zip can hold), the system, the permissions, the
compression level and the order of the members. One thing is outside our control: a Python linked against another
zlib (such as zlib-ng) may compress the same bytes differently, so `same_arrays` compares what is inside.
"""

import io
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from data.files import write_bytes

EARLIEST_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


def timeless_member(name: str, permissions: int = 0o100644) -> zipfile.ZipInfo:
    """A compressed member of a zip archive that tells neither the day nor the machine it was made on."""
    member = zipfile.ZipInfo(name, EARLIEST_ZIP_DATE)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.create_system = 3  # Unix, on Windows too
    member.external_attr = permissions << 16
    return member


def npz_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
    """The bytes of an archive that `numpy.load(..., allow_pickle=False)` reads back as `arrays`.

    Members keep the order of `arrays`. Raises ValueError for arrays that would need pickle (dtype object).
    """
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as members:
        for name, array in arrays.items():
            payload = io.BytesIO()
            np.lib.format.write_array(payload, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
            members.writestr(timeless_member(f"{name}.npy", 0o644), payload.getvalue(), compresslevel=9)
    return archive.getvalue()


def write_npz(path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray]) -> None:
    """Write `arrays` to `path` in one step: a reader finds the old file or the new one, never half a file.

    Missing parent folders are created. Raises ValueError for arrays of dtype object, OSError as writing does.
    """
    write_bytes(Path(path), npz_bytes(arrays), make_parents=True)


def same_arrays(path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray]) -> bool:
    """Whether the archive at `path` holds exactly `arrays`: names, order, dtypes, shapes and values."""
    with np.load(path, allow_pickle=False) as stored:
        if stored.files != list(arrays):
            return False
        return all(
            stored[name].dtype == array.dtype and np.array_equal(stored[name], array) for name, array in arrays.items()
        )
