"""Keeps a run's folder: settings, checkpoints, weights, and the networks made of them.

May import `models`, `hardware` and `files`.
"""
