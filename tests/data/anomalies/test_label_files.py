"""Labels of frames: however they are written down, they are the same."""

import json

import numpy as np
import pytest

from lstm_zoo.contracts import InputError
from lstm_zoo.data.anomalies.frame_labels import flags_of
from lstm_zoo.data.anomalies.label_files import read_labels
from lstm_zoo.media.errors import MediaError

FILMS = ["test/a.avi", "test/b.avi", "test/c.avi"]
SPANS = {"a": [(21, 25)], "b": [(1, 1), (40, 40)], "c": []}
STARTS = np.arange(40) / 10
TRUTH = {
    name: np.isin(np.arange(1, 41), [n for a, b in spans for n in range(a, b + 1)]) for name, spans in SPANS.items()
}
AS_FLAGS = {name: truth.astype(int).tolist() for name, truth in TRUTH.items()}
OF_UCSD = "TestVideoFile = {};\n" + "".join(
    f"TestVideoFile{{end+1}}.gt_frame = [{', '.join(f'{a}:{b}' for a, b in spans)}];\n" for spans in SPANS.values()
)
FROM_0 = "video,start,end\n" + "".join(f"{name},{a - 1},{b}\n" for name, spans in SPANS.items() for a, b in spans)
IN_SECONDS = "video,start_s,end_s\n" + "".join(
    f"{name}.avi,{(a - 1) / 10:.1f},{b / 10:.1f}\n" for name, spans in SPANS.items() for a, b in spans
)
A_FRAME = "video,frame,label\n" + "".join(
    f"{n},{t},{v}\n" for n, flags in AS_FLAGS.items() for t, v in enumerate(flags)
)
SPELLINGS = {
    "ranges.json": json.dumps({**SPANS, "num_frames": {"a": 40}}),
    "flags.json": json.dumps({f"test/{name}.avi": flags for name, flags in AS_FLAGS.items()}),
    "ranges.csv": FROM_0,
    "seconds.csv": IN_SECONDS,
    "flags.csv": A_FRAME,
    "UCSD.m": OF_UCSD,
}


def found(place):
    return {film: flags_of(labels, 40, STARTS) for film, labels in read_labels(place, FILMS).items()}


def test_all_spellings_are_the_same_labels(tmp_path):
    for name, text in SPELLINGS.items():
        (tmp_path / name).write_text(text)
    np.savez(tmp_path / "truth.npz", **AS_FLAGS)
    each = tmp_path / "each"
    each.mkdir()
    for name, flags in list(AS_FLAGS.items())[:2]:
        np.save(each / f"{name}.npy", np.array(flags, float))
    (each / "c.txt").write_text("\n".join(map(str, AS_FLAGS["c"])))
    for place in sorted(tmp_path.iterdir()):
        labels = found(place)
        assert list(labels) == FILMS, place
        for film, flags in labels.items():
            np.testing.assert_array_equal(flags, TRUTH[film[5]], err_msg=f"{place} {film}")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ({"a": [[25, 21]]}, r"labels.json: a: abnormal from frame 25 to 21"),
        ({"a": [[0, 2]]}, r"a: abnormal from frame 0 to 2 \(from 1\); expected 1 or more"),
        ({"a": [[1, 2, 3]]}, r"a: \[1, 2, 3\]; expected \[first, last\]"),
        ({"a": [0, 2]}, r"a: expected a 0 or 1 a frame, got \[0"),
        ({"a": "no"}, "expected a 0 or 1 a frame"),
        ({"aa": []}, r"no test film is called 'aa' \(did you mean 'a'\?\)"),
        ({"c": None}, "expected a 0 or 1 a frame"),
        ([], "expected a JSON object"),
    ],
)
def test_labels_that_make_no_sense_are_told_with_film_and_numbers(tmp_path, text, told):
    file = tmp_path / "labels.json"
    file.write_text(json.dumps({**SPANS, **text} if isinstance(text, dict) else text))
    with pytest.raises(InputError, match=told) as caught:
        read_labels(file, FILMS)
    assert caught.value.key == "data.labels"


def test_films_without_labels_are_told_but_tables_of_ranges_may_leave_normal_ones_out(tmp_path):
    (tmp_path / "few.json").write_text(json.dumps({"a": []}))
    with pytest.raises(InputError, match=r"no labels of test/b\.avi"):
        read_labels(tmp_path / "few.json", FILMS)
    (tmp_path / "few.m").write_text(OF_UCSD)
    with pytest.raises(InputError, match="labels of 3 films; there are 2"):
        read_labels(tmp_path / "few.m", FILMS[:2])
    (tmp_path / "gap.csv").write_text("video,frame,label\na,0,1\na,2,0\n")
    with pytest.raises(InputError, match="the film has no frame 1"):
        read_labels(tmp_path / "gap.csv", FILMS)
    (tmp_path / "other.csv").write_text("film,start\na,0\n")
    with pytest.raises(InputError, match="has the columns film, start; expected video with"):
        read_labels(tmp_path / "other.csv", FILMS)


def test_labels_of_another_number_of_frames_are_told_with_both(tmp_path):
    for labels, told in (
        ({"a": [0] * 41}, "has 40 frames, but labels of 41"),
        ({"a": [[36, 45]]}, r"has 40 frames, but frames 36 to 45 are labelled"),
        ({"num_frames": {"a": 39}}, "has 40 frames, but labels of 39"),
    ):
        (tmp_path / "labels.json").write_text(json.dumps({**SPANS, **labels}))
        with pytest.raises(MediaError, match=told):
            found(tmp_path / "labels.json")
