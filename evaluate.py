"""Scores a run, or anyone's results, under one or more protocols, and makes tables and plots.

Reads scenes with truth, and either the newest weights of the run or, with --predictions, a folder
of .hdr or .exr files made by any method. Writes to the run's (or the predictions') `evaluation`
folder: `scenes`, `protocols` and `published` as .csv, .md and .tex, `scenes.png` and `errors.png`;
with --baselines or --self-ensemble, `methods`: what one gets without networks, or of several copies
of each scene, beside it; with --against, `comparison` of two folders of predictions.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tqdm import tqdm

from configs import paths, presets
from configs.settings import EvaluationConfig, PrealignmentName
from utils import command, files
from utils.evaluation.baselines import BASELINES
from utils.evaluation.perceptual import ColorVideoVdp, Display
from utils.evaluation.protocols import Protocol, configured
from utils.evaluation.scoring import (
    Meter,
    Predict,
    Scores,
    from_files,
    from_function,
    from_networks,
    score,
)
from utils.inference.pipeline import open_networks
from utils.reporting import plots, provenance, score_tables, tables
from utils.runs.networks import trained_prealignment, weights_files


def main(config: EvaluationConfig) -> int:
    """Scores every scene; returns 2 if something could not be scored, else 0."""
    prealign = config.prealign or _trained_prealignment(config)
    anchor = config.anchor and config.predictions is None
    protocols = [
        configured(name, config.sixteen_bits, prealign, anchor=anchor) for name in config.protocol
    ]
    display = Display(peak=config.display_peak, black=config.display_black)
    meter = Meter(display=display, vdp=ColorVideoVdp(display) if config.cvvdp else None)
    results = config.results or paths.evaluation_dir(config.predictions or config.run)
    predictors = _methods(config)
    with files.lock(results):
        failures = _evaluate(config, protocols, predictors, meter, results)
    return command.report_failures(failures)


def _evaluate(
    config: EvaluationConfig,
    protocols: Sequence[Protocol],
    predictors: Mapping[str, Predict],
    meter: Meter,
    results: Path,
) -> list[str]:
    """Scores every method and writes the tables; returns what could not be scored."""
    first, *others = predictors.items()
    scores = score(config.scenes, protocols, first[1], meter)
    _write(results, config, scores, meter)
    failures = scores.failures
    if others:
        methods = {config.method: scores.by_protocol}
        for name, predict in others:
            found = score(config.scenes, protocols, predict, meter)
            methods[name] = found.by_protocol
            failures += found.failures
        table = score_tables.method_table(methods, meter.notes)
        tables.write(results / "methods", table)
        tqdm.write(tables.to_markdown(table))
    if config.against is not None:
        other = score(config.scenes, protocols, from_files(config.against, config.scenes), meter)
        _compare(results, (config.method, config.against.name), scores, other)
        failures += other.failures
    if any(scores.by_protocol.values()):
        files_of_weights = [] if config.predictions is not None else weights_files(config)
        provenance.write(results, [protocol.title for protocol in protocols], files_of_weights)
    return failures


def _trained_prealignment(config: EvaluationConfig) -> PrealignmentName:
    """What the networks expect of the frames; files expect nothing."""
    return "off" if config.predictions is not None else trained_prealignment(config)


def _methods(config: EvaluationConfig) -> dict[str, Predict]:
    """Names each method and gives its results; the first is the one that the settings are about."""
    if config.predictions is not None:
        methods = {config.method: from_files(config.predictions, config.scenes)}
    else:
        networks = open_networks(config)
        methods = {config.method: from_networks(networks)}
        if config.self_ensemble > 1:
            name = f"{config.method}, self-ensemble of {config.self_ensemble}"
            methods[name] = from_networks(networks, config.self_ensemble)
    if config.baselines:
        methods |= {name: from_function(method) for name, method in BASELINES.items()}
    return methods


def _write(results: Path, config: EvaluationConfig, scores: Scores, meter: Meter) -> None:
    by_protocol = {title: rows for title, rows in scores.by_protocol.items() if rows}
    if not by_protocol:
        tqdm.write("No scene could be scored.")
        return
    overview = score_tables.protocol_table(by_protocol, meter.notes)
    published = score_tables.paper_table(config.method, by_protocol)
    tables.write(results / "scenes", score_tables.scene_table(by_protocol, meter.notes))
    tables.write(results / "protocols", overview)
    tables.write(results / "published", published)
    psnr_mu = {title: _psnr_mu(rows) for title, rows in by_protocol.items()}
    plots.scene_bars(results / "scenes.png", psnr_mu)
    first = next(iter(by_protocol))
    title = f"{config.method}, protocol {first}"
    plots.error_maps(results / "errors.png", scores.error_maps[first], title)
    tqdm.write(f"{tables.to_markdown(overview)}\n{tables.to_markdown(published)}")


def _psnr_mu(rows: score_tables.ByScene) -> Mapping[str, float]:
    return {scene: numbers["psnr_mu"] for scene, numbers in rows.items()}


def _compare(results: Path, names: tuple[str, str], first: Scores, second: Scores) -> None:
    table = score_tables.comparison_table(names, first.by_protocol, second.by_protocol)
    tables.write(results / "comparison", table)
    tqdm.write(tables.to_markdown(table))


if __name__ == "__main__":
    command.run(main, presets.evaluation, __doc__)
