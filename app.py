"""Serves a page that merges dropped photographs into HDR pictures.

Uses the weights `weights/esbn-24`. Serves this machine only, at http://127.0.0.1:7860, and needs no
network. Photographs and results are removed when the page is closed, after about an hour, and when
the program ends or, after a kill, when it starts again. `make app` sets up and starts it; it needs
requirements/app.txt.
"""

import atexit
import collections
import contextlib
import dataclasses
import functools
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import gradio as gr  # pyright: ignore[reportMissingImports] -- optional
from starlette.middleware import Middleware  # pyright: ignore[reportMissingImports] -- Gradio's
from tqdm import tqdm

from configs import presets
from configs.settings import ToneName
from photo.app import own_site
from photo.app.downloads import Downloads
from photo.app.dropped import Dropped, Table
from photo.app.plain_words import details, message
from photo.app.temporary import temporary_folder
from photo.app.uploads import ALL_MEGABYTES, MOST_FILES, Seen
from photo.reading.camera_files import PHOTO_SUFFIXES
from utils import hardware
from utils.files import one_line, printable, remove
from utils.inference.pipeline import open_networks
from utils.runs.networks import weights_caution
from utils.scenes.layouts import FRAME_COUNT

FILE_MEGABYTES, MEGAPIXELS = 100, 60  # of one photograph
KEPT_SECONDS = 3600  # photographs and results, while the page stays open
AUTOMATIC = "automatic"
CONFIG = presets.reconstruction("quick")
TONES = {"fusion": "detailed", "reinhard": "soft", "mu-law": "pale"}
LOOKS = {
    "theme": gr.themes.Default(  # with the machine's own fonts
        primary_hue="indigo",
        font=["system-ui", "sans-serif"],
        font_mono=["system-ui", "sans-serif"],
    ),
    "css": """
        .gradio-container { max-width: 1200px !important; margin: auto; }
        .said { margin: 0.3em 0; padding: 0.5em 0.8em; border-left: 4px solid #9ca3af;
                overflow-wrap: anywhere; }
        .said.error { border-color: #dc2626; background: #dc26261a; }
        .said.warning { border-color: #d97706; background: #d977061a; }
        .files .stem { white-space: normal !important; overflow-wrap: anywhere; }
        .files .label-clear-button { display: none; }
    """,
    "footer_links": [],
}
INTRODUCTION = """# HDR from your photographs
Drop three or more photographs of one scene, taken with different exposures, or several such
brackets. People may walk through the scene, and the hand may shake.

Nothing leaves this computer. Photographs and pictures are deleted when you close or reload this
page, and after about an hour."""
TO_PROGRESS = "() => { document.getElementById('said').scrollIntoView(); return ''; }"
"""Clears the messages, where the progress appears, and shows the place on a phone."""

_open = contextlib.ExitStack()
atexit.register(_open.close)
_temporary = _open.enter_context(temporary_folder("esbn-app-"))
os.environ["GRADIO_TEMP_DIR"] = str(_temporary)  # read when a component is made
os.environ.setdefault("ESBN_MEGAPIXELS", str(MEGAPIXELS))
_one_at_a_time = threading.Lock()
_networks = functools.cache(functools.partial(open_networks, CONFIG))


@dataclasses.dataclass
class _Visit:
    """An open page."""

    folder: Path = dataclasses.field(default_factory=lambda: Path(tempfile.mkdtemp(dir=_temporary)))
    """Holds everything but the uploads."""
    uploads: set[Path] = dataclasses.field(default_factory=set)
    seen: dict[str, Seen] = dataclasses.field(default_factory=dict)
    results: list[Downloads] = dataclasses.field(default_factory=list)

    @contextlib.contextmanager
    def read(self, uploads: list[str] | None) -> Iterator[Dropped]:
        """Reads the dropped photographs; links to them are removed with the context."""
        self.uploads.update(map(Path, uploads or []))
        with tempfile.TemporaryDirectory(dir=self.folder, ignore_cleanup_errors=True) as folder:
            yield Dropped.read(uploads or [], Path(folder), self.seen)


_visits = collections.defaultdict[str | None, _Visit](_Visit)
"""Open pages by session."""


class _Page(gr.Blocks):
    """Blocks whose errors are a line on the page and on the terminal."""

    async def process_api(self, *args: Any, **kwargs: Any) -> dict[str, Any]:  # noqa: ANN401
        """Processes a request.

        Raises:
            gr.Error: Of any error.
        """
        try:
            return await super().process_api(*args, **kwargs)
        except Exception as error:
            own_site.log(error)
            raise gr.Error(printable(one_line(error)), print_exception=False) from error


def look(uploads: list[str] | None, request: gr.Request) -> tuple[Any, ...]:
    """The table of stops, twice, places by brightness, row of buttons, references and messages."""
    with _visits[request.session_hash].read(uploads) as dropped:
        rows, places, missing = dropped.table()
    references = gr.Dropdown([AUTOMATIC, *(name for name, _ in rows)], value=AUTOMATIC)
    table = gr.Dataframe(rows, visible=bool(rows))
    said = "".join(dropped.said + missing)
    return table, rows, places, gr.Row(visible=bool(missing)), references, said


def apart(table: Table, places: list[int | None], step: str) -> Table:
    """The table with equal steps where EXIF names too few, the darkest photograph first."""
    return [
        row if place is None else [row[0], str(place * int(step[0]))]
        for row, place in zip(table, places, strict=True)
    ]


