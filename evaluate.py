"""Scores networks, or results of any method, under one or more protocols, in tables and plots.

Reads scenes with ground truth, and weights (--weights, --run) or, with --predictions, a folder of
.hdr or .exr files. Writes to the folder `evaluation`: `scenes`, `protocols`, `published` and
`paper` as .csv, .md and .tex, `scenes.png`, `errors.png` and `provenance.json`; with --baselines or
--self-ensemble, `methods`, which compares with methods and alignments without networks and with the
mean over mirrored and rotated copies; with --against, `comparison`, two results scene by scene.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from configs import paths, presets
from configs.settings import Copies, EvaluationConfig, PrealignmentName
from utils import command
from utils.evaluation.baselines import ALIGNMENTS, BASELINES
from utils.evaluation.octave.hdr_vdp_2 import HdrVdp2
from utils.evaluation.perceptual import ColorVideoVdp, Display
from utils.evaluation.protocols import Protocol, configured
from utils.evaluation.scoring import Meter, Predict, Scores, from_files, from_function, score
from utils.inference.agreement import agreed
from utils.inference.pipeline import Networks, open_networks
from utils.inference.reconstruction import merge, reconstruct
from utils.reporting import parts, plots, provenance, score_tables, tables
from utils.reporting.results import full_title
from utils.reporting.score_tables import ByScene
from utils.runs.networks import weights_files, weights_in_words
from utils.scenes.folders import find_scenes, scene_name
from utils.scenes.scene import Scene

_AGAINST = "--against"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Method:
    """A method to score, and the processing that its label names."""

    predict: Predict
    prealign: PrealignmentName = "off"
    agreement: bool = False

    def label(self, name: str) -> str:
        """A name followed by the processing of the method's frames and results."""
        return full_title(name, self.prealign, agreement=self.agreement)

    def by_title(self, scores: Scores) -> dict[str, ByScene]:
        """Scores by labelled title of the protocol."""
        return {self.label(title): rows for title, rows in scores.by_protocol.items()}


def main(config: EvaluationConfig) -> int:
    """Scores every scene; returns 2 if something could not be scored, else 0."""
    protocols = [configured(name, config.sixteen_bits) for name in config.protocol]
    display = Display(peak=config.display_peak, black=config.display_black)
    meter = Meter(
        display=display,
        vdp=ColorVideoVdp(display) if config.cvvdp else None,
        hdr_vdp_2=HdrVdp2(config.hdr_vdp_2, config) if config.hdr_vdp_2 else None,
    )
    results = config.results or paths.evaluation_dir(config.predictions or config.run)
    methods = _methods(config)
    with parts.lock(results, config.shard):
        failures = _evaluate(config, protocols, methods, meter, results)
    return command.report_failures(failures)


def from_networks(networks: Networks, copies: Copies = 1, *, agreement: bool = False) -> Predict:
    """Results of networks, averaged over copies of the scene."""

    def predict(_scene: Scene, prepared: Scene, protocol: Protocol) -> np.ndarray:
        result = reconstruct(networks, prepared, protocol, copies)
        return (agreed(result, prepared) if agreement else result).hdr

    return predict


def from_alignment(networks: Networks, alignment: Callable[[Scene], np.ndarray]) -> Predict:
    """Results of the merging network for frames that another method aligned."""

    def predict(_scene: Scene, prepared: Scene, protocol: Protocol) -> np.ndarray:
        return merge(networks, prepared, alignment(prepared), protocol)

    return predict


def _methods(config: EvaluationConfig) -> dict[str, Method]:
    """Methods by name; the first is that of the settings, the others are compared with it."""
    if config.predictions is not None:
        found = {config.method: Method(predict=from_files(config.predictions, config.scenes))}
    else:
        networks = open_networks(config)
        names: dict[str, Copies] = {config.method: 1}
        if config.self_ensemble > 1:
            names[f"{config.method}, self-ensemble of {config.self_ensemble}"] = (
                config.self_ensemble
            )
        found = {
            name: Method(
                predict=from_networks(networks, copies, agreement=config.agreement),
                prealign=config.prealign,
                agreement=config.agreement,
            )
            for name, copies in names.items()
        }
        for name, alignment in ALIGNMENTS.items() if config.baselines else ():
            found[f"{name}, merged"] = Method(predict=from_alignment(networks, alignment))
    if config.baselines:
        for name, baseline in BASELINES.items():
            found[name] = Method(predict=from_function(baseline), prealign=config.prealign)
    return found


