"""How the outputs of a network that was trained by CTC become text."""
