"""Films: their frames, each with its time, from containers, folders of pictures and arrays."""
