"""Data sets on disk: finds, reads, checks and writes scenes.

May import `images`, `radiometry` and `files`.
"""
