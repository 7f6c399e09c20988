"""Folders of labelled images."""

import pytest
from labelled import (
    write_folder,
)

from lstm_zoo.data.labels.blocks import ImageBlocks, PictureAugment
from lstm_zoo.data.labels.segmentation_folder import SegmentationFolder


@pytest.fixture(scope="module")
def equal(tmp_path_factory):
    """A folder of images of one size."""
    return write_folder(tmp_path_factory.mktemp("equal"))


@pytest.fixture(scope="module")
def unequal(tmp_path_factory):
    """A folder of images of two sizes, none of which is the larger one on both sides."""
    return write_folder(tmp_path_factory.mktemp("unequal"), [(24, 30), (15, 40)])


@pytest.fixture
def folder(data_dir):
    """Makes the config of a folder of images."""

    def config(root, size=None, augment=None, **options):
        image = ImageBlocks(size=size, augment=augment or PictureAugment())
        return SegmentationFolder(root=root, void="void", data_dir=data_dir, image=image, **options)

    return config
