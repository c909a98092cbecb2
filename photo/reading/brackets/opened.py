"""Opens the photographs of a bracket, and gives them one orientation and white level."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from photo.reading.brackets.headers import read_header
from photo.reading.brackets.orientation import overruled, turned
from photo.reading.camera_files import read_photo
from photo.reading.frame_choice import small_version
from photo.reading.pixels.white_level import FULL, common_white, to_full_range
from utils.camera_motion.gap_filling import filled
from utils.radiometry.bracket import MID_FRAME, SOURCE_FRAMES
from utils.scenes.scene import SceneError


class Opened:
    """Thumbnail and metadata of one photograph."""

    def __init__(self, path: Path, *, keep_frame: bool) -> None:
        """Reads the file; a frame that is not kept is read again by `take_frame`."""
        photo = read_photo(path)
        self.path = path
        self.tag = self._turned_to = read_header(path).orientation
        self.thumbnail = small_version(photo.frame)
        self.exposure = photo.exposure
        self.exif = photo.exif
        self.notes = photo.notes
        self.gaps = photo.gaps
        self.white_range, self.white = photo.white, FULL
        self.balance = self.developed_as = photo.balance
        self.shape, self.dtype = photo.frame.shape, photo.frame.dtype
        self._frame = photo.frame if keep_frame else None

    def turn(self, tag: int) -> None:
        """Turns the photograph as if it had this orientation tag."""
        self._turned_to = tag
        self.thumbnail = turned(self.thumbnail, self.tag, tag)
        self.gaps = None if self.gaps is None else turned(self.gaps, self.tag, tag)
        if (tag > 4) != (self.tag > 4):
            self.shape = (self.shape[1], self.shape[0], 3)

    @property
    def kind(self) -> str:
        """Size and type of the frame."""
        return f"{self.shape[1]}x{self.shape[0]} {self.dtype}"

    def take_frame(self) -> np.ndarray:
        """The frame, which is not kept, of the bracket's white level and balance."""
        frame, self._frame = self._frame, None
        if frame is None or self.developed_as != self.balance:
            frame = read_photo(self.path, self.developed_as).frame
        frame = to_full_range(frame, self.white)
        if self._turned_to != self.tag:
            frame = turned(frame, self.tag, self._turned_to)
        if (frame.shape, frame.dtype) != (self.shape, self.dtype):
            raise SceneError(
                f"{self.path.name} must not change while it is read; run this again. Received:"
                f" {self.path} of {frame.shape[1]}x{frame.shape[0]} {frame.dtype}, was {self.kind}"
            )
        return frame

    def take_filled(
        self, reference: np.ndarray, ratio: float
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """The frame, its transparent pixels filled in, and where they are."""
        return self.fill_gaps(self.take_frame(), reference, ratio), self.gaps

    def fill_gaps(self, frame: np.ndarray, reference: np.ndarray, ratio: float) -> np.ndarray:
        """Fills transparent pixels in place; see `filled`."""
        return frame if self.gaps is None else filled(frame, reference, self.gaps, ratio)


def share_white(photos: Sequence[Opened]) -> tuple[str, ...]:
    """Gives all photographs the bracket's white level; returns warnings about the files."""
    notes = tuple(note for photo in photos for note in photo.notes)
    white = common_white([photo.white_range for photo in photos])
    if white == FULL:
        return notes
    for photo in photos:
        photo.white = white
        photo.thumbnail = np.minimum(photo.thumbnail * np.float32(FULL / white), 1)
    bits = white.bit_length()
    return (*notes, f"The photographs use {bits} of 16 bits: {white} is taken for white.")


def turn_odd_ones(photos: Sequence[Opened]) -> tuple[str, ...]:
    """Turns photographs whose orientation tag contradicts others and pixels; returns warnings."""
    odd = overruled([photo.tag for photo in photos], [photo.thumbnail for photo in photos])
    for index, tag in odd.items():
        photos[index].turn(tag)
    return tuple(
        f"{photos[index].path.name} has the orientation tag {photos[index].tag}, the others {tag};"
        f" its pixels fit {tag}, which is used."
        for index, tag in odd.items()
    )


def stack(photos: Sequence[Opened], times: Sequence[float]) -> np.ndarray:
    """The `(3, H, W, 3)` frames of low, reference and high, transparent pixels filled in.

    Each photograph is released once it is copied. `times` are relative exposure times.
    """
    kinds = [photo.kind for photo in photos]
    if len(set(kinds)) > 1:
        listed = (f"{photo.path.name} {kind}" for photo, kind in zip(photos, kinds, strict=True))
        raise SceneError(
            "Photographs must have one size, upright, and one bit depth."
            f" Received: {', '.join(listed)}"
        )
    ldr = np.empty((len(photos), *photos[0].shape), photos[0].dtype)
    for frame, photo in zip(ldr, photos, strict=True):
        frame[:] = photo.take_frame()
    low, high = SOURCE_FRAMES
    for frame, model in ((MID_FRAME, low), (low, MID_FRAME), (high, MID_FRAME)):
        photos[frame].fill_gaps(ldr[frame], ldr[model], times[frame] / times[model])
    return ldr


def gap_warnings(photos: Sequence[Opened]) -> tuple[str, ...]:
    """Warnings about transparent pixels of low, reference and high."""
    return tuple(
        f"{photo.path.name} has transparent pixels, which are filled in from the other frames."
        for photo in photos
        if photo.gaps is not None
    )
