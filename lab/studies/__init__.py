"""Studies behind figures in the docs: run as `python -m lab.studies.NAME`."""
