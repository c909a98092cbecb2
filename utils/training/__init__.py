"""Trains the networks: the loop and all that it needs.

May import `records`, `runs`, `metrics`, `scenes`, `images`, `radiometry` and `files`.
"""
