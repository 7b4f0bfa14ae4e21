"""The Lambda functions: they take events and requests, run the pipeline, and store results. Only they use AWS."""
