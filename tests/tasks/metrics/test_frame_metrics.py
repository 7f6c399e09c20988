"""Scores of foretold frames against plain ones, and against TensorFlow's SSIM."""

import numpy as np
import tensorflow as tf

from lstm_zoo.tasks.metrics.frame_metrics import absolute, psnr, squared, ssim, ssim_openstl

RANDOM = np.random.default_rng(0)
TRUTH = RANDOM.random((3, 16, 19, 3), np.float32)
NEAR = (TRUTH + RANDOM.normal(0, 0.1, TRUTH.shape).astype(np.float32)).clip(0, 1)


def test_errors_are_sums_over_the_pixels_of_a_frame():
    for time in range(3):
        apart = [float(a) - float(b) for a, b in zip(NEAR[time].ravel(), TRUTH[time].ravel(), strict=True)]
        np.testing.assert_allclose(squared(NEAR, TRUTH)[time], sum(one**2 for one in apart), rtol=1e-5)
        np.testing.assert_allclose(absolute(NEAR, TRUTH)[time], sum(map(abs, apart)), rtol=1e-5)


def test_psnr_is_tensorflow_s_and_ends_at_100():
    np.testing.assert_allclose(psnr(NEAR, TRUTH), tf.image.psnr(NEAR, TRUTH, 1.0), rtol=1e-5)
    np.testing.assert_allclose(psnr(TRUTH, TRUTH), 100)


def test_ssim_is_tensorflow_s():
    np.testing.assert_allclose(ssim(NEAR, TRUTH), tf.image.ssim(NEAR, TRUTH, 1.0), atol=2e-6)
    np.testing.assert_allclose(ssim(TRUTH, TRUTH), 1)


def test_ssim_of_openstl_is_a_plain_loop_s():
    def plain(x, y):
        c1, c2, found = 0.02**2, 0.06**2, []
        for row in range(x.shape[0] - 6):
            for column in range(x.shape[1] - 6):
                a, b = (one[row : row + 7, column : column + 7].ravel() for one in (x, y))
                (aa, ab), (_, bb) = np.cov(a, b)
                top = (2 * a.mean() * b.mean() + c1) * (2 * ab + c2)
                found.append(top / ((a.mean() ** 2 + b.mean() ** 2 + c1) * (aa + bb + c2)))
        return np.mean(found)

    x, y = NEAR[:1].astype(np.float64), TRUTH[:1].astype(np.float64)
    expected = np.mean([plain(x[0, ..., channel], y[0, ..., channel]) for channel in range(3)])
    np.testing.assert_allclose(ssim_openstl(x, y), [expected], rtol=1e-9)
