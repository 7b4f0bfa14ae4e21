"""Downloads model weights and checks their sha256: `python -m weights NAME`."""
