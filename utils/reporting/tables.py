"""Tables as CSV, Markdown and LaTeX; names are made printable in all of them."""

import csv
import dataclasses
import io
from collections.abc import Sequence
from pathlib import Path

from utils import files
from utils.files import printable

_FORMULA = ("=", "+", "-", "@")  # first characters, in spreadsheets
_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "_": r"\_",
    "%": r"\%",
    "&": r"\&",
    "#": r"\#",
    "±": r"$\pm$",
    "μ": r"$\mu$",
    "†": r"$^\dagger$",
    "‡": r"$^\ddagger$",
    "§": r"$^\S$",
    "¶": r"$^\P$",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Table:
    """A heading, rows as long as the heading, and notes."""

    heading: list[str]
    rows: list[list[str]]
    notes: list[str]
    labels: int = 1
    """Number of columns of text at the left; the others are numbers."""


def to_csv(table: Table) -> str:
    """Comma-separated values; the notes come first, as comments.

    A name that a spreadsheet would take for a formula gets an apostrophe.
    """
    text = io.StringIO()
    text.writelines(f"# {note}\n" for note in map(printable, table.notes))
    for cells in _lines(table):
        names = [
            f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells[: table.labels]
        ]
        csv.writer(text, lineterminator="\n").writerow([*names, *cells[table.labels :]])
    return text.getvalue()


def to_markdown(table: Table) -> str:
    """A table in GitHub's Markdown, notes below."""
    right = len(table.heading) - table.labels
    heading, *rows = ([cell.replace("|", r"\|") for cell in cells] for cells in _lines(table))
    lines = [heading, [*["---"] * table.labels, *["---:"] * right], *rows]
    text = "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
    notes = [f"{printable(note)}  " for note in table.notes]
    return "\n".join([text, *notes, ""]) if notes else text


def to_latex(table: Table) -> str:
    """A `tabular` for the package booktabs; the notes come first, as comments."""
    columns = "l" * table.labels + "r" * (len(table.heading) - table.labels)
    lines = [_latex_row(cells) for cells in _lines(table)]
    notes = [rf"% {printable(note)}" for note in table.notes]
    body = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", lines[0], r"\midrule", *lines[1:]]
    return "\n".join([*notes, *body, r"\bottomrule", r"\end{tabular}", ""])


def write(stem: Path, table: Table) -> None:
    """Writes `stem.csv`, `stem.md` and `stem.tex`; the folder is made."""
    for suffix, convert in ((".csv", to_csv), (".md", to_markdown), (".tex", to_latex)):
        files.write_text(stem.with_suffix(suffix), convert(table))


def _lines(table: Table) -> list[list[str]]:
    """The heading and the rows, printable."""
    return [[printable(cell) for cell in cells] for cells in (table.heading, *table.rows)]


def _latex_row(cells: Sequence[str]) -> str:
    return " & ".join("".join(_LATEX.get(x, x) for x in cell) for cell in cells) + r" \\"
