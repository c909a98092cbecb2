"""Tests of `photo/app/`."""
