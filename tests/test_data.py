"""The loaders: named splits that are disjoint, and faults named with the file."""

from __future__ import annotations

import contextlib
import gc
import threading
import types
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import data
from data import DataError, Library, digits, haiku, points, words


@pytest.fixture(scope="module")
def library():
    return Library()


def rows(array: np.ndarray) -> set[bytes]:
    return {row.tobytes() for row in array}


@pytest.mark.parametrize("name", ["digits", "easy_digits", "words"])
def test_splits_are_disjoint(library, name):
    splits = library.load(name)
    train, validation, test = rows(splits.train.x), rows(splits.validation.x), rows(splits.test.x)
    assert train.isdisjoint(validation)
    assert train.isdisjoint(test)
    assert validation.isdisjoint(test)


def test_digits_have_the_published_sizes(library):
    splits = library.load("digits")
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (60_000, 5_000, 5_000)
    assert splits.train.x.shape == (60_000, 784)
    assert splits.train.x.dtype == np.uint8


def test_validation_images_are_the_even_rows_and_test_images_the_odd_ones(library):
    with np.load(data.BUILT_IN_DIRECTORY / "digits.npz") as archive:
        images, labels = archive["test_images"], archive["test_labels"]
    splits = library.load("digits")
    assert np.array_equal(splits.validation.x, images[0::2])
    assert np.array_equal(splits.test.y, labels[1::2])


