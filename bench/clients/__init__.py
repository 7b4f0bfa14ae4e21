"""remove.bg's clients against the HTTP API: `python -m bench.clients`."""
