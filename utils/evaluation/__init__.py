"""Measures results against the truth, under named protocols.

May import `camera_motion`, `scenes`, `images`, `radiometry` and `files`.
"""
