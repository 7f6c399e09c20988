"""More than one machine: workers on a Ray cluster, and what they do; nothing here is imported without `--workers`."""
