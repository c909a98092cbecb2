"""Tests of `lab/benchmarking/`."""
