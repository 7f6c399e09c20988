"""Recurrent layers whose states are pictures, and whose products are convolutions."""
