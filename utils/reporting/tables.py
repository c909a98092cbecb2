"""A table in three forms: CSV to compute with, Markdown to read, LaTeX to print."""

import csv
import dataclasses
import io
from collections.abc import Sequence
from pathlib import Path

from utils import files

_LATEX = {
    "\\": r"\textbackslash{}",
    "_": r"\_",
    "%": r"\%",
    "&": r"\&",
    "#": r"\#",
    "±": r"$\pm$",
    "μ": r"$\mu$",
    "†": r"$^\dagger$",
    "‡": r"$^\ddagger$",
    "§": r"$^\S$",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Table:
    """A heading, rows of text as long, notes below."""

    heading: list[str]
    rows: list[list[str]]
    notes: list[str]
    labels: int = 1
    """Columns at the left that hold no numbers."""


def to_csv(table: Table) -> str:
    """Comma-separated values; the notes come first, as comments."""
    text = io.StringIO()
    text.writelines(f"# {note}\n" for note in table.notes)
    csv.writer(text, lineterminator="\n").writerows([table.heading, *table.rows])
    return text.getvalue()


def to_markdown(table: Table) -> str:
    """A table as GitHub shows it."""
    right = len(table.heading) - table.labels
    lines = [table.heading, [*["---"] * table.labels, *["---:"] * right], *table.rows]
    text = "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
    return "\n".join([text, *(f"{note}  " for note in table.notes), ""]) if table.notes else text


def to_latex(table: Table) -> str:
    """A `tabular` with the rules of the package booktabs."""
    columns = "l" * table.labels + "r" * (len(table.heading) - table.labels)
    lines = [_latex_row(cells) for cells in (table.heading, *table.rows)]
    notes = [rf"% {note}" for note in table.notes]
    body = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", lines[0], r"\midrule", *lines[1:]]
    return "\n".join([*notes, *body, r"\bottomrule", r"\end{tabular}", ""])


def write(stem: Path, table: Table) -> None:
    """Writes `stem.csv`, `stem.md` and `stem.tex`; the folder is made."""
    for suffix, convert in ((".csv", to_csv), (".md", to_markdown), (".tex", to_latex)):
        files.write_text(stem.with_suffix(suffix), convert(table))


def _latex_row(cells: Sequence[str]) -> str:
    return " & ".join("".join(_LATEX.get(x, x) for x in cell) for cell in cells) + r" \\"
