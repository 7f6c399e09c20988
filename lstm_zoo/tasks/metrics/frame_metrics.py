"""How far foretold frames are from the true ones: (T, H, W, C) each, values from 0 to 1; one figure a frame, (T,).

SSIM: Wang, Bovik, Sheikh & Simoncelli, IEEE Transactions on Image Processing 13(4), 2004.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

GAUSS, UNIFORM = 11, 7
"""Sides of the windows of both kinds of SSIM, in pixels; smaller frames have none."""
_SIGMA = 1.5  # of the Gaussian window, in pixels
_K1, _K2 = 0.01, 0.03
_LEAST = 1e-10  # mean squared error: PSNR ends at 100 dB
_OLD_RANGE = 2.0  # which scikit-image took for floats (-1 to 1) where it was not told


def squared(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the squared error, summed over the pixels and channels of a frame."""
    return np.square(predicted - truth).sum(axis=(1, 2, 3))


def absolute(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the absolute error, summed over the pixels and channels of a frame."""
    return np.abs(predicted - truth).sum(axis=(1, 2, 3))


def psnr(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the peak signal-to-noise ratio of each frame by its mean squared error, in dB; 100 at the most."""
    return -10 * np.log10(np.maximum(np.square(predicted - truth).mean(axis=(1, 2, 3), dtype=float), _LEAST))


def ssim(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the structural similarity: Gaussian window of 11 x 11 pixels, range 1, as `tf.image.ssim` has it."""
    away = np.arange(GAUSS) - GAUSS // 2
    weights = np.exp(-np.square(away) / (2 * _SIGMA**2))
    return _ssim(predicted, truth, tuple(weights / weights.sum()), 1.0, 1.0)


def ssim_openstl(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the structural similarity as OpenSTL's published figures have it: 7 x 7 pixels alike, range 2.

    It calls scikit-image without a range, and versions of that time took 2 for floats; covariances are of a sample.
    """
    pixels = UNIFORM**2
    return _ssim(predicted, truth, (1 / UNIFORM,) * UNIFORM, _OLD_RANGE, pixels / (pixels - 1))


def _ssim(x: np.ndarray, y: np.ndarray, weights: tuple[float, ...], value_range: float, of_sample: float) -> np.ndarray:
    """Return the mean over all windows that lie within the frame, and over channels.

    Args:
        x: Frames.
        y: Others.
        weights: Of the pixels of a window along either side; their sum is 1.
        value_range: From the least to the greatest value.
        of_sample: What variances are multiplied by.
    """
    x, y = (np.moveaxis(frames, -1, 1).astype(np.float64) for frames in (x, y))  # (T, C, H, W)
    mean_x, mean_y, mean_xx, mean_yy, mean_xy = (_filtered(part, weights) for part in (x, y, x * x, y * y, x * y))
    c1, c2 = (_K1 * value_range) ** 2, (_K2 * value_range) ** 2
    covariance = of_sample * (mean_xy - mean_x * mean_y)
    variances = of_sample * (mean_xx + mean_yy - mean_x**2 - mean_y**2)
    likeness = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    return (likeness / ((mean_x**2 + mean_y**2 + c1) * (variances + c2))).mean(axis=(1, 2, 3))


def _filtered(frames: np.ndarray, weights: tuple[float, ...]) -> np.ndarray:
    """Return weighted means over windows, (..., H - n + 1, W - n + 1)."""
    height, width = frames.shape[-2:]
    return _band(height, weights).T @ frames @ _band(width, weights)


@lru_cache(maxsize=8)
def _band(side: int, weights: tuple[float, ...]) -> np.ndarray:
    """Return the matrix that takes means along one side, (side, side - n + 1): products are faster than sums."""
    band = np.zeros((side, side - len(weights) + 1))
    for place in range(band.shape[1]):
        band[place : place + len(weights), place] = weights
    return band
