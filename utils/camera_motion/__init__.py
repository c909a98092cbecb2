"""Takes the camera's own motion out of a bracket, photographs and data sets alike.

May import `scenes`, `images` and `radiometry`.
"""
