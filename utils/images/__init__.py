"""Reads and writes frames and radiance maps, draws on pictures.

May import `radiometry` and `files`.
"""
