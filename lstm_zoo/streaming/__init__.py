"""Live video: a network of clips as one step with a memory, and what it says of a stream while it comes."""
