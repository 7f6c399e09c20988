"""Labelled videos: clips of T frames out of videos of any length."""
