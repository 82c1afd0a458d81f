"""Fetch the real files: `python -m data.download [mnist] [shakespeare] [--from URL]...`

Everything runs on the built-in data; this is for those who want the real MNIST digits (`data/mnist.npz`, about 11 MB)
and the complete tiny Shakespeare (`data/shakespeare.txt`, about 1 MB). The files come from their public mirrors, or
first from wherever `--from` says: the address of a folder on a web server, or a folder on this machine.

A download that breaks off goes on where it stopped, in this run or the next (`*.part`); bytes are trusted only once
they have the known checksum; the finished file appears in one step. Where the data comes from: data/SOURCES.md.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import http.client
import io
import os
import ssl
import struct
import sys
import time
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from tqdm import tqdm

from data.files import write_bytes

CHUNK_BYTES = 64 * 1024
USER_AGENT = "neural-networks-course-project"


class DownloadError(Exception):
    """A file could not be fetched; the text names it, what failed at each mirror, and what to do by hand."""


class _MirrorFailed(Exception):
    """This mirror is of no use for this file: on to the next one."""


class _BrokeOff(Exception):
    """The transfer stopped midway: worth going on from here."""


@dataclass(frozen=True)
class RemoteFile:
    """One file as the mirrors hold it.

    names: what it is called there: the official name, then others that a folder given by hand may hold it under.
    payload_bytes, sha256: size and checksum of the contents, unpacked if `gzipped`. Of the contents because they are
        what matters, and a mirror may have packed them again.
    without_level_1: the checksum is of the contents with every byte 1 set to 0.
    """

    names: tuple[str, ...]
    payload_bytes: int
    sha256: str
    gzipped: bool = False
    without_level_1: bool = False

    def payload(self, stored: Path) -> bytes | None:
        """The contents, unpacked, of a file as fetched, or None if they are not what they should be."""
        try:
            with gzip.open(stored, "rb") if self.gzipped else stored.open("rb") as file:
                payload = file.read(self.payload_bytes + 1)
        except (OSError, EOFError, zlib.error):
            return None
        return payload if self.recognises(payload) else None

    def recognises(self, payload: bytes) -> bool:
        """Whether these are the file's contents, by size and checksum."""
        if len(payload) != self.payload_bytes:
            return False
        known = payload.replace(b"\x01", b"\x00") if self.without_level_1 else payload
        return hashlib.sha256(known).hexdigest() == self.sha256


@dataclass(frozen=True)
class Dataset:
    """Files that together make one file of `data/`.

    mirrors: addresses of folders. combine: makes the content of `target` of those of the files, in order.
    verify: whether an existing `target` holds those contents.
    """

    target: str
    files: tuple[RemoteFile, ...]
    mirrors: tuple[str, ...]
    combine: Callable[[Sequence[bytes]], bytes]
    verify: Callable[[Path, Sequence[RemoteFile]], bool]


@dataclass(frozen=True)
class Patience:
    """How long to bear with a mirror: seconds without a byte, and tries in a row that bring nothing new."""

    stall_seconds: float = 20.0
    tries: int = 3
    pause_seconds: float = 1.0


_IDX_HEADERS = {
    "train_images": struct.pack(">4i", 2051, 60000, 28, 28),
    "train_labels": struct.pack(">2i", 2049, 60000),
    "test_images": struct.pack(">4i", 2051, 10000, 28, 28),
    "test_labels": struct.pack(">2i", 2049, 10000),
}


def _combine_mnist(payloads: Sequence[bytes]) -> bytes:
    arrays = {}
    for (name, header), payload in zip(_IDX_HEADERS.items(), payloads, strict=True):
        flat = np.frombuffer(payload, np.uint8, offset=len(header))
        arrays[name] = flat.reshape(-1, 784) if name.endswith("images") else flat
    archive = io.BytesIO()
    np.savez_compressed(archive, **arrays)  # type: ignore[arg-type]
    return archive.getvalue()


def _verify_mnist(target: Path, files: Sequence[RemoteFile]) -> bool:
    try:
        with np.load(target, allow_pickle=False) as arrays:
            return all(
                arrays[name].dtype == np.uint8 and file.recognises(header + arrays[name].tobytes())
                for (name, header), file in zip(_IDX_HEADERS.items(), files, strict=True)
            )
    except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile, zlib.error):
        return False


def _combine_single(payloads: Sequence[bytes]) -> bytes:
    return payloads[0]


def _verify_single(target: Path, files: Sequence[RemoteFile]) -> bool:
    return files[0].payload(target) is not None


def _idx(name: str, payload_bytes: int, sha256: str, without_level_1: bool = False) -> RemoteFile:
    return RemoteFile((f"{name}.gz",), payload_bytes, sha256, gzipped=True, without_level_1=without_level_1)


