"""Tests of `utils/benchmarking/`."""
