"""Door 2: the HTTP API. remove.bg's endpoint, one image in and one out, and jobs for larger or slower images."""
