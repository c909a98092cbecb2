"""Checkpoints of a stage; a kill, a full disk or a damaged file loses at most the newest.

    checkpoints/ckpt-STEP.index, ckpt-STEP.data-00000-of-00001    TensorFlow's files
    checkpoints/ckpt-STEP.sha256                                  their checksums, written last

A checkpoint without checksums is ignored. `sha256sum -c ckpt-STEP.sha256` checks one by hand.
"""

import logging
from pathlib import Path

import tensorflow as tf

from utils.files import beside, flush, one_line, remove, sha256, write_text

KEPT = 2

_PREFIX = "ckpt-"
_CHECKSUMS = ".sha256"

_LOG = logging.getLogger(__name__)


class CheckpointError(OSError):
    """A checkpoint cannot be written, or every one is damaged."""


def save(checkpoint: tf.train.Checkpoint, folder: Path, step: int) -> None:
    """Writes the checkpoint of a step, then removes all but the last two.

    Raises:
        CheckpointError: It cannot be written, for example on a full disk; the last one stays.
    """
    folder.mkdir(parents=True, exist_ok=True)
    prefix = folder / f"{_PREFIX}{step}"
    _remove_partial(folder)  # of a run that was killed
    try:
        checkpoint.write(str(beside(prefix)))
        _publish(prefix)
    except (tf.errors.OpError, OSError) as error:
        _remove_partial(folder)
        last = newest(folder)
        raise CheckpointError(
            f"{prefix} could not be written; the last good checkpoint is {last or 'none'}."
            f" Received: {one_line(error)}"
        ) from error
    _tidy(folder, step)


def restore(checkpoint: tf.train.Checkpoint, prefix: str) -> None:
    """Reads a checkpoint into objects; values of other objects are ignored.

    Raises:
        CheckpointError: A variable is missing or has another shape, or the file is unreadable.
    """
    try:
        checkpoint.read(prefix).assert_existing_objects_matched().expect_partial()
    except Exception as error:  # TensorFlow raises a dozen kinds, AssertionError among them
        raise CheckpointError(
            f"{prefix} must hold the weights of this stage's networks; settings.json may have been"
            f" edited. Received: {one_line(error)}"
        ) from error


def newest(folder: Path) -> str | None:
    """Prefix of the newest undamaged checkpoint; None if there are none at all.

    Damaged ones are logged and skipped.

    Raises:
        CheckpointError: All are damaged.
    """
    steps = _steps(folder)
    for step in steps:
        prefix = folder / f"{_PREFIX}{step}"
        damage = _damage(prefix)
        if damage is None:
            return str(prefix)
        _LOG.warning("%s is damaged (%s); taking the checkpoint before it.", prefix, damage)
    if steps:
        raise CheckpointError(
            f"{folder} must hold an undamaged checkpoint; move the folder away to start again."
            f" Received: damaged ones of the steps {steps}"
        )
    return None


def last_step(folder: Path) -> int | None:
    """Step of the newest checkpoint, damaged or not; None if there are none."""
    return next(iter(_steps(folder)), None)


def _publish(prefix: Path) -> None:
    """Renames the finished files, then writes their checksums."""
    aside = beside(prefix)
    lines: list[str] = []
    _with_suffix(prefix, _CHECKSUMS).unlink(missing_ok=True)  # of a damaged checkpoint
    for path in sorted(aside.parent.glob(f"{aside.name}.*")):
        flush(path)
        target = _with_suffix(prefix, path.name.removeprefix(aside.name))
        lines.append(f"{sha256(path)}  {target.name}\n")
        path.rename(target)
    write_text(_with_suffix(prefix, _CHECKSUMS), "".join(lines))
    flush(prefix.parent)


def _remove_partial(folder: Path) -> None:
    for path in folder.glob(f"{beside(Path(_PREFIX + '*'))}*"):
        remove(path)  # files, and a folder that TensorFlow makes


def _tidy(folder: Path, step: int) -> None:
    """Removes all but the last two checkpoints up to a step, checksums first."""
    kept = [s for s in _steps(folder) if s <= step][:KEPT]
    names = {f"{_PREFIX}{s}" for s in kept}
    paths = [path for path in folder.glob(f"{_PREFIX}*") if path.name.split(".")[0] not in names]
    for path in sorted(paths, key=lambda path: path.suffix != _CHECKSUMS):
        path.unlink()


def _steps(folder: Path) -> list[int]:
    """Steps of the complete checkpoints, newest first."""
    numbers = (path.stem.removeprefix(_PREFIX) for path in folder.glob(f"{_PREFIX}*{_CHECKSUMS}"))
    return sorted((int(number) for number in numbers if number.isdecimal()), reverse=True)


def _damage(prefix: Path) -> str | None:
    """Description of a checkpoint's damage; None if it is sound."""
    path = _with_suffix(prefix, _CHECKSUMS)
    if not path.is_file():
        return f"no file {path.name}"
    try:
        lines = path.read_text().splitlines()
        sums = {name: checksum for checksum, name in (line.split("  ", 1) for line in lines)}
        missing = {f"{prefix.name}.index"} - sums.keys()
        paths = {name: prefix.parent / name for name in sums}
        missing |= {name for name, path in paths.items() if not path.is_file()}
        wrong = {name for name in sums.keys() - missing if sha256(paths[name]) != sums[name]}
        if wrong | missing:
            return f"wrong checksum: {', '.join(sorted(wrong | missing))}"
    except (OSError, ValueError) as error:
        return one_line(error)
    return None


def _with_suffix(prefix: Path, suffix: str) -> Path:
    return prefix.with_name(prefix.name + suffix)
