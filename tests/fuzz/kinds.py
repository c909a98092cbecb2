"""All kinds of bad inputs, and the share of each."""

from tests.fuzz import contents, exposures_and_exif, flags, names, records, runs, trees
from tests.fuzz import frames_and_photographs as pictures
from tests.fuzz import weights as weights_files
from tests.fuzz.scene_doors import (
    ALIGN,
    BASELINES,
    CHECK,
    EVALUATE,
    FUSION,
    NTIRE,
    PREDICTIONS,
    RECORDS,
)
from tests.fuzz.scene_kinds import SceneKind
from tests.fuzz.verdicts import Kind
from tests.fuzz.whole_runs import RunKind

_DATA_SETS = (FUSION, ALIGN, EVALUATE, CHECK, RECORDS)
_ALL = (*_DATA_SETS, NTIRE, BASELINES)
_PHOTOGRAPHS = (FUSION, ALIGN)

_SHARES: tuple[tuple[Kind, int], ...] = (
    (SceneKind(name="frame", plant=pictures.frame, doors=_DATA_SETS), 24),
    (SceneKind(name="photograph", plant=pictures.photograph, doors=_PHOTOGRAPHS), 20),
    (SceneKind(name="truth", plant=pictures.truth, doors=_DATA_SETS), 8),
    (SceneKind(name="prediction", plant=pictures.prediction, doors=(PREDICTIONS,)), 8),
    (SceneKind(name="contents", plant=contents.contents, doors=_ALL), 6),
    (SceneKind(name="contents of photographs", plant=contents.photographs, doors=_PHOTOGRAPHS), 4),
    (SceneKind(name="exposures", plant=exposures_and_exif.exposure_file, doors=_DATA_SETS), 7),
    (SceneKind(name="EXIF", plant=exposures_and_exif.exif, doors=_PHOTOGRAPHS), 8),
    (SceneKind(name="names", plant=names.names, doors=_PHOTOGRAPHS), 5),
    (RunKind(name="folders", case=trees.case), 4),
    (RunKind(name="weights", case=weights_files.case), 6),
    (RunKind(name="run", case=runs.case), 5),
    (RunKind(name="records", case=records.case), 6),
    (RunKind(name="flags", case=flags.case), 2),
)

KINDS: dict[str, Kind] = {kind.name: kind for kind, _ in _SHARES}


def shares(cases: int) -> dict[str, int]:
    """Divides a number of cases among the kinds; each gets at least one."""
    whole = sum(share for _, share in _SHARES)
    return {kind.name: max(1, round(cases * share / whole)) for kind, share in _SHARES}
