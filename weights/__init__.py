"""Downloads model weights, checked by their sha256: `python -m weights NAME`."""
