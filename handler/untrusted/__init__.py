"""URLs that strangers name: checked, and downloaded within limits of time and size."""
