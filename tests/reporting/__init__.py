"""Tests of `utils/reporting/`."""
