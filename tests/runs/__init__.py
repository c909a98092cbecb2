"""Tests of `utils/runs/`."""
