"""Logs and validates a stage at the steps of the loop."""

import contextlib
import time
from pathlib import Path
from typing import Self

import tqdm

from utils.training import log
from utils.training.log import Log
from utils.training.stages import Stage
from utils.training.validation import Validator


class Progress(contextlib.ExitStack):
    """Logs losses and validates; of several processes only the chief does."""

    def __init__(
        self, folder: Path, first_step: int, stage: Stage, records: str, crop: int, *, chief: bool
    ) -> None:
        """Opens the log of a stage.

        Args:
            folder: The stage's folder.
            first_step: Steps done; later lines of the log are dropped.
            stage: Networks to validate.
            records: Folder of the shards with the validation scenes.
            crop: Largest height and width of a validation scene.
            chief: Whether this process writes.
        """
        super().__init__()
        self._folder = folder
        self._log = self.enter_context(Log(folder, first_step)) if chief else None
        self._validator = Validator(stage, records, crop) if chief else None
        self._logged, self._since = first_step, time.perf_counter()

    def __enter__(self) -> Self:
        return self

    def log(self, step: int, values: dict[str, float]) -> None:
        """Logs losses and the like, and the mean seconds a step since the line before."""
        if self._log is None:
            return
        now = time.perf_counter()
        seconds = (now - self._since) / (step - self._logged)
        self._log.training(step, values | {"seconds": seconds})
        self._logged, self._since = step, now

    def validate(self, step: int) -> None:
        """Logs and prints scores on the held-out scenes, writes a preview and the curves."""
        if self._log is None or self._validator is None:
            return
        found = self._validator.run()
        scores: dict[str, float] = {}
        if found is not None:
            scores, sheet = found
            self._log.preview(step, sheet)
            self._log.validation(step, scores)
        log.draw(self._folder / log.CURVES_NAME, self._folder)
        text = ", ".join(f"{name} {value:.2f} dB" for name, value in scores.items())
        tqdm.tqdm.write(f"{self._folder.name}: step {step}: {text or 'no validation scenes'}")
