"""Counts the images of the last hours by outcome, from the output bucket: `python -m handler.status`."""
