"""Tests of `photo/reading/`."""
