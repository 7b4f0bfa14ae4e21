"""What became of the images of the last hours, read from the output bucket: `python -m handler.status`."""
