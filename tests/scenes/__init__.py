"""Tests of `utils/scenes/`."""
