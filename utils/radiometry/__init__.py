"""Meaning of pixel values, and every conversion between ranges.

May import `models`, of which it takes the names of the frames.
"""
