import numpy as np
import pytest

from lstm_zoo.data.labels.texture_drawing import (
    TEXTURES,
    blob_map,
    crop_texture,
    draw_mosaic,
    draw_texture,
    smooth_noise,
)
from lstm_zoo.data.labels.volume_drawing import CLASS_NAMES, draw_volume

SIZES = [(8, 8), (17, 9), (1, 1), (3, 40)]


def random(*seed):
    return np.random.default_rng(seed)


def texture_windows(num_samples, side, seed):
    """Windows out of samples of all classes in turn, (N, side, side, 3) in 0 to 1, and their classes, (N,)."""
    source, labels = random(seed), np.arange(num_samples) % len(TEXTURES)
    windows = [draw_texture(TEXTURES[label], 32, 32, source)[:side, :side] for label in labels]
    return np.stack(windows) / 255, labels


def spectra(windows):
    """Logarithms of the energies of the windows' greys, mean and contrast taken out."""
    greys = windows.mean(axis=3)
    greys = greys - greys.mean(axis=(1, 2), keepdims=True)
    greys /= greys.std(axis=(1, 2), keepdims=True)
    taper = np.hanning(greys.shape[1] + 2)[1:-1]
    energies = np.abs(np.fft.rfft2(greys * taper[:, None] * taper))
    return np.log(energies + 0.3).reshape(len(greys), -1)


def nearest_centroid(train, test):
    """The accuracy on `test` of the class whose mean features in `train` are nearest; each (features, labels)."""
    means = np.stack([train[0][train[1] == label].mean(axis=0) for label in np.unique(train[1])])
    distances = ((test[0][:, None] - means) ** 2).sum(axis=2)
    return (distances.argmin(axis=1) == test[1]).mean()


def colour_histogram(train, test, bins=6):
    """The accuracy on `test` of the commonest class in `train` of each bin of colours; each (colours, labels)."""

    def places(colours):
        cells = np.minimum((colours * bins).astype(int), bins - 1)
        return np.ravel_multi_index(tuple(cells.T), (bins,) * 3)

    counts = np.zeros((bins**3, len(TEXTURES)))
    np.add.at(counts, (places(train[0]), train[1]), 1)
    return (counts.argmax(axis=1)[places(test[0])] == test[1]).mean()


@pytest.mark.parametrize("name", TEXTURES)
@pytest.mark.parametrize("size", SIZES)
def test_texture_has_the_size_asked_for_and_repeats_by_seed(name, size):
    pixels = draw_texture(name, *size, random(1))
    assert pixels.shape == (*size, 3)
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, draw_texture(name, *size, random(1)))
    assert (pixels != draw_texture(name, *size, random(2))).any()


def test_textures_differ_by_neighbourhood_not_by_colour():
    chance = 1 / len(TEXTURES)
    train, test = (
        (windows.mean(axis=(1, 2)), labels) for windows, labels in (texture_windows(1600, 4, s) for s in (0, 1))
    )
    assert colour_histogram(train, test) < chance + 0.08
    accuracy = {}
    for side in (4, 16, 24):
        train, test = (texture_windows(800, side, seed) for seed in (0, 1))
        accuracy[side] = nearest_centroid((spectra(train[0]), train[1]), (spectra(test[0]), test[1]))
    assert accuracy[4] < 0.5
    assert accuracy[16] > 0.88
    assert accuracy[24] > 0.95


def test_textures_share_mean_and_contrast():
    samples = np.stack([[draw_texture(name, 32, 32, random(0, seed)) for seed in range(100)] for name in TEXTURES])
    means = samples.mean(axis=(2, 3, 4))  # (K, 100)
    deviations = samples.mean(axis=4).std(axis=(2, 3))
    assert np.ptp(means.mean(axis=1)) < 15  # the samples' own differ by about 17
    assert np.ptp(deviations.mean(axis=1)) < 4


@pytest.mark.parametrize("shape", [(1,), (5, 9), (3, 17, 8), (24, 32, 32)])
@pytest.mark.parametrize("sigma", [0.8, 4])
def test_smooth_noise_has_unit_variance_everywhere(shape, sigma):
    source = random(0)
    fields = np.stack([smooth_noise(shape, sigma, source) for _ in range(100)])
    assert fields.shape == (100, *shape)
    assert abs((fields**2).mean(axis=0) - 1).max() < 0.9  # each a mean of 100: sqrt(2 / 100) is one standard error
    if shape[-1] > 1:
        correlation = (fields[..., 1:] * fields[..., :-1]).mean() / (fields**2).mean()
        np.testing.assert_allclose(correlation, np.exp(-1 / (4 * sigma**2)), atol=0.06)


@pytest.mark.parametrize("num_regions", [1, 2, 5, 8])
@pytest.mark.parametrize("size", [(8, 8), (17, 9), (96, 96), (20, 64)])
def test_every_region_of_a_blob_map_has_half_its_fair_share(num_regions, size):
    for seed in range(5):
        regions = blob_map(*size, num_regions, random(seed))
        assert regions.shape == size
        assert np.bincount(regions.ravel()).min() >= size[0] * size[1] / num_regions / 2
        assert regions.max() == num_regions - 1
        np.testing.assert_array_equal(regions, blob_map(*size, num_regions, random(seed)))


