"""Reads EXIF: a photograph's exposure, and the tags that a result keeps.

Tags are those of EXIF 2.32. Impossible values that editors and phones write (a shutter time of 0 or
of a year, ISO 0, text for a number) count as missing.
"""

import dataclasses
import datetime as dt
import logging
import math
from collections.abc import Sequence
from typing import Any, Self

from PIL import ExifTags, Image

_EXIF_IFD = 0x8769
_EXPOSURE_TIME = 0x829A
_F_NUMBER = 0x829D
_TAKEN, _TAKEN_FRACTION = 0x9003, 0x9291  # DateTimeOriginal, and decimals of its seconds
_SHUTTER_SPEED = 0x9201  # APEX: -log2 of seconds
_APERTURE = 0x9202  # APEX: 2 log2 of the f-number
# ISO; cameras above 65535 write 65535 in the first and the number in one of the others.
_SENSITIVITIES = (0x8827, 0x8831, 0x8832, 0x8833)

# Make, Model, DateTime, Artist, Copyright
_KEPT = (0x010F, 0x0110, 0x0132, 0x013B, 0x8298)
# DateTimeOriginal, DateTimeDigitized, their time zones, FocalLength (and in 35 mm), lens names
_KEPT_EXIF = (0x9003, 0x9004, 0x9010, 0x9011, 0x9012, 0x920A, 0xA405, 0xA433, 0xA434)

_LONGEST_TEXT, _MOST_NUMBERS = 4000, 4  # of a kept tag; a JPEG's EXIF has at most 65,533 bytes

_TIMES = (1e-7, 1e5)  # seconds
_F_NUMBERS = (0.3, 256.0)
_ISOS = (1.0, 1e7)

_LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Exposure:
    """Exposure of a photograph; None for missing or impossible values."""

    time: float | None = None
    """Shutter time in seconds."""
    f_number: float | None = None
    """Focal length over the aperture's diameter."""
    iso: float | None = None
    """Sensitivity, ISO 12232."""

    @classmethod
    def of(cls, exif: Image.Exif) -> Self:
        """Exposure of an EXIF block; APEX values replace missing plain ones."""
        tags = {**exif, **_sub_tags(exif)}  # plain TIFF writers put them into the main block
        apex_time = _number(tags.get(_SHUTTER_SPEED), -20, 20)
        # Cameras write 0 for lenses that they do not know; as APEX it would be f/1.
        apex_aperture = _number(tags.get(_APERTURE), -4, 16) or None
        isos = [_number(tags.get(tag), *_ISOS) for tag in _SENSITIVITIES]
        return cls(
            time=_number(tags.get(_EXPOSURE_TIME), *_TIMES)
            or (None if apex_time is None else 2.0**-apex_time),
            f_number=_number(tags.get(_F_NUMBER), *_F_NUMBERS)
            or (None if apex_aperture is None else 2.0 ** (apex_aperture / 2)),
            iso=max((iso for iso in isos if iso), default=None),
        )

    @classmethod
    def of_values(cls, time: object, f_number: object, iso: object) -> Self:
        """Exposure from another reader's numbers; impossible values count as missing."""
        return cls(
            time=_number(time, *_TIMES),
            f_number=_number(f_number, *_F_NUMBERS),
            iso=_number(iso, *_ISOS),
        )

    def describe(self) -> str:
        """The exposure as `1/250 s, f/5, ISO 100`, with what is unknown as `no aperture`."""
        if self.time is None:
            time = "no shutter time"
        elif self.time < 0.4:
            time = f"1/{1 / self.time:.0f} s"
        else:
            time = f"{self.time:g} s"
        f_number = "no aperture" if self.f_number is None else f"f/{self.f_number:.3g}"
        return f"{time}, {f_number}, {'no ISO' if self.iso is None else f'ISO {self.iso:.0f}'}"


UNKNOWN = Exposure()


def exposure_values(exposures: Sequence[Exposure]) -> list[float | None]:
    """Stops of light of a bracket's photographs: `log2(time * iso / 100 / f_number ** 2)`.

    An aperture or a sensitivity that all photographs lack cancels out; one that only some lack
    leaves these unknown, as a missing time does.

    Returns:
        A value for each photograph; None where it is unknown.
    """
    no_f_number = all(exposure.f_number is None for exposure in exposures)
    no_iso = all(exposure.iso is None for exposure in exposures)
    values: list[float | None] = []
    for exposure in exposures:
        f_number = 1.0 if no_f_number else exposure.f_number
        iso = 100.0 if no_iso else exposure.iso
        if exposure.time is None or f_number is None or iso is None:
            values.append(None)
        else:
            values.append(math.log2(exposure.time * iso / 100 / f_number**2))
    return values


def capture_time(exif: Image.Exif) -> float | None:
    """Seconds from an arbitrary moment until the photograph was taken; None if EXIF has none."""
    tags = {**exif, **_sub_tags(exif)}
    try:
        taken = dt.datetime.strptime(str(tags[_TAKEN]).strip("\0 "), "%Y:%m:%d %H:%M:%S")
        fraction = str(tags.get(_TAKEN_FRACTION, "")).strip("\0 ")
        seconds = (taken - dt.datetime(2000, 1, 1)).total_seconds()
        return seconds + (float(f"0.{fraction}") if fraction.isdecimal() else 0.0)
    except (KeyError, ValueError, OverflowError):
        return None


def kept(exif: Image.Exif) -> bytes:
    """The part of a photograph's EXIF that is valid for a picture made of several.

    Camera, lens, focal length, date, artist and copyright are kept. Exposure (there are three),
    orientation (the picture is upright), preview, maker notes and, for privacy, the location are
    not. A tag that a JPEG has no room for is left out with a warning.

    Returns:
        An EXIF block for `PIL.Image.save(exif=...)`; may be empty.
    """
    result = Image.Exif()
    for tag in _KEPT:
        if isinstance(exif.get(tag), str) and _fits(tag, exif[tag]):
            result[tag] = exif[tag]
    sub, source = result.get_ifd(_EXIF_IFD), _sub_tags(exif)
    for tag in _KEPT_EXIF:
        value = source.get(tag)
        number = _number(value, 1e-3, 1e5) is not None
        if (isinstance(value, str) or number) and _fits(tag, value):
            sub[tag] = value
    try:
        return result.tobytes() if len(result) or len(sub) else b""
    except (ValueError, TypeError, OverflowError, UnicodeError):  # invalid tags in the input
        return b""


def _fits(tag: int, value: object) -> bool:
    length = len(value) if isinstance(value, str | tuple | list) else 1
    fits = length <= (_LONGEST_TEXT if isinstance(value, str) else _MOST_NUMBERS)
    if not fits:
        name, begin = ExifTags.TAGS.get(tag, tag), str(value)[:20]
        _LOG.warning("Results do without EXIF tag %s. Received: %d of %r..", name, length, begin)
    return fits


def _sub_tags(exif: Image.Exif) -> dict[int, Any]:
    try:
        return dict(exif.get_ifd(_EXIF_IFD))
    except Exception:  # a broken block may raise any error
        return {}


def _number(value: object, lowest: float, highest: float) -> float | None:
    """A tag's number if it is in [lowest, highest], else None; tags may be tuples, text, 0/0."""
    if isinstance(value, tuple | list) and value:
        value = value[0]
    try:
        number = float(value)  # pyright: ignore[reportArgumentType]
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return number if lowest <= number <= highest else None
