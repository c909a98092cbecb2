"""Tests of `photo/`."""
