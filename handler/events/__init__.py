"""One module a trigger: its events into jobs. Pure. Object keys are decoded here, once, and nowhere else."""
