"""Tests of `lab/synthesis/`."""
