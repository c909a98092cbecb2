"""Runs the networks on scenes of any size.

May import `models`, `runs`, `evaluation`, `scenes`, `radiometry`, `hardware` and `files`.
"""
