"""Drawn scenes, sentences about them, and what judges both."""

import io
import re

import numpy as np
import pytest
from captioned import captions_of, settings, shown, split_sizes
from PIL import Image

from lstm_zoo.contracts import InputError, Judged
from lstm_zoo.contracts.words import SPECIAL, UNKNOWN
from lstm_zoo.data.captions import captioned_shapes
from lstm_zoo.data.captions.captioned_images import CaptionConfig
from lstm_zoo.data.captions.captioned_shapes import CaptionedShapes
from lstm_zoo.data.captions.shape_captions import (
    COLOURS,
    SHAPES,
    SceneJudge,
    Thing,
    from_json,
    is_right,
    peak_of,
    relation,
    to_json,
)


@pytest.fixture(scope="module")
def shapes(data_dir):
    options = settings(data_dir, num_train=60, num_val=4, num_test=4, num_captions=5)
    return CaptionedShapes(**options)


def test_captioned_shapes_write_right_captions(shapes):
    items = [item for found in shapes.items().values() for item in found]
    assert len({item.name for item in items}) == 68 and {len(item.target) for item in items} == {5}
    sizes = set()
    for item in items:
        things = from_json(item.notes)
        assert to_json(things) == item.notes
        sizes.add(len(things))
        for caption in item.target:
            assert is_right(caption, things)
            for wrong in spoiled(caption, things):
                assert not is_right(wrong, things), wrong
    assert sizes == {2, 3}


def spoiled(caption, things):
    """Yield captions that are wrong in one respect."""
    words = caption.split()
    others = {**following(COLOURS), **following(SHAPES), "small": "large", "large": "small"}
    others |= {"above": "below", "over": "under", "below": "above", "under": "over", "left": "right", "right": "left"}
    for place, word in enumerate(words):
        if word in others:
            yield " ".join([*words[:place], others[word], *words[place + 1 :]])
    head, *rest = caption.split(" and ")
    if rest:
        yield head  # the third thing is missing
        yield f"{head} and {rest[0]} and {rest[0]}"
        clause = re.search(r"(above|over|below|under|(to the )?(left|right) of) .*", head)
        yield f"{head} and {clause[0]}"  # the second thing is named twice
    else:
        clause = re.search(r"(above|over|below|under|(to the )?(left|right) of) .*", head)
        yield f"{head} and {clause[0]}"
        yield head[: clause.start()].strip()
    yield caption + " ."
    yield ""


def following(names):
    names = list(names)
    return dict(zip(names, names[1:] + names[:1], strict=True))


def test_captioned_shapes_are_made_by_their_seed(shapes, monkeypatch):
    items = shapes.items()
    captioned_shapes._written.cache_clear()
    assert shapes.items() == items
    other = shapes.model_copy(update={"seed": 1})
    assert {item.notes for item in other.items()["train"]}.isdisjoint(item.notes for item in items["train"])
    assert {item.notes for item in items["val"]}.isdisjoint(item.notes for item in items["train"])
    fewer = shapes.model_copy(update={"num_train": 5, "num_captions": 2})
    assert [item.notes for item in fewer.items()["train"]] == [item.notes for item in items["train"][:5]]
    first = items["train"][0]
    read = shapes.reader()
    assert read(first) == read(first) != other.reader()(first)


def test_captioned_shapes_draw_what_they_say(shapes):
    splits = shapes.load()
    assert split_sizes(splits) == {"train": 60, "val": 4, "test": 4} and splits.spec == shapes.expected_spec()
    items = {item.name: item for item in shapes.items()["test"]}
    for name, captions in captions_of(splits, "test").items():
        assert tuple(captions) == items[name].target
        drawn = np.asarray(Image.open(io.BytesIO(shapes.reader()(items[name])["image"]))).astype(int)
        for thing in from_json(items[name].notes):
            column, row = (int(share * 64) for share in thing.centre)
            assert np.abs(drawn[row, column] - COLOURS[thing.colour]).max() < 60
    with pytest.raises(InputError, match="not made of files of yours"):
        shapes.bad_files()
    assert scores_of_truth(shapes, splits)["right"] < 1  # cut to eight words
    long = shapes.model_copy(update={"captions": CaptionConfig(max_words=30, min_count=1, per_image=1)})
    assert scores_of_truth(long, long.load()) == {"right": 1.0}


def scores_of_truth(data, splits):
    """Return what the data set's own judge says of each test image's first caption."""
    (judge,) = data.judges(splits.spec)
    ((_, captions),) = shown(splits.eval_stream("test", splits.size("test")))
    for words, judged in zip(captions[:, 0], splits.judged("test"), strict=True):
        judge.add({"words": words}, judged)
    return judge.scores()


def thing(left, top, side=0.2, size="small", colour="red", shape="circle"):
    return Thing(size, colour, shape, (left, top, left + side, top + side))


def test_relations_need_one_axis_that_is_clearly_longer():
    middle = thing(0.4, 0.4)
    assert relation(thing(0.1, 0.45), middle) == "left" and relation(middle, thing(0.1, 0.45)) == "right"
    assert relation(thing(0.35, 0.0), middle) == "above" and relation(middle, thing(0.35, 0.0)) == "below"
    assert relation(thing(0.7, 0.7), middle) is None and relation(thing(0.7, 0.65), middle) is None
    assert relation(thing(0.7, 0.6), middle) == "right"  # 0.3 by 0.2


def test_the_peak_of_attention_is_a_place_in_the_picture():
    weights = np.zeros(9)
    weights[5] = 0.7
    assert peak_of(weights) == pytest.approx((5 / 6, 1 / 2))  # second row, third column
    assert peak_of(np.array([0.1, 0.2, 0.6, 0.1])) == (0.25, 0.75)


def test_captions_and_attention_are_judged():
    things = [thing(0.05, 0.1), thing(0.6, 0.15, side=0.33, size="large", colour="blue", shape="square")]
    captions = [
        "a small red circle is left of a large blue square",
        "a small red circle is right of a large blue square",
        "a small green circle is left of a",
    ]
    vocabulary = (*SPECIAL, *sorted({word for caption in captions for word in caption.split()}))

    def scores(captions, attention=None):
        judge = SceneJudge(vocabulary)
        for row, caption in enumerate(captions):
            words = [vocabulary.index(word) if word in vocabulary else UNKNOWN for word in caption.split()]
            looks = {} if attention is None else {"attention": attention[row]}
            judge.add({"words": words, **looks}, Judged("a.png", captions, to_json(things)))
        assert list(judge.rows()) == [] and list(judge.figures(lambda numbers: {})) == []
        return judge.scores()

    assert scores(captions) == {"right": pytest.approx(1 / 3)}
    attention = np.zeros((3, 12, 4))
    attention[:, :, 0] = 0.4  # above on the left: the circle
    attention[0, 10, 1] = 0.9  # above on the right: the square, at its own word
    # Named are circle, square; circle, square (looked for at the circle); a green circle that is not there.
    assert scores(captions, attention) == {"right": pytest.approx(1 / 3), "looks_right": pytest.approx(3 / 5)}
    assert scores(["dog"], attention) == {"right": 0.0, "looks_right": 0.0}
