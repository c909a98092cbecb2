"""Moving objects of synthetic scenes: outlines, fine edges, textures, pasting."""
