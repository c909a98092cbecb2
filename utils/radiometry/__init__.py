"""Meaning of pixel values, and every conversion between ranges.

May import nothing of the project.
"""
