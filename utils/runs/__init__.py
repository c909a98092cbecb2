"""Reads and writes a run's settings, checkpoints and weights, and builds networks from them.

May import `models`, `hardware` and `files`.
"""
