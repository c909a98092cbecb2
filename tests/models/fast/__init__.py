"""Tests of `models/fast/`."""
