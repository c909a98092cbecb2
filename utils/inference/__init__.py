"""Runs the networks on scenes of any size and gives radiance.

May import `models`, `runs`, `evaluation`, `scenes`, `radiometry`, `hardware` and `files`.
"""
