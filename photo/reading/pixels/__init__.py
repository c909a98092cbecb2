"""What a pixel value of a photograph means: its colour profile and its white level."""
