"""Tests of `configs/`."""
