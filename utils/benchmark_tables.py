"""Figures of benchmark.py as Markdown tables: a table is a list of rows with the same columns."""

from collections.abc import Sequence

Row = dict[str, str | int | float | bool]


def markdown(title: str, rows: Sequence[Row]) -> str:
    """A table under its title; numbers stand to the right, with three digits if not whole."""
    columns = list(rows[0])
    numeric = [isinstance(rows[0][column], int | float) for column in columns]
    lines = [
        _line(columns),
        _line(["---:" if right else "---" for right in numeric]),
        *(_line([_text(row[column]) for column in columns]) for row in rows),
    ]
    return "\n".join([f"## {title}", "", *lines, ""])


def compare(seconds: dict[str, float], baseline: str) -> Row:
    """Columns of a comparison: each variant's seconds, then how many times faster it is."""
    row: Row = {f"{name}, s": value for name, value in seconds.items()}
    for name, value in seconds.items():
        if name != baseline:
            row[f"{name}, x"] = seconds[baseline] / value
    return row


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _text(value: str | float | bool) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else value
