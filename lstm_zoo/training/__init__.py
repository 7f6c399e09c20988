"""Training: a recipe becomes a run, through Keras `fit`."""
