"""Tests of `utils/images/`."""
