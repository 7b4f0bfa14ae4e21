"""Door 1: images from the input bucket's queue become cutouts in the output bucket."""
