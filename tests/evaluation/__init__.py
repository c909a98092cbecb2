"""Tests of `utils/evaluation/`."""
