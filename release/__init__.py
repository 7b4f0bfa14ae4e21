"""Packs a release for deployment without a build: layers, functions, a template, checksums and instructions.

`make release` runs it and writes a folder below dist/. The same sources give the same bytes.
"""
