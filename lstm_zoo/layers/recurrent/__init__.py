"""Recurrent layers over time: the fast loop, cells, how they run on this machine, and a read-out by attention."""
