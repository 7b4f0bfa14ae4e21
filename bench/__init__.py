"""Benchmarks of Hairline. Those against PyMatting and rembg measure both in one run. RESULTS.md has the results."""
