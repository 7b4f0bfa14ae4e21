"""Door 3: webhooks of shops, downloads of their images, and callbacks to whoever registered for results."""
