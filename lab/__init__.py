"""Where weights and figures are made: run as `python -m lab.NAME`. Nobody imports it."""
