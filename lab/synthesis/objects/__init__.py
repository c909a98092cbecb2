"""Moving objects of synthetic scenes: outlines, fine edges, textures and where they are pasted.

May import what `lab/synthesis` may.
"""
