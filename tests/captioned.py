"""Captioned images as tests make them."""

from lstm_zoo.data.captions.captioned_images import CaptionConfig, ImageConfig

SIDE = 16
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven")


def sentences(number, count=2):
    return tuple(f"Picture {WORDS[number]}, seen for the {WORDS[turn]} time ." for turn in range(count))


def settings(data_dir, **options):
    image = ImageConfig(size=SIDE, augment=options.pop("augment", {}))
    captions = CaptionConfig(max_words=8, min_count=1, per_image=options.pop("per_image", 3))
    return {"data_dir": data_dir, "image": image, "captions": captions, **options}


def split_sizes(splits):
    return {split: splits.size(split) for split in ("train", "val", "test")}


def captions_of(splits, split):
    """Return all captions of each image, by its name."""
    return {judged.name: judged.truth for judged in splits.judged(split)}


def shown(dataset, batches=None):
    """Return some batches of a stream, or all, as (pixels, captions)."""
    found = []
    for inputs, target in dataset.take(batches or -1).as_numpy_iterator():
        assert list(inputs) == ["image", "words"]
        assert (inputs["words"] == target).all()
        found.append((inputs["image"].copy(), target.copy()))
    return found


def write_table(root, rows, header="image,caption"):
    root.mkdir(parents=True, exist_ok=True)
    (root / "captions.csv").write_text("\n".join([header, *rows]), encoding="utf-8-sig")
    return root
