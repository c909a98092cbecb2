"""Tests of `utils/photographs/`."""
