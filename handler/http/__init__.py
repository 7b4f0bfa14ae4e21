"""The HTTP API: remove.bg's endpoint, one picture in and one out, and jobs. `imaging` cuts, `intake` never does."""
