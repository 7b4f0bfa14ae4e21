"""Door 1: images that are uploaded to the input bucket, through a queue."""
