"""Studies: `python -m lab.studies.NAME` prints a table. lab/NOTES.md has results."""