def test_easy_digits_are_few_balanced_and_of_five_classes(library):
    splits = library.load("easy_digits")
    for split, count in ((splits.train, 200), (splits.validation, 100), (splits.test, 300)):
        found, counts = np.unique(split.y, return_counts=True)
        assert found.tolist() == [0, 1, 4, 6, 7]
        assert counts.tolist() == [count // 5] * 5


def test_easy_training_images_are_training_images_and_easy_test_images_are_test_images(library):
    easy, full = library.load("easy_digits"), library.load("digits")
    assert rows(easy.train.x) | rows(easy.validation.x) <= rows(full.train.x)
    assert rows(easy.test.x) <= rows(full.test.x)


def test_points_are_separable_with_a_margin_on_every_seed():
    for seed in range(20):
        points = Library(seed=seed).load("points").train
        assert points.x.shape == (500, 3)
        assert np.all(points.x[:, 2] == 1)
        assert set(np.unique(points.y)) == {-1.0, 1.0}
        weights = np.zeros(3)
        for _ in range(3_000):  # Novikoff: at most (radius / margin)^2 mistakes, about 10,000
            wrong = np.flatnonzero((points.x @ weights) * points.y[:, 0] <= 0)
            if not wrong.size:
                break
            weights += points.y[wrong[0]] * points.x[wrong[0]]
        assert not wrong.size


def test_the_sine_covers_its_whole_interval():
    splits = Library().load("sine")
    for split in (splits.train, splits.test):
        assert split.x.min() == pytest.approx(-2 * np.pi)
        assert split.x.max() == pytest.approx(2 * np.pi)
        assert split.y == pytest.approx(np.sin(split.x), abs=1e-6)


def test_letters_last_moves_every_word_to_the_end_and_letters_first_undoes_it():
    stored = np.array([[3, 1, -1, -1], [5, -1, -1, -1], [1, 2, 3, 4]], np.int8)
    moved = words.letters_last(stored)
    assert moved.tolist() == [[-1, -1, 3, 1], [-1, -1, -1, 5], [1, 2, 3, 4]]
    assert np.array_equal(words.letters_first(moved), stored)


def test_a_word_is_one_hot_letters_behind_zeros():
    encoded = words.inputs(np.array([[-1, 0, 46]]))
    assert encoded.shape == (3, 1, 47)
    assert encoded.sum(axis=2).ravel().tolist() == [0, 1, 1]
    assert encoded[1, 0, 0] == encoded[2, 0, 46] == 1


def good_digits() -> dict[str, np.ndarray]:
    labels = np.repeat(np.arange(10), 130).astype(np.uint8)
    images = np.random.default_rng(0).integers(0, 256, (1300, 784), dtype=np.uint8)
    return {"train_images": images, "train_labels": labels, "test_images": images.copy(), "test_labels": labels.copy()}


@pytest.mark.parametrize(
    ("key", "change", "complaint"),
    [
        ("train_images", lambda a: a.astype(float), "train_images should be uint8, got float64"),
        ("train_images", lambda a: a[:, :700], r"train_images should be \(count, 784\), got \(1300, 700\)"),
        ("test_images", lambda a: a // 10, "test_images should reach up to 255, got at most 25"),
        ("test_labels", lambda a: a[:-1], r"test_labels should be \(1300,\), got \(1299,\)"),
        ("train_labels", lambda a: a + 1, "train_labels should hold 0 to 9"),
        ("train_labels", lambda a: a.astype(float), "train_labels should be integers"),
        ("test_labels", lambda a: np.where(np.arange(1300) < 1280, np.minimum(a, 8), 9), "at least 120 times, got 20"),
    ],
)
def test_a_wrong_digits_file_is_named_with_its_fault(tmp_path, key, change, complaint):
    arrays = good_digits()
    arrays[key] = change(arrays[key])
    np.savez(tmp_path / "mnist.npz", **arrays)
    with pytest.raises(DataError, match=rf"mnist.npz: .*{complaint}"):
        Library(tmp_path).load("digits")


def test_a_missing_member_is_named(tmp_path):
    arrays = good_digits()
    del arrays["test_labels"]
    np.savez(tmp_path / "digits.npz", **arrays)
    with pytest.raises(DataError, match="lacks test_labels"):
        Library(tmp_path).load("digits")


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 half an archive"])
def test_a_damaged_file_is_named_with_the_mend(tmp_path, content):
    (tmp_path / "mnist.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"mnist.npz: not a readable .npz file .*python -m data.download mnist"):
        Library(tmp_path).load("digits")


def test_a_file_with_flipped_bytes_is_refused(tmp_path):
    path = tmp_path / "mnist.npz"
    np.savez_compressed(path, **good_digits())
    content = bytearray(path.read_bytes())
    content[5000:5100] = bytes(100)
    path.write_bytes(content)
    with pytest.raises(DataError, match="not a readable"):
        Library(tmp_path).load("digits")


def test_a_pickle_in_an_archive_is_never_loaded(tmp_path):
    arrays = dict(good_digits(), train_labels=np.array([{"a": 1}], dtype=object))
    np.savez(tmp_path / "mnist.npz", allow_pickle=True, **arrays)
    with pytest.raises(DataError, match="not a readable"):
        Library(tmp_path).load("digits")


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("PRETRAINING", b"PK\x03\x04 half an archive", "not a readable archive"),
        ("PRETRAINING", None, "not a readable archive"),
        ("HANDWRITTEN", b"autumn | moon\none line\n", "1 lines follow the header"),
        ("HANDWRITTEN", b"# nothing else\n", "holds no haiku"),
        ("HANDWRITTEN", b"\xff\xfe", "not readable as text"),
        ("HANDWRITTEN", None, "not readable as text"),
    ],
)
def test_a_damaged_collection_of_haiku_is_named_with_the_remedy(tmp_path, name, content, complaint):
    path = tmp_path / getattr(haiku, name).name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=rf"{path.name}.*{complaint}.*download the project again"):
        haiku.read(path)


def test_an_archive_of_haiku_with_flipped_bytes_is_refused(tmp_path):
    content = bytearray(haiku.PRETRAINING.read_bytes())
    content[5000:5100] = bytes(100)
    path = tmp_path / haiku.PRETRAINING.name
    path.write_bytes(content)
    with pytest.raises(DataError, match="not a readable archive"):
        haiku.read(path)


@pytest.mark.parametrize(
    ("name", "read", "content", "complaint"),
    [
        ("THEMES", haiku.themes, b"# a remark\n", "holds no themes"),
        ("THEMES", haiku.themes, None, "not readable as text"),
        ("SYLLABLES", haiku.syllables, b"1: cat dog\nx: cloud\n", "syllables.txt:2: no number of syllables"),
        ("SYLLABLES", haiku.syllables, b"", "holds no words"),
        ("SYLLABLES", haiku.syllables, None, "not readable as text"),
    ],
)
def test_a_damaged_list_of_words_is_named_with_the_remedy(tmp_path, monkeypatch, name, read, content, complaint):
    path = tmp_path / getattr(haiku, name).name
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr(haiku, name, path)
    with pytest.raises(DataError, match=rf"{complaint}.*download the project again"):
        read.__wrapped__()  # what was read before is kept


