"""All kinds of bad inputs, and the share of each."""

from tests.fuzz import contents, crafted, exposures, locks, runs, trees, weights
from tests.fuzz import frames_and_photographs as pictures
from tests.fuzz.scene_doors import ALIGN, BASELINES, CHECK, EVALUATE, FUSION, PREDICTIONS, RECORDS
from tests.fuzz.scene_kinds import SceneKind
from tests.fuzz.whole_runs import RunKind

Kind = SceneKind | RunKind

_DATA_SETS = (FUSION, ALIGN, EVALUATE, CHECK, RECORDS)
_PHOTOGRAPHS = (FUSION, ALIGN)

_SHARES: tuple[tuple[Kind, int], ...] = (
    (SceneKind(name="frame", plant=pictures.frame, doors=_DATA_SETS), 24),
    (SceneKind(name="photograph", plant=pictures.photograph, doors=_PHOTOGRAPHS), 28),
    (SceneKind(name="truth", plant=pictures.truth, doors=_DATA_SETS), 8),
    (SceneKind(name="prediction", plant=pictures.prediction, doors=(PREDICTIONS,)), 8),
    (SceneKind(name="contents", plant=contents.contents, doors=(*_DATA_SETS, BASELINES)), 8),
    (SceneKind(name="exposures", plant=exposures.exposures, doors=_DATA_SETS), 7),
    (SceneKind(name="scans", plant=crafted.scans, doors=_PHOTOGRAPHS), 3),
    (SceneKind(name="tiles", plant=crafted.tiles, doors=_PHOTOGRAPHS), 3),
    (SceneKind(name="channels", plant=crafted.channels, doors=(PREDICTIONS,)), 3),
    (RunKind(name="folders", case=trees.case), 4),
    (RunKind(name="locks", case=locks.case), 3),
    (RunKind(name="replaced", case=runs.replaced_case), 3),
    (RunKind(name="weights", case=weights.case), 6),
    (RunKind(name="run", case=runs.run_case), 5),
    (RunKind(name="records", case=runs.records_case), 6),
)

KINDS: dict[str, Kind] = {kind.name: kind for kind, _ in _SHARES}


def shares(cases: int) -> dict[str, int]:
    """Divides a number of cases among the kinds; each gets at least one."""
    whole = sum(share for _, share in _SHARES)
    return {kind.name: max(1, round(cases * share / whole)) for kind, share in _SHARES}
