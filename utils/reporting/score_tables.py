"""Tables of scores: by scene, protocol or method, with published scores, and differences.

Scores of other or unknown protocols, settings and of other scenes carry a mark, explained below the
table.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence

from utils.evaluation.octave.hdr_vdp_2 import HDR_VDP_2
from utils.evaluation.published import PUBLISHED, Published
from utils.evaluation.scoring import Numbers
from utils.evaluation.significance import Interval, bootstrap, compare
from utils.reporting.tables import Table
from utils.scenes.data_sets import OFFICIAL_TEST_SCENES

ByScene = Mapping[str, Numbers]
"""Scene's name to its scores."""

OTHER_PROTOCOL, UNKNOWN_PROTOCOL, OTHER_SCENES, OTHER_SETTINGS = "†", "‡", "§", "¶"
_NONE = "-"
_INTERVAL = "In brackets: bootstrapped 95 % interval of the mean over scenes."
_PAPER_COLUMNS = ("psnr_mu", "psnr_l", "ssim_mu", "ssim_l")
_HEADINGS = {
    "psnr_mu": "PSNR-μ",
    "psnr_l": "PSNR-l",
    "ssim_mu": "SSIM-μ",
    "ssim_l": "SSIM-l",
    "pu21_psnr": "PU21-PSNR",
    "pu21_ssim": "PU21-SSIM",
    "cvvdp": "ColorVideoVDP",
}


def scene_table(scores: Mapping[str, ByScene], notes: Sequence[str]) -> Table:
    """Scores of every scene under every protocol, then their mean and its 95 % interval."""
    names = _metrics(scores)
    rows = []
    for protocol, by_scene in scores.items():
        for scene, numbers in by_scene.items():
            rows.append([scene, protocol, *(_text(name, numbers[name]) for name in names)])
        if by_scene:
            intervals = {name: _interval(by_scene, name) for name in names}
            for label in ("mean", "low", "high"):
                values = [_text(name, getattr(intervals[name], label)) for name in names]
                rows.append([label, protocol, *values])
    explained = "low, high: bootstrapped 95 % interval of the mean over scenes."
    return Table(
        heading=["scene", "protocol", *map(_heading, names)],
        rows=rows,
        notes=[explained, *notes],
        labels=2,
    )


def protocol_table(scores: Mapping[str, ByScene], notes: Sequence[str]) -> Table:
    """Means of one method under every protocol, with their 95 % intervals."""
    names = _metrics(scores)
    rows = [
        [protocol, str(len(by_scene)), *(_with_interval(by_scene, name) for name in names)]
        for protocol, by_scene in scores.items()
        if by_scene
    ]
    return Table(
        heading=["protocol", "scenes", *map(_heading, names)],
        rows=rows,
        notes=[_INTERVAL, *notes],
    )


def method_table(methods: Mapping[str, Mapping[str, ByScene]], notes: Sequence[str]) -> Table:
    """Means of several methods with their 95 % intervals, over the scenes that all methods have.

    Args:
        methods: Method to title to scores; the same protocols in the same order for all.
        notes: Notes below the table.
    """
    names = _metrics(next(iter(methods.values())))
    rows = []
    for titled in zip(*(scores.items() for scores in methods.values()), strict=True):
        (_, first), *others = titled
        shared = [scene for scene in first if all(scene in other for _, other in others)]
        for method, (title, by_scene) in zip(methods, titled, strict=True) if shared else ():
            chosen = {scene: by_scene[scene] for scene in shared}
            values = (_with_interval(chosen, name) for name in names)
            rows.append([method, title, str(len(shared)), *values])
    return Table(
        heading=["method", "protocol", "scenes", *map(_heading, names)],
        rows=rows,
        notes=[_INTERVAL, *notes],
        labels=2,
    )


def paper_table(method: str, scores: Mapping[str, ByScene]) -> Table:
    """Published scores and the means of one method, in the form of the field's papers.

    Args:
        method: Name of the method.
        scores: Title of the protocol to scores; marks are relative to the first protocol.
    """
    reference = next(iter(scores))
    measured = next((name for name in _metrics(scores) if name.startswith(HDR_VDP_2)), HDR_VDP_2)
    rows = [_published_row(entry, reference) for entry in PUBLISHED]
    official = True
    for protocol, by_scene in scores.items():
        if by_scene:
            same_scenes = by_scene.keys() == OFFICIAL_TEST_SCENES
            official &= same_scenes
            marks = OTHER_PROTOCOL * (protocol != reference) + OTHER_SCENES * (not same_scenes)
            means = [
                _text(name, _interval(by_scene, name).mean) for name in (*_PAPER_COLUMNS, measured)
            ]
            rows.append([method + marks, *means, protocol, "this evaluation"])
    notes = [
        "Published numbers are of Kalantari's 15 test scenes.",
        f"{OTHER_PROTOCOL} measured under another protocol than {reference}.",
        f"{UNKNOWN_PROTOCOL} protocol not known.",
        f"{OTHER_SETTINGS} other or unknown viewing settings: {HDR_VDP_2} is not comparable.",
    ]
    if not official:
        notes.insert(1, f"{OTHER_SCENES} other scenes: not comparable with published numbers.")
    heading = ["method", *map(_heading, (*_PAPER_COLUMNS, measured)), "protocol", "source"]
    return Table(heading=heading, rows=rows, notes=notes)


