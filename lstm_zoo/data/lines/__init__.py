"""Lines of text: their pictures and their transcriptions."""
