"""Measurements against PyMatting and rembg, each in the same run as Hairline's own; RESULTS.md holds what they gave."""
