"""Networks for single frames: any of `keras.applications`, or a small one to train from scratch."""

from __future__ import annotations

import difflib
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, PositiveInt

from ...console.text import did_you_mean, first_line
from ...contracts import EncoderConfig, InputError, ModelConfig, expanded

if TYPE_CHECKING:
    import keras

# The networks of keras.applications with the scaling of pixels that their weights expect (`layers.ImageScaling`).
SCALING: dict[str, str] = {
    **dict.fromkeys(("VGG16", "VGG19", "ResNet50", "ResNet101", "ResNet152"), "caffe"),
    **dict.fromkeys(("ResNet50V2", "ResNet101V2", "ResNet152V2", "InceptionV3", "InceptionResNetV2", "Xception"), "tf"),
    **dict.fromkeys(("MobileNet", "MobileNetV2", "NASNetMobile", "NASNetLarge"), "tf"),
    **dict.fromkeys(("DenseNet121", "DenseNet169", "DenseNet201"), "torch"),
    **dict.fromkeys(("MobileNetV3Small", "MobileNetV3Large"), "none"),
    **dict.fromkeys([f"EfficientNetB{number}" for number in range(8)], "none"),
    **dict.fromkeys([f"EfficientNetV2{size}" for size in ("B0", "B1", "B2", "B3", "S", "M", "L")], "none"),
    **dict.fromkeys([f"ConvNeXt{size}" for size in ("Tiny", "Small", "Base", "Large", "XLarge")], "none"),
}
SMALL_CNN = "small_cnn"
ENCODER = "encoder"
"""Name of the layer that applies a backbone."""


def _weights(value: Any) -> Any:
    if value in (None, "imagenet"):
        return value
    return expanded(Path(str(value))).absolute()


class BackboneConfig(EncoderConfig):
    """The network that turns each frame into D features."""

    name: str = "MobileNetV2"
    """A network of keras.applications, or `small_cnn`: four strided convolutions, trained from scratch."""
    weights: Annotated[Literal["imagenet"] | Path | None, BeforeValidator(_weights)] = "imagenet"
    """`imagenet` (downloaded once), a weights file without the top, or null for random weights."""
    options: dict[str, Any] = {}
    """Further arguments of the network's function in keras.applications, such as {alpha: 0.35}."""
    output_layer: str | None = None
    """Layer whose output is used; null: the last one."""
    train_from: str | None = None
    """First layer that is fine-tuned, with all after it; `all`: the whole network; null: frozen. Batch normalisation
    stays frozen in a network with pretrained weights. Without pretrained weights everything is trained."""
    pooling: Literal["avg", "max", "flatten"] = "avg"
    """How the last feature map becomes one vector a frame: mean, maximum, or all of it."""
    features: PositiveInt = 128
    """Width of `small_cnn`'s output, D."""

    @property
    def frozen(self) -> bool:
        return self.weights is not None and self.train_from is None

    @property
    def downloads(self) -> bool:
        return self.weights == "imagenet"

    def problems(self) -> Iterator[InputError]:
        if self.name != SMALL_CNN and self.name not in SCALING:
            names = [SMALL_CNN, *SCALING]
            yield InputError(
                "name", f"no backbone '{self.name}'{did_you_mean(self.name, names)}; valid: {', '.join(names)}"
            )
        if own := sorted({"include_top", "input_shape", "input_tensor", "pooling", "weights"} & set(self.options)):
            yield InputError(
                "options", f"{', '.join(own)}: set by lstm_zoo; `pooling` and `weights` have their own keys"
            )
        if self.train_from and self.weights is None:
            yield InputError(
                "train_from", "without pretrained weights everything is trained; remove it, or set weights"
            )
        if isinstance(self.weights, Path) and not self.weights.is_file():
            yield InputError("weights", f"no file {self.weights}; expected a weights file, imagenet or null")
        if self.name == SMALL_CNN and (
            self.weights is not None or self.options or self.output_layer or self.train_from
        ):
            yield InputError(
                "name",
                "small_cnn is trained from scratch: set weights: null, and no options, output_layer or train_from",
            )

    def build(
        self, image_shape: tuple[int | None, ...], *, pretrained: bool = True, regions: bool = False
    ) -> keras.Model:
        """Return the network from pixels (B, H, W, 3) to features (B, D), with what is frozen marked so.

        Args:
            image_shape: (H, W, 3).
            pretrained: Load pretrained weights.
            regions: Return every region of the last feature map, row by row, (B, L, D), instead of pooling them.

        Raises:
            InputError: The weights cannot be had or do not fit, or an option or a layer's name is wrong.
        """
        import keras

        from ...layers import ImageScaling

        inputs = keras.Input(image_shape, dtype="uint8", name="frame")  # (B, H, W, 3)
        if self.name == SMALL_CNN:
            outputs = _small_cnn(ImageScaling("unit", name="scaling")(inputs), self.features, regions)
            return keras.Model(inputs, outputs, name="encoder")
        network = self._network(image_shape, pretrained)
        self._freeze(network)
        outputs = network(ImageScaling(SCALING[self.name], name="scaling")(inputs))  # (B, H', W', D)
        if regions:
            outputs = keras.layers.Reshape((-1, outputs.shape[-1]), name="regions")(outputs)  # (B, L, D)
            return keras.Model(inputs, outputs, name="encoder")
        pooling = {
            "avg": keras.layers.GlobalAveragePooling2D,
            "max": keras.layers.GlobalMaxPooling2D,
            "flatten": keras.layers.Flatten,
        }[self.pooling]
        return keras.Model(inputs, pooling(name="pooling")(outputs), name="encoder")  # (B, D)

    def _network(self, image_shape: tuple[int | None, ...], pretrained: bool) -> keras.Model:
        import keras

        from ...media.patience import network_patience

        make = getattr(keras.applications, self.name)
        arguments = {"include_top": False, "input_shape": image_shape, **self.options}
        try:
            network = make(weights=None, **arguments)
        except (TypeError, ValueError) as error:
            raise InputError("model.backbone", f"{self.name} cannot be built: {first_line(error)}") from None
        if pretrained and self.weights == "imagenet":
            try:
                with network_patience(), warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # that weights made at 224 px are used at another size
                    network = make(weights="imagenet", **arguments)
            except Exception as error:  # get_file raises a bare Exception when the network is missing
                raise _no_download(self.name, error) from error
        elif pretrained and self.weights is not None:
            _load_weights(network, Path(self.weights), self.name)
        if self.output_layer:
            network = keras.Model(network.inputs, self._layer(network, "output_layer").output, name=network.name)
        return network

    def _freeze(self, network: keras.Model) -> None:
        import keras

        if self.weights is None:
            return
        network.trainable = not self.frozen
        if self.train_from is None:
            return
        first = 0 if self.train_from == "all" else network.layers.index(self._layer(network, "train_from"))
        for index, layer in enumerate(network.layers):
            layer.trainable = index >= first and not isinstance(layer, keras.layers.BatchNormalization)

    def _layer(self, network: keras.Model, key: str) -> keras.layers.Layer:
        name = getattr(self, key)
        names = [layer.name for layer in network.layers]
        if name not in names:
            near = difflib.get_close_matches(name, names, n=3) or names[-3:]
            raise InputError(f"model.backbone.{key}", f"{self.name} has no layer '{name}'; near: {', '.join(near)}")
        return network.get_layer(name)


