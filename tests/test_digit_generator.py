"""The procedural digits: reproducible, normalised as MNIST is, balanced, and the same as the committed file."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from staff.build.digits import build
from staff.build.digits.contact_sheet import contact_sheet
from staff.build.digits.generate import BLOCK, Manner, generate, generate_block
from staff.build.digits.hand import Hand
from staff.build.digits.strokes import POINTS_PER_PATH, basis_of, natural_spline, paths
from staff.build.digits.styles import DIGITS

STYLES = [(digit, drawing) for digit, traits in enumerate(DIGITS) for drawing in traits.styles]


@pytest.fixture(scope="module")
def built_in() -> dict[str, np.ndarray]:
    with np.load(build.DEFAULT_OUTPUT, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


@pytest.fixture(scope="module")
def sample() -> tuple[np.ndarray, np.ndarray]:
    return generate(2 * BLOCK, seed=77)


def test_the_generator_still_makes_the_committed_file() -> None:
    # Bit for bit, but for what Difference.rounding_only grants other processors, and why.
    differences = build.sample_differences(build.DEFAULT_OUTPUT)
    assert len(differences) == 5
    assert all(difference.rounding_only() for difference in differences), differences


def test_the_file_has_the_keys_shapes_and_dtypes_of_mnist(built_in) -> None:
    assert {name: (array.shape, array.dtype) for name, array in built_in.items()} == {
        "train_images": ((60_000, 784), np.uint8),
        "train_labels": ((60_000,), np.uint8),
        "test_images": ((10_000, 784), np.uint8),
        "test_labels": ((10_000,), np.uint8),
    }


def test_the_file_is_small_enough_to_ship() -> None:
    assert build.DEFAULT_OUTPUT.stat().st_size <= 8_000_000


def test_every_class_is_equally_common_in_training_validation_and_test(built_in) -> None:
    assert set(np.bincount(built_in["train_labels"])) == {6000}
    assert set(np.bincount(built_in["test_labels"][0::2])) == {500}
    assert set(np.bincount(built_in["test_labels"][1::2])) == {500}


def test_no_image_of_the_file_appears_twice(built_in) -> None:
    images = {image.tobytes() for name in ("train_images", "test_images") for image in built_in[name]}
    assert len(images) == 70_000


def test_pixels_have_sixteen_grey_levels_and_reach_full_ink(built_in) -> None:
    images = built_in["test_images"]
    assert set(np.unique(images)) == set(range(0, 256, 17))
    assert (images.max(axis=1) >= 204).all()


def test_the_centre_of_mass_is_at_pixel_14_to_the_nearest_pixel(built_in) -> None:
    images = built_in["test_images"].reshape(-1, 28, 28).astype(np.float64)
    for axis in (1, 2):
        profile = images.sum(axis=axis)
        centres = profile @ np.arange(28) / profile.sum(axis=1)
        off = np.abs(centres - 14)
        assert (off <= 0.5 + 1e-9).mean() > 0.995  # the others would need a box that leaves the image
        assert off.max() <= 2


def test_the_larger_side_of_the_ink_is_20_pixels(built_in) -> None:
    inked = built_in["test_images"].reshape(-1, 28, 28) > 0

    def side(lines: np.ndarray) -> np.ndarray:
        return 28 - lines.argmax(axis=1) - lines[:, ::-1].argmax(axis=1)

    larger = np.maximum(side(inked.any(axis=1)), side(inked.any(axis=2)))
    assert larger.max() == 20  # the box cuts off what would stand out
    assert larger.min() >= 18  # a frayed end may fall short of the box
    assert (larger == 20).mean() > 0.98


def test_the_same_seed_gives_the_same_images_and_another_seed_or_split_others(sample) -> None:
    images, labels = sample
    again, labels_again = generate(2 * BLOCK, seed=77)
    assert np.array_equal(images, again) and np.array_equal(labels, labels_again)
    seen = {image.tobytes() for image in images}
    for others, _ in (generate(BLOCK, seed=78), generate(BLOCK, seed=77, split="test")):
        assert not seen & {image.tobytes() for image in others}


def test_a_block_can_be_made_without_the_blocks_before_it(sample) -> None:
    images, labels = generate_block(1, seed=77)
    assert np.array_equal(images, sample[0][BLOCK:]) and np.array_equal(labels, sample[1][BLOCK:])


def test_any_count_is_the_beginning_of_a_larger_one(sample) -> None:
    images, labels = generate(7, seed=77)
    assert np.array_equal(images, sample[0][:7]) and np.array_equal(labels, sample[1][:7])
    assert generate(0, seed=77)[0].shape == (0, 784)


def test_negative_counts_and_seeds_are_refused() -> None:
    with pytest.raises(ValueError, match="count -1"):
        generate(-1, seed=1)
    with pytest.raises(ValueError, match="seed -1"):
        generate(1, seed=-1)


def test_more_amplitude_changes_shapes_and_keeps_labels(sample) -> None:
    images, labels = generate(BLOCK, seed=77, manner=Manner(amplitude=1.5))
    assert np.array_equal(labels, sample[1][:BLOCK])
    assert (images != sample[0][:BLOCK]).any(axis=1).all()


@pytest.mark.parametrize(("digit", "drawing"), STYLES, ids=[f"{digit}-{drawing.__name__}" for digit, drawing in STYLES])
def test_every_style_draws_a_digit_of_a_reasonable_size(digit, drawing) -> None:
    lines, pen_down = paths(drawing, Hand(50, (digit, "style")), np.ones(50, np.float32))
    assert lines.shape == (50, POINTS_PER_PATH, 2) and np.isfinite(lines).all()
    heights = np.ptp(lines[..., 1], axis=1)
    assert (heights > 0.7).all() and (heights < 1.7).all()
    assert (pen_down == 0).sum() == len(basis_of(drawing).strokes) - 1


def test_no_style_is_too_rare_to_be_seen() -> None:
    assert len(DIGITS) == 10
    assert all(weight >= 0.01 for traits in DIGITS for weight in traits.styles.values())


@given(st.lists(st.floats(0.05, 1.0), min_size=1, max_size=8), st.floats(-3, 3), st.floats(-3, 3))
def test_a_spline_passes_through_its_points_and_keeps_straight_lines_straight(gaps, slope, start) -> None:
    knots = np.concatenate([[0.0], np.cumsum(gaps)])
    assert np.allclose(natural_spline(knots, knots), np.eye(len(knots)), atol=1e-8)
    at = np.linspace(0, knots[-1], 17)
    assert np.allclose(natural_spline(knots, at) @ (start + slope * knots), start + slope * at, atol=1e-8)


GOLDEN_BETWEEN = [3192748, 11397838, 16012567]
GOLDEN_BELL = [-0.540235, -0.532491, 0.595287]


def test_the_hand_gives_the_numbers_it_always_gave() -> None:
    # Golden values: a numpy whose PCG64 stream differed would change every image, and this says so first.
    hand = Hand(3, (1, "train", 0))
    assert np.array_equal(hand.between(0, 1) * 2**24, GOLDEN_BETWEEN)
    assert np.allclose(hand.bell(1.0), GOLDEN_BELL, atol=1e-6)


def test_the_bell_has_its_deviation_and_is_bounded() -> None:
    values = Hand(200_000, ("bell",)).bell(2.0)
    assert abs(values.mean()) < 0.02 and abs(values.std() - 2.0) < 0.02  # four standard errors
    assert np.abs(values).max() <= 2.0 * 3.47


def test_building_twice_gives_the_same_bytes_and_the_check_agrees(tmp_path, capsys) -> None:
    first, second = tmp_path / "first.npz", tmp_path / "second.npz"
    for path in (first, second):
        assert build.main(["--seed", "5", "--train", str(BLOCK), "--test", str(BLOCK), "--output", str(path)]) == 0
    assert first.read_bytes() == second.read_bytes()
    assert all(difference.identical() for difference in build.sample_differences(first, seed=5))
    assert build.main(["--seed", "5", "--output", str(first), "--check"]) == 0
    assert build.main(["--seed", "6", "--output", str(first), "--check"]) == 1
    assert "seed 6" in capsys.readouterr().err


def test_a_contact_sheet_shows_sixty_images_of_each_digit(sample) -> None:
    images, labels = sample
    assert contact_sheet(images, labels, scale=1).shape == (20 * 28, 30 * 28)
    with pytest.raises(ValueError, match="digit 0"):
        contact_sheet(images[:100], labels[:100])


def test_a_linear_reader_of_the_built_in_digits_reads_the_real_ones(built_in, real_data) -> None:
    # The quickest sign that the digits look like people's: measured 88.6 percent after one epoch; chance is 10.
    torch = pytest.importorskip("torch")
    from staff.build.digits.quality import accuracy, as_tensors, train

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # a batch of 128 is too little work to share
    try:
        model = train("linear", *as_tensors(built_in["train_images"], built_in["train_labels"]), epochs=1)
    finally:
        torch.set_num_threads(threads)
    with np.load(real_data / "mnist.npz", allow_pickle=False) as file:
        reading = accuracy(model, *as_tensors(file["test_images"], file["test_labels"]))
    assert reading > 0.86, reading
