"""The captioner in PyTorch is the zoo's: the same weights give the same loss."""

import keras
import numpy as np
import pytest
from keras import ops

from lstm_zoo.bench.captioners import torch_captioner, torch_loss
from lstm_zoo.layers import ShowAttendTellDecoder
from lstm_zoo.tasks.metrics.losses import caption_loss

IMAGES, REGIONS, WIDTH, WORDS, LENGTH = 3, 5, 8, 20, 4
LAYERS = {
    "first_h": "first_h",
    "first_c": "first_c",
    "of_state": "of_state",
    "of_context": "of_context",
    "gate": "gate",
    "score": "score",
    "attention.of_regions": "of_regions",
    "attention.of_query": "of_query",
    "attention.score": "look",
}
"""The dense layers of the two."""


def test_the_captioner_in_pytorch_is_the_zoos():
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(0)
    features = random.normal(size=(IMAGES, REGIONS, WIDTH)).astype("float32")
    captions = random.integers(4, WORDS, (IMAGES, LENGTH)).astype("int32")
    keras.utils.set_random_seed(0)
    decoder = ShowAttendTellDecoder(WORDS, WIDTH, WIDTH, attention_units=WIDTH, dropout=0.0)
    scores = decoder(features, captions[:, None], training=True)
    ours = float(ops.mean(caption_loss(0.0)(captions[:, None], scores)) + sum(decoder.losses))

    network = torch_captioner(WIDTH, WORDS, dropout=0.0)

    def set_weight(parameter, values):
        parameter.data = torch.tensor(np.array(values))

    for name, other in LAYERS.items():
        layer = decoder
        for part in name.split("."):
            layer = getattr(layer, part)
        set_weight(getattr(network, other).weight, ops.transpose(layer.kernel))
        if layer.use_bias:
            set_weight(getattr(network, other).bias, layer.bias)
    set_weight(network.embedding.weight, decoder.embedding.embeddings)
    set_weight(network.cell.weight_ih, ops.transpose(decoder.cell.kernel))  # both have the gates i f g o
    set_weight(network.cell.weight_hh, ops.transpose(decoder.cell.recurrent_kernel))
    set_weight(network.cell.bias_ih, decoder.cell.bias)
    set_weight(network.cell.bias_hh, ops.zeros(4 * WIDTH))
    theirs = torch_loss(network, torch.tensor(features), torch.tensor(captions).long()).item()
    assert theirs == pytest.approx(ours, rel=1e-5)
