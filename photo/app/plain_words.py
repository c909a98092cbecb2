"""Messages for people who use the page: without commands, as HTML."""

import html
import re
from collections.abc import Iterable
from typing import Literal

_COMMAND = re.compile(r"(?<![^\s(])--[a-z]|\bESBN_|\bexposure\.txt|\b\w+\.py\b")
_REMARK = re.compile(r" \([^()]*\)")
_TABLE = re.compile(r"(?<=from )--exposures|--exposures(?= (?:says|must|is))")


def without_commands(text: str) -> str:
    """A message without clauses about flags, environment variables and files of exposures.

    If nothing else is left, the message stays as it is. What stops were given by is the table.
    """
    head, mark, received = text.partition(" Received: ")
    head = _REMARK.sub(lambda x: "" if _COMMAND.search(x[0]) else x[0], head)
    head = _TABLE.sub("the table", head)
    sentences = [
        [clause for clause in sentence.split("; ") if not _COMMAND.search(clause)]
        for sentence in re.split(r"(?<=\.) ", head)
    ]
    kept = " ".join(f"{'; '.join(clauses).rstrip('.')}." for clauses in sentences if clauses)
    return f"{kept}{mark}{received}" if kept else text


def message(kind: Literal["error", "warning", "note"], text: str) -> str:
    """A message as HTML, escaped."""
    return f'<p class="said {kind}">{html.escape(without_commands(text))}</p>'


def details(lines: Iterable[str]) -> str:
    """Technical notes as HTML, escaped and folded."""
    items = "".join(f"<li>{html.escape(without_commands(line))}</li>" for line in lines)
    return f"<details><summary>Details</summary><ul>{items}</ul></details>" if items else ""
