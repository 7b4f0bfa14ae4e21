"""Door 4: images that are in the input bucket already, cut by a job of S3 Batch Operations."""
