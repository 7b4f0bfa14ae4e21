"""Door 2: the HTTP API, with remove.bg's endpoint, one for single images, and jobs for larger or slower images."""