def test_blobs_are_smooth():
    regions = blob_map(96, 96, 5, random(0))
    assert (regions[1:] == regions[:-1]).mean() > 0.93
    assert (regions[:, 1:] == regions[:, :-1]).mean() > 0.93


@pytest.mark.parametrize("size", [(8, 8), (17, 9), (64, 48)])
def test_mosaic(size):
    pixels, labels = draw_mosaic(*size, 4, random(3))
    assert pixels.shape == (*size, 3)
    assert labels.shape == size
    assert pixels.dtype == labels.dtype == np.uint8
    assert len(np.unique(labels)) == 4
    again = draw_mosaic(*size, 4, random(3))
    np.testing.assert_array_equal(pixels, again[0])
    np.testing.assert_array_equal(labels, again[1])


def test_mosaics_hold_all_classes():
    labels = [np.unique(draw_mosaic(24, 24, 3, random(seed))[1]) for seed in range(40)]
    counts = np.bincount(np.concatenate(labels), minlength=len(TEXTURES))
    assert counts.shape == (len(TEXTURES),)
    assert counts.min() > 0


def test_mosaic_of_given_textures():
    def fill(number, height, width, random):
        return np.full((height, width, 3), 10 * number, np.uint8)

    pixels, labels = draw_mosaic(32, 24, 3, random(0), fill, num_classes=20)
    np.testing.assert_array_equal(pixels, np.repeat(10 * labels[..., None], 3, axis=2))


def test_crop_lies_within_a_large_image():
    image = np.arange(20 * 30 * 3).reshape(20, 30, 3)
    crops = [crop_texture(image, 6, 8, random(seed)) for seed in range(20)]
    for crop in crops:
        row, column = np.argwhere((image == crop[0, 0]).all(axis=2))[0]
        np.testing.assert_array_equal(crop, image[row : row + 6, column : column + 8])
    assert len({int(crop[0, 0, 0]) for crop in crops}) > 10
    np.testing.assert_array_equal(crop_texture(image, 20, 30, random(0)), image)


@pytest.mark.parametrize("height", [1, 4, 5])
def test_crop_continues_a_small_image_by_reflection(height):
    image = np.arange(height * 30).reshape(height, 30, 1)
    crop = crop_texture(image, 13, 30, random(0))
    rows = crop[:, 0, 0] // 30
    there_and_back = [*range(height), *reversed(range(height))] * 15
    assert any(there_and_back[start : start + 13] == rows.tolist() for start in range(2 * height))


@pytest.mark.parametrize("shape", [(24, 32, 32), (8, 8, 8), (1, 17, 9), (3, 8, 40)])
def test_volume(shape):
    voxels, labels = draw_volume(shape, random(0))
    assert voxels.shape == (*shape, 1)
    assert labels.shape == shape
    assert voxels.dtype == labels.dtype == np.uint8
    again = draw_volume(shape, random(0))
    np.testing.assert_array_equal(voxels, again[0])
    np.testing.assert_array_equal(labels, again[1])
    assert (draw_volume(shape, random(1))[0] != voxels).any()


@pytest.mark.parametrize("shape", [(24, 32, 32), (12, 16, 20)])
def test_every_volume_holds_all_classes(shape):
    for seed in range(10):
        counts = np.bincount(draw_volume(shape, random(seed))[1].ravel(), minlength=len(CLASS_NAMES))
        assert len(counts) == len(CLASS_NAMES)
        assert counts.min() > 0


def dice(predicted, labels):
    """Mean over the classes."""
    scores = []
    for number in range(len(CLASS_NAMES)):
        one, other = predicted == number, labels == number
        scores.append(2 * (one & other).sum() / (one.sum() + other.sum()))
    return np.mean(scores)


def best_dice(bins, labels):
    """The best Dice of a table from bin to class, over many balances of the classes; fitted to what it is judged on."""
    counts = np.stack([np.bincount(bins[labels == k], minlength=bins.max() + 1) for k in range(len(CLASS_NAMES))])
    balances = np.stack(np.meshgrid([1], *[[1, 2, 4]] * 3), axis=-1).reshape(-1, len(CLASS_NAMES), 1)
    return max(dice((counts * balance).argmax(axis=0)[bins], labels) for balance in balances)


def box_mean(volumes, width):
    for axis in (1, 2, 3):
        pad = [(0, 0)] * 4
        pad[axis] = (width // 2, width // 2)
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(volumes, pad, mode="reflect"), width, axis=axis)
        volumes = windows.mean(axis=-1)
    return volumes


def test_a_voxel_needs_its_surroundings():
    drawn = [draw_volume((24, 32, 32), random(seed)) for seed in range(10)]
    voxels, labels = np.stack([voxels[..., 0] for voxels, _ in drawn]), np.stack([labels for _, labels in drawn])
    assert best_dice(voxels.astype(int), labels) < 0.6  # a core is as bright as a nodule
    near, wide = box_mean(voxels.astype(np.float32), 3), box_mean(voxels.astype(np.float32), 11)
    assert best_dice((near // 8 * 32 + wide // 8).astype(int), labels) > 0.68
