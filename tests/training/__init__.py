"""Tests of `utils/training/`."""
