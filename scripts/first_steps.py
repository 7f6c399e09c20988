# %% [markdown]
# # First steps with lstm_zoo
#
# An LSTM that tells motions apart: load a recipe, see the data, train, look at mistakes, predict, export, and use a
# layer in a Keras model of your own. It needs no download, and a few minutes on a laptop.
#
# Before: `pip install 'lstm-zoo[export]'`, or `pip install -e '.[export]'` in a clone.

# %%
import csv
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow is imported, which talks much

import keras
import matplotlib.pyplot as plt
import numpy as np

import lstm_zoo

# %% [markdown]
# ## A recipe
#
# One YAML file is one recipe: data, model, task, training. `lstmzoo list configs` names those that come along. Each
# setting may be changed by its key; here there are fewer examples and epochs, so that training takes a minute or two.

# %%
SETTINGS = ["data.num_train=768", "train.epochs=6"]
config = lstm_zoo.load_config("moving_shapes_cnn_lstm.yaml", SETTINGS)
print(config.to_yaml())

# %% [markdown]
# ## The data
#
# Eight motions in four pairs. The two of a pair show the same frames, one of them in reverse: only their order tells
# them apart.

# %%
splits = config.data.load()
print({split: splits.size(split) for split in ("train", "val", "test")})
classes = splits.spec.class_names
inputs, targets = next(splits.eval_stream("test", 4).as_numpy_iterator())
clips = inputs["clip"]
print("clips:", clips.shape, clips.dtype)  # (B, T, H, W, C)


def show(clips, titles):
    """Show every other frame of clips, a row each."""
    num_columns = len(clips[0][::2])
    figure, rows = plt.subplots(len(clips), num_columns, figsize=(10, 1.4 * len(clips)), squeeze=False)
    for row, clip, title in zip(rows, clips, titles, strict=True):
        for place, frame in zip(row, clip[::2], strict=True):
            place.imshow(frame)
            place.axis("off")
        row[0].set_title(title, loc="left", fontsize=9)
    figure.tight_layout()
    plt.show()


show(clips, [classes[number] for number in targets])

# %% [markdown]
# ## Training
#
# The run is a directory: recipe, weights, figures, `report.html`. The same on the command line:
# `lstmzoo train --config moving_shapes_cnn_lstm.yaml`.

# %%
run = lstm_zoo.train(config)
print("run:", run.path)

# %%
with (run.path / "history.csv").open() as file:
    epochs = list(csv.DictReader(file))
for name, marker in (("top1", "o"), ("val_top1", "s")):
    plt.plot([float(epoch[name]) for epoch in epochs], marker=marker, label=name)
plt.axhline(1 / len(classes), color="gray", linestyle="--", label="by chance")
plt.xlabel("epoch")
plt.ylabel("share of clips that are right")
plt.legend()
plt.show()

# %% [markdown]
# ## How good is it?
#
# On clips that training never saw, beside the floor: what is right if one always says the most frequent class.

# %%
network = lstm_zoo.load(run.path)
scores = network.evaluate("test")
print("top-1:", scores["top1"], " floor:", scores["floors"]["majority"]["top1"])

# %% [markdown]
# ## Its mistakes
#
# Every answer stands in a table of the run.

# %%
with (run.path / "predictions-test.csv").open() as file:
    answers = list(csv.DictReader(file))
mistakes = [number for number, answer in enumerate(answers) if answer["truth"] != answer["prediction"]]
print(f"{len(mistakes)} of {len(answers)} are wrong")
all_clips = np.concatenate([inputs["clip"] for inputs, _ in splits.eval_stream("test", 32).as_numpy_iterator()])
titles = ["{truth}, taken for {prediction}".format(**answers[number]) for number in mistakes[:3]]
if mistakes:
    show(all_clips[mistakes[:3]], titles)

# %% [markdown]
# ## Predicting
#
# Files, folders and arrays go in. Here a clip runs forwards and backwards: the network has to tell them apart.

# %%
clip = clips[0]
forwards, backwards = network.predict([clip, clip[::-1]])
show([clip, clip[::-1]], [forwards.facts["classes"][0]["name"], backwards.facts["classes"][0]["name"]])
print(forwards.text)

# %% [markdown]
# ## For another program
#
# The file is loaded again in a fresh process and compared with the run before it is kept.

# %%
exported = network.export("onnx")
print(exported.path)
print(exported.predict(clip)[0].text)

# %% [markdown]
# ## A layer alone
#
# The layers are ordinary Keras layers. A two-dimensional LSTM reads a picture from all four corners, in a model of your
# own:

# %%
picture = keras.Input((16, 16, 3))
seen = lstm_zoo.layers.MDLSTM2D(8)(picture)
model = keras.Model(picture, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(seen)))
model.summary()
print(model.predict(np.zeros((1, 16, 16, 3), np.float32), verbose=0).shape)

# %% [markdown]
# ## And now
#
# Your own videos: one folder a class, then `lstmzoo train --config my_videos_cnn_lstm.yaml --set data.root=FOLDER`. The
# README's first table has the command for whatever you have.
