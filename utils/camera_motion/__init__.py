"""Takes the camera's own motion out of a bracket.

May import `scenes` and `radiometry`.
"""
