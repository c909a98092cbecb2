"""Writes tables, plots, sheets and results.

May import `inference`, `evaluation`, `scenes`, `images`, `radiometry`, `hardware`, `files`,
`photo.reading` and `photo.showing`.
"""
