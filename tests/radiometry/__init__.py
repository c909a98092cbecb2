"""Tests of `utils/radiometry/`."""
