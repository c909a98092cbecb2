"""Tests of `photo/showing/`."""
