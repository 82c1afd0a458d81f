"""Fetch the real files: `python -m data.download [mnist] [shakespeare] [--from URL]...`

Everything runs on the built-in data; this is for those who want the real MNIST digits (`data/mnist.npz`, about 11 MB)
and the complete tiny Shakespeare (`data/shakespeare.txt`, about 1 MB). The files come from their public mirrors, or
first from wherever `--from` says: the address of a folder on a web server, or a folder on this machine.

A download that breaks off goes on where it stopped, in this run or the next (`*.part`); bytes are trusted only once
they have the known checksum; the finished file appears in one step. Where the data comes from: data/SOURCES.md.
"""

from __future__ import annotations

import argparse
import http.client
import os
import ssl
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tqdm import tqdm

from data.files import write_bytes
from data.mirrors import DATASETS, Dataset, RemoteFile
from startup import ending, flags

CHUNK_BYTES = 64 * 1024
USER_AGENT = "neural-networks-course-project"


class DownloadError(Exception):
    """A file could not be fetched; the text names it, what failed at each mirror, and what to do by hand."""


class _MirrorFailed(Exception):
    """This mirror is of no use for this file: on to the next one."""


class _BrokeOff(Exception):
    """The transfer stopped midway: worth going on from here."""


@dataclass(frozen=True)
class Patience:
    """How long to bear with a mirror: seconds without a byte, and tries in a row that bring nothing new."""

    stall_seconds: float = 20.0
    tries: int = 3
    pause_seconds: float = 1.0


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
    """Exit status 0 when all files are there, 1 if one could not be fetched, 2 for a usage error, 130 after Ctrl-C."""
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
    arguments = flags.parse(parser, argv)
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
        kept = f"Kept {', '.join(parts)}. Run the same command to go on from there." if parts else ""
        return ending.interrupted("data.download", kept)
    return status


if __name__ == "__main__":
    ending.run(main)