def good_words() -> dict[str, np.ndarray]:
    with np.load(data.BUILT_IN_DIRECTORY / "lang_id.npz") as archive:
        return {key: archive[key] for key in archive.files}


@pytest.mark.parametrize(
    ("key", "change", "complaint"),
    [
        ("train_x", lambda a: a + 1, r"train_x should lie in -1\.\.46"),
        ("dev_x", lambda a: a[:, ::-1].copy(), "dev_x holds an empty word|dev_x has a gap"),
        ("test_y", lambda a: np.minimum(a, 3), "test_y should hold 0 to 4"),
        ("test_x", lambda a: a[:-1], "test_y should be"),
        ("chars", lambda a: a[:-1], "chars should hold 47 entries"),
    ],
)
def test_a_wrong_words_file_is_named_with_its_fault(tmp_path, key, change, complaint):
    arrays = good_words()
    arrays[key] = change(arrays[key])
    np.savez(tmp_path / "lang_id.npz", **arrays)
    with pytest.raises(DataError, match=complaint):
        Library(tmp_path).load("words")


def test_real_files_are_preferred_to_built_in_ones_and_named(real_data):
    library = Library(real_data)
    library.load("digits")
    library.load("words")
    assert library.sources() == [str(real_data / "mnist.npz"), str(real_data / "lang_id.npz")]


def test_built_in_data_says_so(library):
    library.load("digits")
    library.load("words")
    assert all("built-in" in source for source in library.sources())


def test_what_training_may_see_holds_no_test_split(library):
    for name in ("points", "sine", "digits", "easy_digits", "words"):
        splits = library.load(name)
        arrays = data.training_arrays(splits)
        assert not [key for key in arrays if "test" in key]
        sent = [value for value in arrays.values() if isinstance(value, np.ndarray)]
        if splits.test is not None:
            assert not any(np.shares_memory(array, splits.test.y) for array in sent)


def test_digit_inputs_are_fractions_of_ink():
    assert digits.inputs(np.array([0, 51, 255], np.uint8)) == pytest.approx([0, 0.2, 1])


def test_data_with_seed_is_of_another_seed_and_files_are_read_only_once():
    library = Library()
    other = library.with_seed(1)
    assert not np.array_equal(other.load("points").train.x, library.load("points").train.x)
    assert np.array_equal(other.load("points").train.x, Library(seed=1).load("points").train.x)
    assert other.load("words") is library.load("words")


def test_questions_that_ask_for_the_same_data_at_the_same_time_read_it_once(monkeypatch):
    both_ask, reads = threading.Barrier(2), []

    def load(source: data.DataSource) -> data.Splits:
        reads.append(source)
        with contextlib.suppress(threading.BrokenBarrierError):  # nobody else comes here
            both_ask.wait(timeout=0.2)
        return points.draw(source.seed)

    monkeypatch.setattr(data, "module_of", lambda name: types.SimpleNamespace(load=load))
    library = Library()
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(library.load, ["points", "points"])
    assert one is other and len(reads) == 1


def test_what_a_loader_does_not_choose_leaves_the_memory():
    library = Library()
    chosen = library.load("test_cases.e9.public.data")
    for split in (chosen.train, chosen.validation, chosen.test):
        for array in split.arrays.values():
            assert array.base is None or array.base.nbytes <= array.nbytes
    gc.collect()
    assert not library._lent
    every = library.load("digits")
    assert np.array_equal(every.train.x[: len(chosen.train)], chosen.train.x)
    assert library.lend("digits") is library.with_seed(1).lend("digits") is every


def test_each_dataset_has_a_hidden_file_of_its_own():
    names = ["data.digits", "data.words", "test_cases.e5.public.data", "test_cases.e11.public.molecules"]
    assert list(map(data.hidden_file, names)) == ["digits.npz", "words.npz", "e5-data.npz", "e11-molecules.npz"]
