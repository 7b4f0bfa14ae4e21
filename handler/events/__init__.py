"""Parse events into jobs, with a module for each sender. Pure. Only these modules decode object keys."""
