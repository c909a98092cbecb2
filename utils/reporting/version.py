"""The version of this program, to reproduce a result."""

import subprocess
from pathlib import Path

_ROOT = Path(__file__).parent.parent.parent


def program_version(root: Path = _ROOT) -> str:
    """Commit of a checkout, followed by `-dirty` if files changed; `unknown` without history.

    `git describe --dirty` is avoided: it refreshes the index and, if killed, leaves a lock.
    """
    if not (root / ".git").exists():
        return "unknown"
    try:
        commit = _git(root, "describe", "--always", "--abbrev=40", "--exclude=*")
        changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{commit}-dirty" if changed else commit


def _git(root: Path, *words: str) -> str:
    command = ["git", "--no-optional-locks", "-C", str(root), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
