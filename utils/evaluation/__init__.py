"""Measures results against the truth, under named protocols.

May import `inference`, `camera_motion`, `scenes`, `images`, `radiometry` and `photo.reading`.
"""
