"""Writes tables, plots, sheets and aligned frames.

May import `inference`, `evaluation`, `scenes`, `images`, `radiometry`, `hardware` and
`files`.
"""
