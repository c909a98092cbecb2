"""Tests of `utils/inference/`."""
