"""The command line `hairline`."""
