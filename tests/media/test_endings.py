from lstm_zoo.media.endings import VOLUMES, stem_of


def test_endings_of_volumes():
    assert [stem_of(name, VOLUMES) for name in ("a.b.nii.gz", "a.NII", "s/a.npz", "a.gz")] == ["a.b", "a", "s/a", None]
    assert stem_of("a.regions.txt", (".txt", ".regions.txt")) == "a"
