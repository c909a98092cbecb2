"""Finds photographs, chooses a bracket's frames and turns them into a scene.

May import `utils` and `photo.png_metadata`.
"""
