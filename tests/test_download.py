"""The downloader against servers that fail in the ways servers do, on 127.0.0.1 with small stand-in files."""

import contextlib
import gzip
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from data import download as downloader
from data.download import DownloadError, Patience, download, main
from data.mirrors import IDX_HEADERS, MNIST, Dataset, RemoteFile, combine_single, verify_single

CONTENTS = np.random.default_rng(0).bytes(300_000)  # several chunks
QUICK = Patience(stall_seconds=60, tries=2, pause_seconds=0.01)  # no server here is that slow on any machine

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers with `server.answer` and notes what was asked."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_GET(self) -> None:
        self.close_connection = True
        self.server.requests.append((self.path, self.headers.get("Range")))
        with contextlib.suppress(ConnectionError):
            self.server.answer(self)

    def log_message(self, format: str, *arguments: object) -> None:
        pass

    @property
    def start(self) -> int:
        """The first byte asked for."""
        asked = self.headers.get("Range")
        return int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0

    def send(self, body: bytes, status: int = 200, announced: int | None = None, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if announced is None else announced))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def send_range(self, contents: bytes, most: int | None = None) -> None:
        """What was asked for, breaking off after `most` bytes."""
        if self.start >= len(contents):
            self.send(b"", 416)
            return
        rest = contents[self.start :]
        status = 206 if self.start else 200
        place = f"bytes {self.start}-{len(contents) - 1}/{len(contents)}"
        self.send(rest[:most], status, announced=len(rest), Content_Range=place)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, answer: Answer) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.requests: list[tuple[str, str | None]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/files"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], Server]]:
    servers: list[Server] = []

    def start(answer: Answer) -> Server:
        server = Server(answer)
        servers.append(server)
        # A short poll: shutdown() waits for it.
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def stand_in(*mirrors: str, gzipped: bool = False) -> Dataset:
    """A dataset of one file `letters.bin` that holds CONTENTS, written to `letters.txt`."""
    name = "letters.bin.gz" if gzipped else "letters.bin"
    file = RemoteFile((name,), len(CONTENTS), hashlib.sha256(CONTENTS).hexdigest(), gzipped=gzipped)
    return Dataset("letters.txt", (file,), mirrors, combine_single, verify_single)


def whole(handler: Handler) -> None:
    handler.send_range(CONTENTS)


def test_a_file_is_fetched_whole_and_nothing_else_is_left(serve, tmp_path):
    server = serve(whole)
    path, fetched = download(stand_in(server.address), tmp_path / "new", patience=QUICK)
    assert fetched and path.read_bytes() == CONTENTS
    assert os.listdir(tmp_path / "new") == ["letters.txt"]


def test_a_file_that_is_there_and_right_is_not_asked_for(serve, tmp_path):
    server = serve(whole)
    (tmp_path / "letters.txt").write_bytes(CONTENTS)
    assert download(stand_in(server.address), tmp_path, patience=QUICK) == (tmp_path / "letters.txt", False)
    assert server.requests == []


def test_a_file_that_is_there_but_damaged_is_replaced(serve, tmp_path):
    (tmp_path / "letters.txt").write_bytes(CONTENTS[:-1])
    path, fetched = download(stand_in(serve(whole).address), tmp_path, patience=QUICK)
    assert fetched and path.read_bytes() == CONTENTS


def test_a_transfer_that_breaks_off_goes_on_where_it_stopped(serve, tmp_path):
    server = serve(lambda handler: handler.send_range(CONTENTS, most=100_000))
    path, _ = download(stand_in(server.address), tmp_path, patience=QUICK)
    assert path.read_bytes() == CONTENTS
    assert [asked for _, asked in server.requests] == [None, "bytes=100000-", "bytes=200000-"]


def test_a_server_that_always_breaks_off_at_the_same_place_is_given_up_and_the_part_kept(serve, tmp_path):
    # It ignores Range, so that every try starts again: without counting progress this would never end.
    server = serve(lambda handler: handler.send(CONTENTS[:50_000], announced=len(CONTENTS)))
    with pytest.raises(DownloadError, match="broke off after 50,000 of 300,000 bytes, 2 times in a row"):
        download(stand_in(server.address), tmp_path, patience=QUICK)
    assert (tmp_path / "letters.bin.part").read_bytes() == CONTENTS[:50_000]
    assert not (tmp_path / "letters.txt").exists()


def test_the_next_run_goes_on_from_the_part_of_the_last(serve, tmp_path):
    (tmp_path / "letters.bin.part").write_bytes(CONTENTS[:123_456])
    server = serve(whole)
    path, _ = download(stand_in(server.address), tmp_path, patience=QUICK)
    assert path.read_bytes() == CONTENTS
    assert server.requests == [("/files/letters.bin", "bytes=123456-")]


def test_a_server_that_ignores_range_sends_the_file_anew(serve, tmp_path):
    (tmp_path / "letters.bin.part").write_bytes(CONTENTS[:1000])
    path, _ = download(stand_in(serve(lambda handler: handler.send(CONTENTS)).address), tmp_path, patience=QUICK)
    assert path.read_bytes() == CONTENTS


def test_a_server_that_goes_on_at_another_place_is_not_believed(serve, tmp_path):
    (tmp_path / "letters.bin.part").write_bytes(CONTENTS[:1000])

    def elsewhere(handler: Handler) -> None:
        if handler.start:
            handler.send(CONTENTS[500:], 206, Content_Range=f"bytes 500-{len(CONTENTS) - 1}/{len(CONTENTS)}")
        else:
            handler.send(CONTENTS)

    path, _ = download(stand_in(serve(elsewhere).address), tmp_path, patience=QUICK)
    assert path.read_bytes() == CONTENTS


def test_wrong_bytes_lead_to_the_next_mirror_and_leave_nothing_behind(serve, tmp_path):
    wrong = serve(lambda handler: handler.send(b"<html>Please log in</html>"))
    right = serve(whole)
    path, _ = download(stand_in(wrong.address, right.address), tmp_path, patience=QUICK)
    assert path.read_bytes() == CONTENTS
    assert right.requests == [("/files/letters.bin", None)]  # nothing of the wrong bytes was built upon

    with pytest.raises(DownloadError, match="wrong checksum"):
        download(stand_in(wrong.address), tmp_path / "other", patience=QUICK)
    assert os.listdir(tmp_path / "other") == []


def test_a_damaged_part_is_thrown_away_and_the_mirror_asked_once_more(serve, tmp_path):
    (tmp_path / "letters.bin.part").write_bytes(b"not the beginning")
    server = serve(whole)
    path, _ = download(stand_in(server.address), tmp_path, patience=QUICK)
    assert path.read_bytes() == CONTENTS
    assert [asked for _, asked in server.requests] == ["bytes=17-", None]


@pytest.mark.parametrize("part", [CONTENTS, CONTENTS + b"and more"], ids=["whole", "too long"])
def test_a_part_with_nothing_beyond_it_is_taken_if_right_and_fetched_anew_if_not(serve, tmp_path, part):
    (tmp_path / "letters.bin.part").write_bytes(part)
    server = serve(whole)  # answers 416
    path, _ = download(stand_in(server.address), tmp_path, patience=QUICK)
    assert path.read_bytes() == CONTENTS
    assert len(server.requests) == (1 if part == CONTENTS else 2)


def test_an_endless_answer_is_cut_short(serve, tmp_path):
    sent = [0]

    def endless(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while sent[0] < 50_000_000:
            sent[0] += handler.wfile.write(bytes(100_000))

    with pytest.raises(DownloadError, match="wrong checksum"):
        download(stand_in(serve(endless).address), tmp_path, patience=QUICK)
    assert sent[0] < 50_000_000
    assert os.listdir(tmp_path) == []


def test_a_server_that_stalls_is_given_up_after_the_stall_timeout(serve, tmp_path):
    given_up = threading.Event()

    def stall(handler: Handler) -> None:
        handler.send(CONTENTS[:1000], announced=len(CONTENTS))
        given_up.wait()

    server, folder = serve(stall), tmp_path / "mirror"
    folder.mkdir()
    (folder / "letters.bin").write_bytes(CONTENTS)
    impatient = Patience(stall_seconds=0.3, tries=2, pause_seconds=0.01)
    path, _ = download(stand_in(server.address, folder.as_uri()), tmp_path, patience=impatient)
    given_up.set()
    assert path.read_bytes() == CONTENTS
    assert len(server.requests) >= impatient.tries


def test_a_server_that_is_busy_is_asked_again(serve, tmp_path):
    answers = [503, 200]
    server = serve(lambda handler: handler.send(CONTENTS if (status := answers.pop(0)) == 200 else b"", status))
    assert download(stand_in(server.address), tmp_path, patience=QUICK)[0].read_bytes() == CONTENTS


def test_a_missing_file_is_asked_for_once(serve, tmp_path):
    server = serve(lambda handler: handler.send(b"", 404))
    with pytest.raises(DownloadError, match="404"):
        download(stand_in(server.address), tmp_path, patience=QUICK)
    assert len(server.requests) == 1


def test_the_error_names_the_file_each_mirror_and_the_mend_in_one_paragraph(serve, tmp_path):
    missing = serve(lambda handler: handler.send(b"", 404)).address
    unreachable = "http://127.0.0.1:9/files"  # the discard port: nothing listens
    with pytest.raises(DownloadError) as failure:
        download(stand_in(missing, unreachable), tmp_path, patience=QUICK)
    text = str(failure.value)
    assert "\n" not in text
    assert f"{missing}/letters.bin: the server answered 404" in text
    assert f"{unreachable}/letters.bin: " in text
    assert f"fetch {missing}/letters.bin with a browser, save it as {tmp_path / 'letters.bin'}" in text


def test_a_file_saved_by_hand_as_the_error_says_is_used(tmp_path):
    (tmp_path / "letters.bin").write_bytes(CONTENTS)
    path, _ = download(stand_in("http://127.0.0.1:9/files"), tmp_path, patience=QUICK)
    assert path.read_bytes() == CONTENTS and os.listdir(tmp_path) == ["letters.txt"]


def test_a_packed_file_is_judged_by_its_contents(serve, tmp_path):
    packed = gzip.compress(CONTENTS, compresslevel=1)
    server = serve(lambda handler: handler.send_range(packed, most=200_000))
    dataset = stand_in(server.address, gzipped=True)
    assert download(dataset, tmp_path, patience=QUICK)[0].read_bytes() == CONTENTS

    (tmp_path / "letters.txt").unlink()
    with pytest.raises(DownloadError, match="wrong checksum"):
        download(stand_in(serve(lambda handler: handler.send(packed[:-9])).address, gzipped=True), tmp_path)


def test_an_own_source_is_tried_before_the_mirrors_and_may_be_a_folder(serve, tmp_path, capsys):
    folder = tmp_path / "copies with a space"
    folder.mkdir()
    (folder / "letters.bin").write_bytes(CONTENTS)
    server = serve(whole)
    table = {"letters": stand_in(server.address)}
    arguments = ["letters", "--from", str(folder), "--directory", str(tmp_path)]
    assert main(arguments, table) == 0
    assert (tmp_path / "letters.txt").read_bytes() == CONTENTS and server.requests == []
    assert (folder / "letters.bin").exists()
    assert main(arguments, table) == 0
    assert "already there" in capsys.readouterr().out


def test_exit_statuses_tell_what_could_not_be_fetched_from_what_was_asked_wrongly(tmp_path, capsys):
    table = {"letters": stand_in("http://127.0.0.1:9/files")}
    assert main(["--directory", str(tmp_path)], table) == 1
    assert "letters.bin" in capsys.readouterr().err
    for arguments in (["numbers"], ["letters", "--from", str(tmp_path / "nowhere")]):
        with pytest.raises(SystemExit) as stop:
            main(arguments, table)
        assert stop.value.code == 2


def test_an_interruption_keeps_the_part_and_says_so(serve, tmp_path, capsys, monkeypatch):
    read = downloader._next_chunk
    chunks = iter(range(10))

    def interrupted(response, patience):
        if next(chunks) == 2:
            raise KeyboardInterrupt
        return read(response, patience)

    monkeypatch.setattr(downloader, "_next_chunk", interrupted)
    assert main(["--directory", str(tmp_path)], {"letters": stand_in(serve(whole).address)}) == 130
    part = tmp_path / "letters.bin.part"
    assert f"data.download: interrupted. Kept {part}. Run the same command" in capsys.readouterr().err
    kept = part.read_bytes()
    assert 0 < len(kept) < len(CONTENTS) and CONTENTS.startswith(kept)


@pytest.fixture(scope="module")
def real_files() -> Path:
    folder = os.environ.get("NNPROJECT_DATA")
    if not folder or not (Path(folder) / "mnist.npz").is_file() or not (Path(folder) / "shakespeare.txt").is_file():
        pytest.skip("the real files are looked for in NNPROJECT_DATA, which is not set or lacks them")
    return Path(folder)


def test_the_official_digit_files_become_one_archive_of_the_same_digits(real_files, tmp_path):
    official = tmp_path / "official"
    official.mkdir()
    with np.load(real_files / "mnist.npz", allow_pickle=False) as real:
        originals = {name: real[name] for name in real.files}
    for file, (name, header) in zip(MNIST.files, IDX_HEADERS.items(), strict=True):
        packed = gzip.compress(header + originals[name].tobytes(), compresslevel=1)
        (official / file.names[0]).write_bytes(packed)
    assert main(["mnist", "--from", str(official), "--directory", str(tmp_path)]) == 0
    with np.load(tmp_path / "mnist.npz", allow_pickle=False) as converted:
        assert {name: array.shape for name, array in converted.items()} == {
            "train_images": (60000, 784),
            "train_labels": (60000,),
            "test_images": (10000, 784),
            "test_labels": (10000,),
        }
        for name, array in converted.items():
            assert array.dtype == np.uint8 and np.array_equal(array, originals[name])
    assert download(MNIST, tmp_path) == (tmp_path / "mnist.npz", False)


def test_the_complete_shakespeare_is_recognised(real_files, tmp_path):
    assert main(["shakespeare", "--from", str(real_files), "--directory", str(tmp_path)]) == 0
    assert (tmp_path / "shakespeare.txt").read_bytes() == (real_files / "shakespeare.txt").read_bytes()


def test_digits_that_differ_in_one_pixel_are_not_taken_for_the_real_ones(real_files):
    with np.load(real_files / "mnist.npz", allow_pickle=False) as real:
        images = real["test_images"].copy()
    file, header = MNIST.files[2], IDX_HEADERS["test_images"]
    assert file.recognises(header + images.tobytes())
    images[5000, 400] ^= 1
    assert not file.recognises(header + images.tobytes())


def test_training_digits_may_differ_from_the_checksum_only_in_pixels_of_the_faintest_level(real_files):
    # The official file has pixels of level 1; the copy that the checksum was taken from has 0 there.
    with np.load(real_files / "mnist.npz", allow_pickle=False) as real:
        images = real["train_images"].copy()
    file, header = MNIST.files[0], IDX_HEADERS["train_images"]
    images[0, :50] = 1
    assert file.recognises(header + images.tobytes())
    images[0, 0] = 2
    assert not file.recognises(header + images.tobytes())
