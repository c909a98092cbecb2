"""Writes what a reconstruction leaves: pictures, sheets, tables and a page.

May import `inference`, `metrics`, `photographs`, `scenes`, `images`, `radiometry` and `files`.
"""
