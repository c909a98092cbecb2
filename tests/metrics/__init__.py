"""Tests of `utils/metrics/`."""
