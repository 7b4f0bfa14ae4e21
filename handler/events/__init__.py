"""Parsers of events, one module for each sender, into jobs. Pure. Object keys are decoded here only."""
