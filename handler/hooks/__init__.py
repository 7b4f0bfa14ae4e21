"""Webhooks of shops, downloads of their images, and callbacks to the receivers that are registered for results."""
