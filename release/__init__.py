"""Packs what somebody needs who deploys without building: layers, functions, a template, checksums, instructions.

`make release` runs it and writes a folder below dist/. The same sources give the same bytes.
"""