def make(  # noqa: PLR0917 -- Gradio passes them by place
    uploads: list[str] | None,
    table: Table,
    by_exif: Table,
    reference: str,
    tone: ToneName,
    request: gr.Request,
    progress: gr.Progress = gr.Progress(track_tqdm=True),  # noqa: B008 -- Gradio looks for it here
) -> list[Any]:
    """Merges the brackets: messages, then slider and files of each."""
    visit = _visits[request.session_hash]
    for old in visit.results:
        remove(old.folder)
    visit.results = []
    # Photographs that EXIF says nothing of need their stops from the table.
    typed = table if table != by_exif or any(not row[1] for row in by_exif) else []
    results, notes = [], []
    progress(0.0, "Reading the photographs")
    with visit.read(uploads) as dropped, _one_at_a_time:
        said = dropped.said
        if not said and not dropped.brackets:
            said = [message("error", "Drop three photographs or more, and wait for them to load.")]
        for number, bracket in enumerate(dropped.brackets):
            done = f"Merging {number + 1} of {len(dropped.brackets)}"
            progress(number / len(dropped.brackets), done)
            folder = Path(tempfile.mkdtemp(dir=visit.folder))
            merged = dropped.merge(bracket, folder, _networks(), stops=typed, reference=reference)
            said += merged.said
            notes += merged.notes
            results += [merged.downloads] if merged.downloads else []
    hardware.return_freed_memory()  # the page may stay open for days
    visit.results = results
    if request.session_hash not in _visits:  # closed meanwhile
        remove(visit.folder)
    return ["".join(said) + details(notes), *show(tone, request)]


def show(tone: ToneName, request: gr.Request) -> list[Any]:
    """Slider and files of each result, by a tone mapping."""
    results = visit.results if (visit := _visits.get(request.session_hash)) else []
    shown: list[Any] = []
    for result in results:
        files = [str(path) for path in result.files(tone)]
        label = f"{result.name}: photograph | HDR picture"
        shown.append(gr.ImageSlider(result.slider(tone), label=printable(label), visible=True))
        shown.append(gr.File(files, visible=True))
    hidden = [gr.ImageSlider(None, visible=False), gr.File(None, visible=False)]
    return shown + hidden * (MOST_FILES // FRAME_COUNT - len(results))


def forget(request: gr.Request) -> None:
    """Removes the photographs and results of a page that was closed."""
    visit = _visits.pop(request.session_hash, None)
    if visit is not None:
        remove(visit.folder)
        for path in visit.uploads.difference(*(other.uploads for other in _visits.values())):
            path.unlink(missing_ok=True)


with _Page(
    title="HDR from your photographs",
    analytics_enabled=False,
    delete_cache=(KEPT_SECONDS // 6, KEPT_SECONDS),
) as demo:
    gr.Markdown(INTRODUCTION)
    by_exif, places = gr.State([]), gr.State([])
    with gr.Row():
        with gr.Column(scale=2):
            uploads = gr.File(
                label=f"Up to {MOST_FILES} photographs, {ALL_MEGABYTES} MB",
                file_count="multiple",
                file_types=sorted(PHOTO_SUFFIXES),
            )
            table = gr.Dataframe(
                label="How many stops brighter than the darkest: tap twice to change",
                headers=["photograph", "stops"],
                type="array",
                static_columns=[0],
                column_count=2,
                row_count=0,
                interactive=True,
                visible=False,
                buttons=[],
            )
            with gr.Row(visible=False) as steps:
                texts = ("1 stop apart", "2 stops apart", "3 stops apart")
                buttons = [gr.Button(text, size="sm", min_width=80) for text in texts]
            with gr.Row():
                reference = gr.Dropdown([AUTOMATIC], value=AUTOMATIC, label="Reference")
                looks = [(TONES.get(name, name), name) for name in get_args(ToneName)]
                tone = gr.Dropdown(looks, value=CONFIG.tone, label="Tone")
            button = gr.Button("Make the HDR picture", variant="primary")
            said = gr.HTML(min_height=80, elem_id="said")
        with gr.Column(scale=3):
            slots: list[Any] = []
            for _ in range(MOST_FILES // FRAME_COUNT):
                slots.append(gr.ImageSlider(visible=False, interactive=False, buttons=[]))
                slots.append(gr.File(label="Files", elem_classes="files", visible=False))
    gr.Markdown(f"**What to expect.** {weights_caution(CONFIG)}")
    uploads.change(
        look,
        uploads,
        [table, by_exif, places, steps, reference, said],
        show_progress_on=said,
        concurrency_limit=4,
    )
    for each in buttons:
        each.click(apart, [table, places, each], table)
    inputs = [uploads, table, by_exif, reference, tone]
    button.click(None, None, said, js=TO_PROGRESS)
    button.click(make, inputs, [said, *slots], show_progress_on=said, concurrency_limit=4)
    tone.input(show, tone, slots, show_progress_on=said)
    demo.unload(forget)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # so that temporary files are removed
    address = os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1")
    demo.launch(
        server_name=address,
        app_kwargs={"middleware": [Middleware(own_site.OwnSite, server_name=address)]},
        run_history=False,
        max_file_size=f"{FILE_MEGABYTES}mb",
        quiet=True,
        prevent_thread_lock=True,
        **LOOKS,
    )
    tqdm.write(f"Open {demo.local_url}; Ctrl-C ends the page.")
    demo.block_thread()
