"""Command line of a script: flags, errors and exit codes.

Every field of the config is a flag, and `--preset` chooses the defaults. Errors and warnings are
lines on standard error that begin with `error:` or `warning:`, coloured on a terminal, printable in
any locale and safe beside a progress bar.
"""

import argparse
import contextlib
import io
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Literal, NoReturn, TypeVar, get_args

import tyro
from tqdm import tqdm

from configs.presets import Preset
from configs.start_up import EXIT_INTERRUPTED, INTERRUPTED, show_native_messages
from utils.files import one_line, printable

Config = TypeVar("Config")

EXIT_BAD_INPUT = 2
EXIT_UNREAD = 141
"""Exit code of a program whose output pipe was closed, as in shells."""

_NO_MEMORY = "Not enough memory; smaller tiles, patches or batches need less. Received: "
_BAD_INPUT = (ValueError, OSError, MemoryError)
_COLOURS = {"error": 31, "warning": 33}  # ANSI: red, yellow
_PRESETS = (
    "kalantari: the authors' patches, losses, rates and steps; its last stage trains end to end, as"
    " in the paper, which is commented out in the released code (--alignment frozen trains as the"
    " released code). quick: the same networks, trained in less time, for CPUs. small: quick with"
    " 24 instead of 64 channels, about three times as fast."
)


def parse(
    preset_config: Callable[[Preset], Config],
    description: str | None,
    arguments: Sequence[str] | None = None,
    like: Callable[[Config, Path], Config] | None = None,
) -> Config:
    """Turns command-line flags into a config.

    Args:
        preset_config: Function from a preset's name to its config, as in `configs/presets.py`.
        description: Text at the top of `--help`, the script's docstring.
        arguments: Flags; `sys.argv[1:]` if None.
        like: For a script with `--like RUN`: turns the preset's config into that of another run.

    Returns:
        The preset's config with the fields of the flags replaced. Unknown flags and illegal values
        end the program with a message that names them.
    """
    presets = get_args(Preset)
    selector = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    selector.add_argument("--preset", choices=presets, default="quick")
    if like:
        selector.add_argument("--like", type=Path)
    selected, rest = selector.parse_known_args(arguments)
    config = preset_config(selected.preset)
    if like and selected.like:
        config = like(config, selected.like)
    text = (description or "").strip() + (
        f"\n\n--preset {{{','.join(presets)}}} chooses the defaults below"
        f" (now: {selected.preset}); flags replace single values. {_PRESETS}"
    )
    if like:
        text += (
            "\n\n--like RUN takes all settings, and the records, from another run: with --run for a"
            " new run, without it to resume that one. Flags replace single values here too."
        )
    return tyro.cli(type(config), default=config, args=rest, description=text)


def report_failures(failures: Sequence[str]) -> int:
    """Prints errors to standard error; returns the script's exit code."""
    for failure in failures:
        _say("error", failure)
    return EXIT_BAD_INPUT if failures else 0


def count(number: int, noun: str) -> str:
    """A number with its noun: `1 scene`, `8 scenes`."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def run(
    main: Callable[[Config], int | None],
    preset_config: Callable[[Preset], Config],
    description: str | None,
    like: Callable[[Config, Path], Config] | None = None,
) -> None:
    """Parses the flags, runs `main` and ends the program.

    Bad input (`ValueError`, `OSError`) and a lack of memory end with one line on standard error and
    exit code 2; `ESBN_TRACEBACK=1` shows the traceback too. Ctrl-C ends with one line and exit code
    130. A closed pipe ends the script silently. Warnings of the log are shown as `warning:`.
    """
    show_native_messages()
    logging.getLogger().addHandler(_WARNINGS)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # the locale may lack a character
            stream.reconfigure(errors="backslashreplace")
    with _noting_interrupts() as interrupts:
        try:
            code = main(parse(preset_config, description, None, like))
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the last flush
            sys.exit(EXIT_UNREAD)
        except KeyboardInterrupt:
            _end_interrupted()
        except Exception as error:
            if interrupts:  # a library turned the Ctrl-C into another error
                _end_interrupted()
            if os.environ.get("ESBN_TRACEBACK") or not isinstance(error, _BAD_INPUT):
                raise
            lacking = isinstance(error, MemoryError)
            _say("error", _NO_MEMORY + one_line(error) if lacking else str(error))
            sys.exit(EXIT_BAD_INPUT)
        if interrupts:  # a library swallowed the Ctrl-C
            _end_interrupted()
    sys.exit(code or 0)


@contextlib.contextmanager
def _noting_interrupts() -> Iterator[list[int]]:
    """Yields a list that gets an entry for each Ctrl-C, which raises KeyboardInterrupt as well."""
    noted: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        noted.append(number)
        signal.default_int_handler(number, frame)

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:  # ignored, as in a background job
        yield noted
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before)


def _end_interrupted() -> NoReturn:
    _flush_output()
    tqdm.write(f"\n{INTERRUPTED}", file=sys.stderr)
    sys.exit(EXIT_INTERRUPTED)


class _Warnings(logging.Handler):
    """Writes log messages above the progress bar, one line each."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one message."""
        _say("error" if record.levelno >= logging.ERROR else "warning", self.format(record))


_WARNINGS = _Warnings(logging.WARNING)


def _say(kind: Literal["error", "warning"], message: str) -> None:
    """Writes a line to standard error; the first word is coloured on a terminal."""
    word = f"{kind}:"
    if sys.stderr.isatty() and not os.environ.get("NO_COLOR"):
        word = f"\x1b[1;{_COLOURS[kind]}m{word}\x1b[0m"
    _flush_output()
    tqdm.write(f"{word} {printable(message)}", file=sys.stderr)


def _flush_output() -> None:
    """Writes earlier output first, in case both streams go to one file."""
    with contextlib.suppress(OSError):  # a closed pipe
        sys.stdout.flush()
