"""A window holds the frames of a clip, and shows them once they are enough."""

import numpy as np

from lstm_zoo.contracts import Normal, Spec, Tensor
from lstm_zoo.streaming.window import Window

SPEC = Spec(inputs={"clip": Tensor(shape=(3, 2, 2, 1))}, target=Normal(frame_step=2))


def frame(number):
    return np.full((1, 2, 2, 1), number % 256, np.uint8)


def test_a_frame_is_shown_behind_those_before_it_and_no_others_are_held():
    window = Window(lambda inputs: {"shown": inputs["clip"][:, :, 0, 0, 0].tolist()}, SPEC)
    answers = [window.answer(frame(number)) for number in range(300)]
    assert answers[:4] == [None] * 4 and answers[4:6] == [{"shown": [[0, 2, 4]]}, {"shown": [[1, 3, 5]]}]
    assert len(window._frames) == 5
    window.restart()
    assert window.answer(frame(0)) is None
