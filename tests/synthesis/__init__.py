"""Tests of `utils/synthesis/`."""
