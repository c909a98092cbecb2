"""Makes weights and figures: run as `python -m lab.NAME`. No other package imports it."""
