"""The order of examples of different lengths."""

import numpy as np
import pytest
import tensorflow as tf

from lstm_zoo.data.pipeline.order import alike_together, epoch_seed

LENGTHS = np.random.default_rng(0).integers(20, 2000, 103)


def order(seed=1, epoch=0, lengths=LENGTHS, batch_size=8):
    return alike_together(lengths, batch_size, epoch_seed(seed, epoch)).numpy()


def test_every_example_comes_once_in_an_order_of_seed_and_epoch():
    orders = [order(seed, epoch) for seed in (1, 2) for epoch in range(3)]
    for one in orders:
        assert sorted(one) == list(range(103))
    assert len({one.tobytes() for one in orders}) == 6
    tf.random.set_seed(5)  # no hidden global generator
    np.testing.assert_array_equal(order(2, 1), orders[4])
    np.testing.assert_array_equal(order(2, tf.constant(1, tf.int64)), orders[4])


def test_batches_hold_alike_lengths_and_come_in_any_order():
    batches = LENGTHS[order()[:96]].reshape(-1, 8)
    spread = np.ptp(batches, axis=1).mean()
    assert spread < 0.25 * np.ptp(LENGTHS)  # a random batch's is about 0.8
    means = batches.mean(axis=1)
    assert (np.diff(means) < 0).any() and (np.diff(means) > 0).any()
    filled = (batches.max(axis=1) * 8).sum() / batches.sum()
    assert filled < 1.25


def test_who_meets_whom_differs_from_epoch_to_epoch():
    def sets(epoch):
        return {frozenset(batch) for batch in order(epoch=epoch)[:96].reshape(-1, 8).tolist()}

    assert len(sets(0) & sets(1)) <= 2


def test_what_fills_no_batch_comes_last_and_is_of_any_length():
    rests = np.stack([order(epoch=epoch)[96:] for epoch in range(20)])
    assert rests.shape == (20, 7) and len(np.unique(rests)) > 50
    assert np.median(LENGTHS[rests]) == pytest.approx(np.median(LENGTHS), rel=0.35)


@pytest.mark.parametrize("size", [1, 7, 8, 9])
def test_few_examples_are_ordered_too(size):
    assert sorted(order(lengths=LENGTHS[:size])) == list(range(size))
