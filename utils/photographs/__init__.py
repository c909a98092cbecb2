"""Turns a folder of photographs into a scene.

May import `scenes`, `images` and `radiometry`.
"""
