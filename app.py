"""Serves a page that merges dropped photographs into an HDR picture.

Uses the weights `weights/esbn-24` or `weights/esbn-64`. Serves this machine only, at
http://127.0.0.1:7860, and needs no network. Results are removed when the page is closed or makes
new ones, photographs after an hour, and everything when the program ends or, after a kill, when it
starts again. `make app` sets up and starts it; it needs requirements/app.txt.
"""

import atexit
import contextlib
import dataclasses
import functools
import html
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import gradio as gr  # pyright: ignore[reportMissingImports] -- optional
import numpy as np
from starlette.middleware import Middleware  # pyright: ignore[reportMissingImports] -- Gradio's

from configs import presets
from configs.paths import WEIGHTS_DIR
from configs.settings import ToneName
from photo.own_site import OwnSite
from photo.reading.camera_files import PHOTO_SUFFIXES, read_photo
from photo.reading.exif import exposure_values
from photo.reading.folder import read_photographs
from photo.reading.uploads import ALL_MEGABYTES, MOST_FILES, checked, typed_stops
from photo.showing.results import write_reconstruction
from photo.temporary import temporary_folder
from utils.camera_motion.prealignment import prealigned
from utils.evaluation.protocols import PROTOCOLS
from utils.files import printable
from utils.images.drawing import shrink
from utils.inference.agreement import agreed
from utils.inference.pipeline import Networks, open_networks
from utils.inference.reconstruction import reconstruct
from utils.radiometry.bracket import MID_FRAME
from utils.radiometry.levels import to_8bit
from utils.reporting.results import full_title

FILE_MEGABYTES, MEGAPIXELS = 100, 60  # of one photograph
AUTOMATIC = "automatic"
CONFIG = presets.reconstruction("quick")
SIZES = {
    "small, faster": CONFIG,
    "full size": dataclasses.replace(CONFIG, weights=WEIGHTS_DIR / "esbn-64"),
}
SHOWN_SIDE = 1600  # pixels; the files have the picture's own size
KEPT_SECONDS = 3600  # photographs, while the page stays open
LOOKS = {
    "theme": gr.themes.Default(  # with the machine's own fonts
        primary_hue="indigo",
        font=["system-ui", "sans-serif"],
        font_mono=["system-ui", "sans-serif"],
    ),
    "css": """
        .gradio-container { max-width: 1200px !important; margin: auto; }
        .said { margin: 0.3em 0; padding: 0.5em 0.8em; border-left: 4px solid #9ca3af; }
        .said.error { border-color: #dc2626; background: #dc26261a; }
        .said.warning { border-color: #d97706; background: #d977061a; }
    """,
    "footer_links": [],
}

_open = contextlib.ExitStack()
atexit.register(_open.close)
_temporary = _open.enter_context(temporary_folder("esbn-app-"))
os.environ["GRADIO_TEMP_DIR"] = str(_temporary)  # read when a component is made
os.environ.setdefault("ESBN_MEGAPIXELS", str(MEGAPIXELS))
_results: dict[str | None, Path] = {}
"""Folder of each open page's last result."""

Table = list[list[str]]
"""Rows of name and stops, one for each photograph."""


def look(uploads: list[str] | None) -> tuple[Table, Table, gr.Dropdown, str]:
    """The table of stops, twice, the choice of references and messages, for new photographs."""
    try:
        paths = checked(uploads or ())
        exposures = [read_photo(path).exposure for path in paths]
    except (ValueError, OSError) as error:
        folders = [Path(upload).parent for upload in uploads or ()]
        return [], [], _references([]), _said("error", _without(folders, error))
    stops = exposure_values(exposures)
    darkest = min((value for value in stops if value is not None), default=0.0)
    shown = ["" if value is None else f"{value - darkest:.2f}" for value in stops]
    names = [printable(path.name) for path in paths]
    missing = [name for name, value in zip(names, shown, strict=True) if not value]
    said = _said("warning", f"EXIF has no exposure of {', '.join(missing)}; type the stops.")
    rows = [list(row) for row in zip(names, shown, strict=True)]
    return rows, rows, _references(names), said if missing else ""


