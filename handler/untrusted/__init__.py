"""Requests to URLs that other people name, with protection against server-side request forgery."""