def _evaluate(
    config: EvaluationConfig,
    protocols: Sequence[Protocol],
    methods: Mapping[str, Method],
    meter: Meter,
    results: Path,
) -> list[str]:
    """Scores every method and writes the tables; returns messages about failed scenes."""
    if config.against is not None:
        theirs = Method(predict=from_files(config.against, config.scenes))
        methods = {**methods, _AGAINST: theirs}
    titles = [protocol.title for protocol in protocols]
    labels = [method.label(name) for name, method in methods.items()]
    vdp = [meter.hdr_vdp_2.title] if meter.hdr_vdp_2 else []
    weights = str(config.predictions or weights_in_words(config))
    settings = "; ".join([*labels, *titles, *meter.notes, *vdp, weights])
    scored: dict[str, Scores] = {}
    names = [scene_name(folder, config.scenes) for folder in find_scenes(config.scenes)]
    done = parts.read(results, "scores", settings, names) if config.report else {}
    for name, method in methods.items():
        scored[name] = (
            Scores.of({title: done[f"{name}, {title}"] for title in titles})
            if config.report
            else score(
                config.scenes,
                protocols,
                method.predict,
                meter,
                method.prealign,
                part=config.part,
            )
        )
        if name == config.method and not config.shard:
            _write(results, name, method, scored[name], meter)
    failures = [failure for scores in scored.values() for failure in scores.failures]
    if config.shard:
        share: dict[str, object] = {"failures": failures}
        for name, scores in scored.items():
            share |= {f"{name}, {title}": scores.rows(title) for title in titles}
        parts.write(results, config.shard, "scores", settings, share)
        return failures
    theirs = scored.pop(_AGAINST, None)
    if len(scored) > 1:
        titled = {name: methods[name].by_title(scores) for name, scores in scored.items()}
        table = score_tables.method_table(titled, meter.notes)
        tables.write(results / "methods", table)
        tqdm.write(tables.to_markdown(table))
    ours, method = scored[config.method], methods[config.method]
    if config.against is not None and theirs is not None:
        names = (method.label(config.method), config.against.name)
        table = score_tables.comparison_table(names, ours.by_protocol, theirs.by_protocol)
        tables.write(results / "comparison", table)
        tqdm.write(tables.to_markdown(table))
    if any(ours.by_protocol.values()):
        files_of_weights = [] if config.predictions is not None else weights_files(config)
        provenance.write(results, [method.label(title) for title in titles], files_of_weights)
    return [*failures, *done.get("failures", ())]


def _write(results: Path, name: str, method: Method, scores: Scores, meter: Meter) -> None:
    """Writes the tables and plots of one method and prints the means."""
    by_title = {title: rows for title, rows in method.by_title(scores).items() if rows}
    if not by_title:
        tqdm.write("No scene could be scored.")
        return
    overview = score_tables.protocol_table(by_title, meter.notes)
    published = score_tables.paper_table(name, by_title)
    tables.write(results / "scenes", score_tables.scene_table(by_title, meter.notes))
    tables.write(results / "protocols", overview)
    tables.write(results / "published", published)
    tables.write(results / "paper", score_tables.scenes_and_published(name, by_title))
    psnr_mu = {
        title: {scene: numbers["psnr_mu"] for scene, numbers in rows.items()}
        for title, rows in by_title.items()
    }
    plots.scene_bars(results / "scenes.png", psnr_mu)
    first = next(title for title, rows in scores.by_protocol.items() if rows)
    title = f"{name}, protocol {method.label(first)}"
    plots.error_maps(results / "errors.png", scores.error_maps[first], title)
    tqdm.write(f"{tables.to_markdown(overview)}\n{tables.to_markdown(published)}")


if __name__ == "__main__":
    command.run(main, presets.evaluation, __doc__)
