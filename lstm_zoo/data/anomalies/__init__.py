"""Films in which nothing but the normal is to be learned: how they are stored and shown, their labels and data sets."""
