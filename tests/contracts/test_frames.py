"""Frames as what is to be answered."""

import pytest
from pydantic import ValidationError

from lstm_zoo.contracts import Frames, Spec, Tensor


def test_a_spec_of_frames_is_read_again_as_it_was_written():
    later = Frames(horizon=3, height=5, width=7, channels=1, step_seconds=0.1)
    spec = Spec(inputs={"clip": Tensor(shape=(2, 5, 7, 1))}, hints={"later": Tensor(shape=later.shape)}, target=later)
    assert Spec.model_validate_json(spec.model_dump_json()) == spec
    assert later.shape == (3, 5, 7, 1)


def test_frames_are_grey_or_of_three_colours():
    with pytest.raises(ValidationError, match="channels"):
        Frames(horizon=3, height=5, width=7, channels=4)
