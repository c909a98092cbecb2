"""Trains the networks: stages, losses, optimisers, the loop and its log.

May import `records`, `runs`, `evaluation`, `scenes`, `images`, `radiometry` and `files`.
"""
