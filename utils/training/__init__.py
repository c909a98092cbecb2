"""Trains the networks: the loop and all that it needs.

May import `records`, `runs`, `evaluation`, `scenes`, `images`, `radiometry` and `files`.
"""