def make(  # noqa: PLR0917 -- Gradio passes them by place
    uploads: list[str] | None,
    table: Table,
    by_exif: Table,
    reference: str,
    tone: ToneName,
    size: str,
    request: gr.Request,
    progress: gr.Progress = gr.Progress(track_tqdm=True),  # noqa: B008 -- Gradio looks for it here
) -> tuple[tuple[np.ndarray, np.ndarray] | None, list[str] | None, str]:
    """Merges the photographs: reference and result, the files, and messages; or only an error."""
    forget(request)
    folder = Path(tempfile.mkdtemp(dir=_temporary))
    _results[request.session_hash] = folder
    try:
        progress(0.0, "Reading the photographs")
        paths = checked(uploads or ())
        names = [printable(path.name) for path in paths]
        typed = {name: str(text) for name, text, *_ in table}
        # The table is empty if a photograph is unreadable; reading it raises below.
        stops = typed_stops([typed.get(x, "") for x in names], names) if by_exif else None
        (folder / "photographs").mkdir()
        for path in paths:
            (folder / "photographs" / path.name).symlink_to(path)
        progress(0.1, "Loading the networks")
        networks = _networks(size)
        given = None if table == by_exif else stops
        scene = read_photographs(
            folder / "photographs",
            exposures=given,
            reference=None if reference == AUTOMATIC else paths[names.index(reference)].name,
        )
        scene = prealigned(scene, CONFIG.prealign)
        progress(0.3, "Merging")
        reconstruction = agreed(reconstruct(networks, scene, PROTOCOLS["full"]), scene)
        progress(0.9, "Writing the files")
        title = full_title("full", CONFIG.prealign, agreement=True)
        written = write_reconstruction(
            folder / "results", scene, reconstruction, title, None, tone=tone, picture="jpg"
        )
    except (ValueError, OSError) as error:
        forget(request)
        return None, None, _said("error", _without([folder / "photographs", folder], error))
    said = [_said("warning", line) for line in scene.warnings]
    said += [_said("note", line) for line in scene.notes]
    before = to_8bit(scene.ldr[MID_FRAME])
    files = [str(folder / "results" / name) for name in written.files]
    return (shrink(before, SHOWN_SIDE), shrink(written.shown, SHOWN_SIDE)), files, "".join(said)


def forget(request: gr.Request) -> None:
    """Removes the results of a page."""
    folder = _results.pop(request.session_hash, None)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


@functools.cache
def _networks(size: str) -> Networks:
    """The networks of a size, loaded once."""
    return open_networks(SIZES[size])


def _references(names: Sequence[str]) -> gr.Dropdown:
    return gr.Dropdown([AUTOMATIC, *names], value=AUTOMATIC)


def _said(kind: str, text: str) -> str:
    """A message for the page, escaped."""
    return f'<p class="said {kind}">{html.escape(text)}</p>'


def _without(folders: Sequence[Path], error: Exception) -> str:
    """An error's message without the paths of temporary folders."""
    text = str(error)
    for folder in folders:
        text = text.replace(f"{folder}/", "")
    return printable(text)


with gr.Blocks(
    title="HDR from your photographs",
    analytics_enabled=False,
    delete_cache=(KEPT_SECONDS // 6, KEPT_SECONDS),
) as demo:
    gr.Markdown(
        "# HDR from your photographs\n"
        "Drop three or more photographs of one scene, taken with different exposures; people may"
        " walk through it and the hand may shake. They stay on this computer and are removed again."
    )
    by_exif = gr.State([])
    with gr.Row():
        with gr.Column(scale=2):
            uploads = gr.File(
                label=f"Photographs: 3 to {MOST_FILES}, of {ALL_MEGABYTES} MB together",
                file_count="multiple",
                file_types=sorted(PHOTO_SUFFIXES),
            )
            table = gr.Dataframe(
                label="Stops, from EXIF: double-click to change",
                headers=["photograph", "stops"],
                datatype=["str", "str"],
                type="array",
                static_columns=[0],
                column_count=2,
                row_count=0,
                interactive=True,
                buttons=[],
            )
            with gr.Row():
                reference = gr.Dropdown([AUTOMATIC], value=AUTOMATIC, label="Reference")
                tone = gr.Dropdown(list(get_args(ToneName)), value=CONFIG.tone, label="Tone")
                size = gr.Dropdown(list(SIZES), value="small, faster", label="Networks")
            button = gr.Button("Make the HDR picture", variant="primary")
            said = gr.HTML()
        with gr.Column(scale=3):
            slider = gr.ImageSlider(
                label="Left of the handle: the reference. Right: the result",
                format="jpeg",
                interactive=False,
                buttons=[],
            )
            downloads = gr.File(label="Files", interactive=False)
    uploads.change(look, uploads, [table, by_exif, reference, said], show_progress="hidden")
    button.click(
        make,
        [uploads, table, by_exif, reference, tone, size],
        [slider, downloads, said],
        show_progress_on=slider,
    )
    demo.unload(forget)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # so that temporary files are removed
    address = os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1")
    demo.launch(
        server_name=address,
        app_kwargs={"middleware": [Middleware(OwnSite, server_name=address)]},
        share=False,
        run_history=False,
        max_file_size=f"{FILE_MEGABYTES}mb",
        **LOOKS,
    )
