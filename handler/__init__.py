"""The AWS adapters: an event in, pictures through the pipeline, outputs and a reply. The only code that knows AWS."""
