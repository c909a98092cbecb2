"""Tests of `utils/records/`."""
