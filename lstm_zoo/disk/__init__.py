"""Files that are whole or not there, and folders in which one process works at a time."""
