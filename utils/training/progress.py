"""Decides what is noted at each step: losses, scores, pictures and speed."""

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
    """Notes losses and validates; of several processes only the chief's does anything."""

    def __init__(
        self, folder: Path, first_step: int, stage: Stage, records: str, crop: int, *, chief: bool
    ) -> None:
        """Opens the diary of a stage.

        Args:
            folder: The stage's folder.
            first_step: Steps done; what was noted of later ones is dropped.
            stage: Networks to validate.
            records: Folder of the shards with the validation scenes.
            crop: They are cropped to at most this many pixels a side.
            chief: Whether this process writes.
        """
        super().__init__()
        self._folder = folder
        self._journal = self.enter_context(Log(folder, first_step)) if chief else None
        self._validator = Validator(stage, records, crop) if chief else None
        self._logged, self._since = first_step, time.perf_counter()

    def __enter__(self) -> Self:
        return self

    def log(self, step: int, values: dict[str, float]) -> None:
        """Notes losses and the like, and the mean seconds a step since they were noted last."""
        if self._journal is None:
            return
        now = time.perf_counter()
        seconds = (now - self._since) / (step - self._logged)
        self._journal.log(step, values | {"seconds": seconds})
        self._logged, self._since = step, now

    def validate(self, step: int) -> None:
        """Notes and shows the scores on the held-out scenes, and draws the curves anew."""
        if self._journal is None or self._validator is None:
            return
        found = self._validator.run()
        scores: dict[str, float] = {}
        if found is not None:
            scores, sheet = found
            self._journal.preview(step, sheet)
            self._journal.validation(step, scores)
        log.draw(self._folder / log.CURVES_NAME, [self._folder])
        text = ", ".join(f"{name} {value:.2f} dB" for name, value in scores.items())
        tqdm.tqdm.write(f"{self._folder.name}: step {step}: {text or 'no validation scenes'}")