class EncodedModel(ModelConfig):
    """What networks share whose layer `ENCODER` is a backbone on each image or frame."""

    backbone: BackboneConfig = BackboneConfig()
    """The network on each image or frame."""

    @property
    def encoder(self) -> BackboneConfig:
        return self.backbone

    def features(self, model: keras.Model) -> keras.KerasTensor:
        """Return what the backbone gives within a built network: (B, D), (B, L, D), or (B, T, D) of frames."""
        return model.get_layer(ENCODER).output


def _small_cnn(x: keras.KerasTensor, features: int, regions: bool) -> keras.KerasTensor:
    """Four convolutions and a dense layer, (B, H, W, 3) -> (B, D), or (B, L, D); it keeps where things are.

    Where regions are asked for, the last convolution has no stride and sees one region alone. Each is then 8 x 8 pixels
    large, and since the others are 4 x 4, what it has seen is centred on it (of 3 x 3, it would lie 3.5 pixels aside).
    """
    import keras

    strided = 4 if regions else 3
    last = (64, 1, 1) if regions else (64, 3, 2)
    for filters, size, strides in ((16, strided, 2), (32, strided, 2), (64, strided, 2), last):
        x = keras.layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=False)(x)
        x = keras.layers.BatchNormalization(momentum=0.9)(x)
        x = keras.layers.Activation("relu")(x)
    # (B, H/8 * W/8, 64), or (B, H/16 * W/16 * 64)
    x = keras.layers.Reshape((-1, x.shape[-1]))(x) if regions else keras.layers.Flatten()(x)
    return keras.layers.Dense(features, activation="relu")(x)


def _load_weights(network: keras.Model, file: Path, name: str) -> None:
    from .weights import check_plain

    try:
        if not file.name.endswith(".keras"):  # Keras' zip, which it looks at itself
            check_plain(file)
        network.load_weights(file)
    except Exception as error:  # h5py and Keras raise OSError, KeyError and ValueError, by the kind of the misfit
        raise InputError(
            "model.backbone.weights",
            f"{file} does not fit {name} as configured ({first_line(error)}); expected its weights without the top, "
            "and model.backbone.options (such as alpha) as they were when the file was made",
        ) from error


def _no_download(name: str, error: Exception) -> InputError:
    import keras

    url = re.search(r"https?://[^\s:]+", str(error))
    place = Path(keras.config.keras_home()) / "models" if hasattr(keras.config, "keras_home") else "~/.keras/models"
    file = f"fetch {url.group(0)} elsewhere and put it into {place}" if url else f"put the file into {place}"
    return InputError(
        "model.backbone.weights",
        f"the ImageNet weights of {name} could not be downloaded ({first_line(error)}). Without a network: {file}, "
        "or set model.backbone.weights to a weights file of yours, or to null to train from scratch",
    )