def scenes_and_published(method: str, scores: Mapping[str, ByScene]) -> Table:
    """`paper_table` under the first protocol, below every scene and the means of their folders.

    Kalantari's test scenes are in `EXTRA` and `PAPER`.
    """
    title, by_scene = next(iter(scores.items()))
    table = paper_table(method, {title: by_scene})
    folders: dict[str, dict[str, Numbers]] = {}
    for scene, numbers in by_scene.items():
        folders.setdefault(scene.rpartition("/")[0], {})[scene] = numbers
    parts: dict[str, ByScene] = {}
    for folder, inside in folders.items():
        parts |= {scene: {scene: numbers} for scene, numbers in inside.items()}
        if folder:
            parts[f"{folder}, mean of {len(inside)}"] = inside
    own = {name: paper_table(name, {title: part}).rows[-1][1:] for name, part in parts.items()}
    rows = [[name, *cells] for name, cells in own.items()]
    heading = ["scene or method", *table.heading[1:]]
    return dataclasses.replace(table, heading=heading, rows=rows + table.rows)


def comparison_table(
    names: tuple[str, str], first: Mapping[str, ByScene], second: Mapping[str, ByScene]
) -> Table:
    """Paired differences of two methods, by protocol and metric, over the scenes both have."""
    rows = []
    for protocol, by_scene in first.items():
        shared = [scene for scene in by_scene if scene in second[protocol]]
        for name in _metrics(first) if shared else []:
            a, b = ([side[protocol][scene][name] for scene in shared] for side in (first, second))
            found = compare(a, b)
            middle, ends = found.difference, (found.difference.low, found.difference.high)
            rows.append(
                [
                    protocol,
                    _heading(name),
                    str(len(shared)),
                    _text(name, middle.mean, sign=True),
                    " to ".join(_text(name, end, sign=True) for end in ends),
                    f"{found.wins}:{found.losses}",
                    f"{found.p_value:.2g}",
                ]
            )
    return Table(
        heading=["protocol", "metric", "scenes", "difference", "95 %", "wins", "p"],
        rows=rows,
        notes=[
            f"difference: {names[0]} minus {names[1]}, scene by scene; 95 %: its bootstrapped"
            " interval; wins: scenes where the first, and where the second is larger; p: two-sided"
            " sign test."
        ],
        labels=2,
    )


def column(by_scene: ByScene, name: str) -> list[float]:
    """One metric of all scenes that have it."""
    values = (numbers.get(name, math.nan) for numbers in by_scene.values())
    return [value for value in values if not math.isnan(value)]


def _heading(name: str) -> str:
    return _HEADINGS.get(name, name)


def _published_row(entry: Published, reference: str) -> list[str]:
    mark = UNKNOWN_PROTOCOL if entry.protocol is None else OTHER_PROTOCOL
    numbers = [getattr(entry, name) for name in _PAPER_COLUMNS]
    return [
        entry.method + ("" if entry.protocol == reference else mark),
        *(_text(name, value) for name, value in zip(_PAPER_COLUMNS, numbers, strict=True)),
        _NONE if entry.hdr_vdp_2 is None else f"{entry.hdr_vdp_2:.2f}{OTHER_SETTINGS}",
        entry.protocol or "not known",
        entry.source,
    ]


def _metrics(scores: Mapping[str, ByScene]) -> list[str]:
    return next((list(n) for rows in scores.values() for n in rows.values()), [])


def _interval(by_scene: ByScene, name: str) -> Interval:
    values = column(by_scene, name)
    nan = math.nan
    return bootstrap(values) if values else Interval(mean=nan, low=nan, high=nan)


def _with_interval(by_scene: ByScene, name: str) -> str:
    interval = _interval(by_scene, name)
    low, high = (_text(name, end) for end in (interval.low, interval.high))
    return f"{_text(name, interval.mean)} [{low}, {high}]"


def _text(name: str, value: float | None, *, sign: bool = False) -> str:
    if value is None or math.isnan(value):
        return _NONE
    return f"{value:{'+' if sign else ''}.{4 if 'ssim' in name.lower() else 2}f}"
