"""Command line of a script: every field of its config is a flag, `--preset` gives the defaults.

It also says on standard error what went wrong: `error:` and `warning:` begin a line, beside a
progress bar too, in colour on a terminal. Whatever is in a name, it is printable, in any locale.
"""

import argparse
import contextlib
import io
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Literal, NoReturn, TypeVar, get_args

import tyro
from tqdm import tqdm

from configs.presets import Preset
from configs.start_up import EXIT_INTERRUPTED, INTERRUPTED
from utils.files import one_line, printable

Config = TypeVar("Config")

EXIT_BAD_INPUT = 2
EXIT_UNREAD = 141
"""What a shell makes of a program that ends because nobody reads its output."""

_NO_MEMORY = "Not enough memory; smaller tiles, patches or batches take less. Received: "
_OF_THE_INPUT = (ValueError, OSError, MemoryError)
_COLOURS = {"error": 31, "warning": 33}  # of a terminal: red, yellow

_RENAMED = {
    "--depth": "--sixteen-bits",
    "--network.no-aligned": "--alignment none (training_fusion.py)",
    "--network.aligned": "the default",
    "--cost": "in the tables of lab/benchmark.py",
}
"""Flags of earlier versions, and what each is now."""

_PRESETS = (
    "kalantari: the paper's training. quick: its networks at the size of a CPU."
    " small: networks of 24 instead of 64 channels, for about a third of the time."
)


def parse(
    preset_config: Callable[[Preset], Config],
    description: str | None,
    arguments: Sequence[str] | None = None,
) -> Config:
    """Turns command-line flags into a config.

    Args:
        preset_config: Function from a preset's name to its config, of `configs/presets.py`.
        description: Text that opens `--help`, the script's docstring.
        arguments: Flags; `sys.argv[1:]` if None.

    Returns:
        The preset's config with the fields replaced that the flags name. Unknown flags and
        illegal values end the program with a message that names them.

    Raises:
        ValueError: A flag has another name now.
    """
    presets = get_args(Preset)
    selector = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    selector.add_argument("--preset", choices=presets, default="quick")
    selected, rest = selector.parse_known_args(arguments)
    _refuse_renamed(rest)
    config = preset_config(selected.preset)
    text = (description or "").strip() + (
        f"\n\n--preset {{{','.join(presets)}}} chooses the defaults below"
        f" (now: {selected.preset}); flags replace single values. {_PRESETS}"
    )
    return tyro.cli(type(config), default=config, args=rest, description=text)


def _refuse_renamed(arguments: Sequence[str]) -> None:
    for argument in arguments:
        flag = argument.partition("=")[0].replace("_", "-")
        if flag in _RENAMED:
            raise ValueError(f"{flag} is now {_RENAMED[flag]}. Received: {argument}")


def report_failures(failures: Sequence[str]) -> int:
    """Names what failed on standard error; returns the script's exit code."""
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
) -> None:
    """Parses the flags, runs `main` and ends the program.

    Bad input (`ValueError`, `OSError`) ends with one line on standard error and exit code 2,
    without a traceback; set `ESBN_TRACEBACK=1` to see where it came from. So do a lack of memory
    and Ctrl-C, which has exit code 130. Who reads the output may leave, as `head` does: that ends
    the program without a word. Warnings of the log are shown as `warning:`.
    """
    logging.getLogger().addHandler(_WARNINGS)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a locale may lack the signs of a table or name
            stream.reconfigure(errors="backslashreplace")
    with _noting_interrupts() as interrupts:
        try:
            code = main(parse(preset_config, description))
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the last flush
            sys.exit(EXIT_UNREAD)
        except KeyboardInterrupt:
            _end_interrupted()
        except Exception as error:
            if interrupts:  # a library made another error of it
                _end_interrupted()
            if os.environ.get("ESBN_TRACEBACK") or not isinstance(error, _OF_THE_INPUT):
                raise
            lacking = isinstance(error, MemoryError)
            _say("error", _NO_MEMORY + one_line(error) if lacking else str(error))
            sys.exit(EXIT_BAD_INPUT)
        if interrupts:  # and it came to nobody's ears
            _end_interrupted()
    sys.exit(code or 0)


@contextlib.contextmanager
def _noting_interrupts() -> Iterator[list[int]]:
    """Yields a list that grows with every Ctrl-C, each of which raises as ever."""
    noted: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        noted.append(number)
        signal.default_int_handler(number, frame)

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:  # ignored, as in a job in the background
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
    """Writes the log above the progress bar, a line each."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one message."""
        _say("error" if record.levelno >= logging.ERROR else "warning", self.format(record))


_WARNINGS = _Warnings(logging.WARNING)


def _say(kind: Literal["error", "warning"], message: str) -> None:
    """Writes a line to standard error; its first word is in colour where that is a terminal."""
    word = f"{kind}:"
    if sys.stderr.isatty() and not os.environ.get("NO_COLOR"):
        word = f"\x1b[1;{_COLOURS[kind]}m{word}\x1b[0m"
    _flush_output()
    tqdm.write(f"{word} {printable(message)}", file=sys.stderr)


def _flush_output() -> None:
    """Brings out what was said before, for both streams may go into one file."""
    with contextlib.suppress(OSError):  # nobody reads it any more
        sys.stdout.flush()