MNIST = Dataset(
    "mnist.npz",
    (
        # Pinned from a copy in which 22,896 of the 47 million pixels, those of grey level 1, had become 0: with as many
        # ones added back, its mean and standard deviation are the published 0.13066048 and 0.30810780. So the two
        # levels count as one here.
        _idx(
            "train-images-idx3-ubyte",
            47_040_016,
            "b61ffb6f513fd9ff8d89824731f6b4ed7863c759c33056d701efb8412469fb04",
            without_level_1=True,
        ),
        _idx("train-labels-idx1-ubyte", 60_008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
        _idx("t10k-images-idx3-ubyte", 7_840_016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
        _idx("t10k-labels-idx1-ubyte", 10_008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
    ),
    (
        "https://ossci-datasets.s3.amazonaws.com/mnist",
        "https://storage.googleapis.com/cvdf-datasets/mnist",
        "http://yann.lecun.com/exdb/mnist",
    ),
    _combine_mnist,
    _verify_mnist,
)

SHAKESPEARE = Dataset(
    "shakespeare.txt",
    (
        RemoteFile(
            ("input.txt", "shakespeare.txt"),
            1_115_394,
            "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
        ),
    ),
    (
        "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare",
        "https://cdn.jsdelivr.net/gh/karpathy/char-rnn@master/data/tinyshakespeare",
    ),
    _combine_single,
    _verify_single,
)

DATASETS: Mapping[str, Dataset] = {"mnist": MNIST, "shakespeare": SHAKESPEARE}


def download(
    dataset: Dataset, directory: Path, sources: Sequence[str] = (), patience: Patience = Patience()
) -> tuple[Path, bool]:
    """Make sure that `directory` holds the dataset's file.

    Args:
        sources: addresses of folders to try before the dataset's mirrors, http, https or file.
    Returns:
        The file, and whether it had to be fetched.
    Raises:
        DownloadError: no mirror gave one of its files. What has been fetched so far stays for the next try.
        OSError: the disk is full, or the folder cannot be written to.
    """
    target = directory / dataset.target
    if target.is_file() and dataset.verify(target, dataset.files):
        return target, False
    directory.mkdir(parents=True, exist_ok=True)
    fetched = [_fetch(file, dataset, directory, sources, patience) for file in dataset.files]
    write_bytes(target, dataset.combine([payload for _, payload in fetched]))
    for stored, _ in fetched:
        stored.unlink(missing_ok=True)
    return target, True


def _fetch(
    file: RemoteFile, dataset: Dataset, directory: Path, sources: Sequence[str], patience: Patience
) -> tuple[Path, bytes]:
    """The fetched file and its contents, from an earlier run, from a hand that put it there, or from a mirror."""
    name = file.names[0]
    stored = directory / (name if name != dataset.target else f"{name}.fetched")
    if stored.is_file() and (payload := file.payload(stored)) is not None:
        return stored, payload
    part = directory / f"{name}.part"
    urls = [f"{source.rstrip('/')}/{called}" for source in sources for called in file.names]
    urls += [f"{mirror}/{name}" for mirror in dataset.mirrors]
    failures = []
    for url in urls:
        try:
            payload = _fetch_from(url, part, file, patience)
        except _MirrorFailed as failure:
            failures.append(f"{url}: {failure}")
        else:
            os.replace(part, stored)
            return stored, payload
    by_hand = [url for url in urls if not url.startswith("file:")]
    raise DownloadError(
        f"{name} (for {directory / dataset.target}) could not be fetched. Tried "
        + "; ".join(failures)
        + ". "
        + (f"Check the connection and run this again, or fetch {by_hand[0]} with a browser, " if by_hand else "")
        + f"save it as {stored} as it is, and run this again; with the file in another folder, add --from FOLDER."
    )


def _fetch_from(url: str, part: Path, file: RemoteFile, patience: Patience) -> bytes:
    """Fetch `url` into `part`, going on with what is there. Returns the contents. Raises _MirrorFailed."""
    resumed_from_elsewhere = part.exists()
    fruitless = 0
    furthest = _size(part)
    while True:
        try:
            _transfer(url, part, file, patience)
        except _BrokeOff as stop:
            # Progress is counted from the furthest point ever reached: a server that always starts again and always
            # breaks off is given up, one that gives a little more each time is not.
            fruitless = fruitless + 1 if _size(part) <= furthest else 0
            furthest = max(furthest, _size(part))
            if fruitless >= patience.tries:
                raise _MirrorFailed(f"{stop}, {fruitless} times in a row") from stop
            time.sleep(patience.pause_seconds * fruitless)
            continue
        payload = file.payload(part)
        if payload is not None:
            return payload
        part.unlink(missing_ok=True)
        if not resumed_from_elsewhere:
            raise _MirrorFailed("sent another file (wrong checksum)")
        resumed_from_elsewhere = False  # the old part may have been at fault: once more from the start
        furthest = 0


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _transfer(url: str, part: Path, file: RemoteFile, patience: Patience) -> None:
    """One request, appended to `part`. Returns when the server has sent everything it announced."""
    start = _size(part)
    headers = {"User-Agent": USER_AGENT} | ({"Range": f"bytes={start}-"} if start else {})
    try:
        response = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=patience.stall_seconds)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416:  # nothing beyond our part: it is whole, or it is wrong. The checksum tells.
            return
        if error.code == 429 or error.code >= 500:
            raise _BrokeOff(f"the server answered {error.code} {error.reason}") from error
        raise _MirrorFailed(f"the server answered {error.code} {error.reason}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, TimeoutError):
            raise _BrokeOff(f"no answer for {patience.stall_seconds:g} seconds") from error
        if isinstance(reason, (ConnectionResetError, http.client.HTTPException)):
            raise _BrokeOff("the server closed the connection") from error
        raise _MirrorFailed(_why(reason)) from error
    with response:
        goes_on = getattr(response, "status", None) == 206
        if goes_on and not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            part.unlink()
            raise _BrokeOff("the server went on at another place than asked")
        announced = response.headers.get("Content-Length", "")
        first = start if goes_on else 0  # a server that ignores Range sends everything again
        end = first + int(announced) if announced.isdigit() else None
        with part.open("ab" if goes_on else "wb") as out:
            _copy(response, out, first, end, file, patience)


def _copy(
    response: IO[bytes], out: IO[bytes], first: int, end: int | None, file: RemoteFile, patience: Patience
) -> None:
    most = file.payload_bytes + CHUNK_BYTES  # packed files are smaller, and nothing endless may fill the disk
    bar = tqdm(total=end, initial=first, desc=file.names[0], unit="B", unit_scale=True, disable=None, leave=False)
    with bar:
        while chunk := _next_chunk(response, patience):
            out.write(chunk)
            bar.update(len(chunk))
            first += len(chunk)
            if first > most:
                return  # the checksum will refuse it
    if end is not None and first < end:
        raise _BrokeOff(f"the server broke off after {first:,} of {end:,} bytes")


def _next_chunk(response: IO[bytes], patience: Patience) -> bytes:
    try:
        return response.read1(CHUNK_BYTES)  # type: ignore[attr-defined]
    except TimeoutError as error:
        raise _BrokeOff(f"the server sent nothing for {patience.stall_seconds:g} seconds") from error
    except (OSError, http.client.HTTPException) as error:
        raise _BrokeOff("the server broke off") from error


def _why(reason: object) -> str:
    if isinstance(reason, ssl.SSLCertVerificationError):
        return (
            "its certificate could not be verified. macOS with Python from python.org: run 'Install "
            "Certificates.command' once, in the Python folder of Applications"
        )
    return str(reason).strip() or type(reason).__name__


def _source(text: str) -> str:
    """An address as given to `--from`, or the file: address of a folder."""
    if text.startswith(("http://", "https://", "file:")):
        return text
    folder = Path(text).expanduser()
    if not folder.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is neither an http, https or file address nor a folder")
    return folder.resolve().as_uri()


def main(argv: Sequence[str] | None = None, datasets: Mapping[str, Dataset] = DATASETS) -> int:
    """Exit status 0 when all files are there, 1 when one could not be fetched, 2 for a usage error."""
    parser = argparse.ArgumentParser(
        prog="python -m data.download", description="Fetch the real MNIST digits and the complete tiny Shakespeare."
    )
    parser.add_argument("datasets", nargs="*", metavar="dataset", help=f"{', '.join(datasets)} (default: all)")
    parser.add_argument(
        "--from",
        dest="sources",
        action="append",
        default=[],
        type=_source,
        metavar="URL",
        help="a folder, on the web or here, to try first; may be given several times",
    )
    parser.add_argument(
        "--directory", type=Path, default=Path(__file__).resolve().parent, help="where to put the files (default data/)"
    )
    arguments = parser.parse_args(argv)
    unknown = [name for name in arguments.datasets if name not in datasets]
    if unknown:
        parser.error(f"unknown dataset {unknown[0]!r}: choose from {', '.join(datasets)}")
    status = 0
    try:
        for name in dict.fromkeys(arguments.datasets or datasets):
            try:
                path, fetched = download(datasets[name], arguments.directory, arguments.sources)
                print(f"{path}: {'fetched' if fetched else 'already there, nothing to fetch'}")
            except DownloadError as error:
                print(error, file=sys.stderr)
                status = 1
            except OSError as error:
                print(f"{name}: could not write to {arguments.directory}: {error}", file=sys.stderr)
                status = 1
    except KeyboardInterrupt:
        parts = sorted(str(part) for part in arguments.directory.glob("*.part"))
        kept = f" Kept {', '.join(parts)}: run the same command to go on from there." if parts else ""
        print(f"\nStopped.{kept}", file=sys.stderr)
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
