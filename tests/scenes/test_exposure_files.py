"""Files of exposures: a number a line, whoever wrote them, and a reason if they make no sense."""

import codecs

import numpy as np
import pytest

from utils.scenes import exposure_files

FRAMES = [np.full((16, 16, 3), value, np.float32) for value in (0.2, 0.4, 0.8)]


@pytest.mark.parametrize(
    "data",
    [b"0\n2\n4\n", codecs.BOM_UTF8 + b"0\r\n2\r\n4", b"\n 0 \n\n2\n4\n\n"],
    ids=["plain", "byte order mark", "empty lines"],
)
def test_lines_are_read_whatever_editor_wrote_them(tmp_path, data):
    path = tmp_path / "exposure.txt"
    path.write_bytes(data)
    found = exposure_files.read(path, FRAMES)
    assert found.values.tolist() == [0, 2, 4]
    assert found.unit == "stops"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("0", "nan", "4"), r"every number must be finite\. Received: \['0', 'nan', '4'\]"),
        (("0", "inf", "4"), "every number must be finite"),
        (("0", "-Infinity", "4"), "every number must be finite"),
        (("0", "1" * 5000, "4"), r"every number must be finite\. Received: \['0', '1{20}\.\.', "),
        (("0", "1" * 4000 + "/1", "4"), "every number must be finite"),
        (("0", "1" * 5000 + "/1", "4"), "one number a line"),
        (("0", "2", "2"), "no number may occur twice"),
        (("0", "two", "4"), "one number a line"),
        (("0", "2"), "a line for each of the 3 frames. Received: 2 lines"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_wrong_is_said_as_what_it_is(tmp_path, lines, message):
    path = tmp_path / "exposure.txt"
    path.write_text("\n".join(lines))
    with pytest.raises(ValueError, match=rf"(?s)exposure\.txt must.*{message}") as error:
        exposure_files.read(path, FRAMES)
    assert len(str(error.value)) < 300 + len(str(path))
