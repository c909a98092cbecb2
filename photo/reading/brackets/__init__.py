"""Which photographs of a folder belong together."""
