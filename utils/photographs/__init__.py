"""Turns a folder of photographs into a scene.

May import `camera_motion`, `scenes`, `images` and `radiometry`.
"""
