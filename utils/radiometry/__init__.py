"""Numbers: what a pixel's value means, and every conversion between ranges.

May import nothing of the project.
"""
