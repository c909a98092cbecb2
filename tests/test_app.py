"""The page of app.py in a browser: results, bad files, limits, temporary files.

It needs Gradio in `.venv-app` (make .venv-app/installed) and Chromium. Without them the tests are
skipped; with ESBN_APP=required and ESBN_BROWSER=required they fail.
"""

import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests import photos
from tests.photo.showing.test_page import browser, requested  # noqa: F401 -- a fixture
from tests.soak.test_page import BOUNDARY, form, read
from utils.images.radiance_maps import read_radiance

ROOT = Path(__file__).parent.parent
PYTHON = ROOT / ".venv-app" / "bin" / "python"
FRAMES = photos.sample((96, 64))
FILES = ("1.hdr", "1.exr", "1_fusion.jpg", "1_fusion_ultrahdr.jpg")
SIZES = {"phone": (390, 844), "desktop": (1280, 900)}
SECONDS = 60  # to wait for anything, on a busy machine


class _Server:
    """A running app.py with its own folder of temporary files."""

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        places = {"TMPDIR": str(self.temporary), "GRADIO_SERVER_PORT": str(self.port)}
        self.log = folder / "log.txt"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [PYTHON, ROOT / "app.py"],
                cwd=folder,
                env={**os.environ, **places},
                stdout=log,
                stderr=log,
            )

    def wait(self):
        end = time.monotonic() + SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(OSError), urllib.request.urlopen(self.url) as page:
                return page.status
            time.sleep(0.5)
        raise TimeoutError(self.log.read_text())

    def stop(self):
        self.process.terminate()
        return self.process.wait(SECONDS)

    def files(self):
        return [path for path in self.temporary.rglob("*") if path.is_file()]

    def photographs(self):
        """Photographs and results."""
        return [path for path in self.files() if path.suffix in {".jpg", ".heic", ".hdr", ".exr"}]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    if not PYTHON.exists():
        message = "Gradio is not installed (make .venv-app/installed)"
        if os.environ.get("ESBN_APP") == "required":
            pytest.fail(message)
        pytest.skip(message)
    server = _Server(tmp_path_factory.mktemp("app"))
    try:
        server.wait()
        yield server
    finally:
        server.stop()


class _Page:
    """The page in a browser."""

    def __init__(self, driver, server):
        self.driver = driver
        for kind in ("browser", "performance"):
            driver.get_log(kind)  # forgets what was before
        driver.get(server.url)
        self.until(lambda: self.all("input[type=file]"))

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def until(self, condition):
        replaced = [StaleElementReferenceException]
        return WebDriverWait(self.driver, SECONDS, 0.5, replaced).until(lambda _: condition())

    def said(self):
        return [element.text for element in self.all(".said")]

    def cell(self, row, column):
        return self.all(f"[data-testid=cell-{row}-{column}]")

    def stops(self, rows):
        self.until(lambda: self.cell(rows - 1, 1))
        return [self.cell(row, 1)[0].text for row in range(rows)]

    def upload(self, paths):
        self.all("input[type=file]")[0].send_keys("\n".join(str(path) for path in paths))

    def choose(self, label, value):
        box = self.driver.find_element(By.CSS_SELECTOR, f"input[aria-label={label}]")
        box.click()
        self.until(lambda: self.all(f"[role=option][aria-label='{value}']"))[0].click()
        self.until(lambda: box.get_attribute("value") == value)

    def resize(self, width, height):
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def watch(self, selector):
        """Looks at every frame of the screen from now on for an element in view; see `watched`."""
        script = """window.watched = false
        const inView = (r) => r.height > 0 && r.top >= 0 && r.bottom <= window.innerHeight
        const look = () => {
            const found = [...document.querySelectorAll(arguments[0])]
            window.watched ||= found.some((x) => inView(x.getBoundingClientRect()))
            window.watched || requestAnimationFrame(look)
        }
        look()"""
        self.driver.execute_script(script, selector)

    def watched(self):
        return self.driver.execute_script("return window.watched")

    def shown(self):
        """Addresses of the pictures in sliders."""
        images = self.all("[data-testid=imageslider-image]")
        return [image.get_attribute("src") for image in images]

    def press(self, text):
        next(x for x in self.all("button") if x.text == text).click()

    def make(self):
        self.press("Make the HDR picture")

    def links(self):
        links = [element.get_attribute("href") for element in self.all(".files .download-link")]
        return {link.rpartition("/")[2]: link for link in links}

    def results(self, *names):
        """Addresses of the files to download by name, once these are there."""
        self.until(lambda: {*names} <= {*self.links()})
        return self.links()


@pytest.fixture
def page(browser, server):  # noqa: F811 -- the fixture
    return _Page(browser, server)


def _bracket(folder, times=photos.TIMES, frames=FRAMES, **changes):
    return sorted(photos.write_bracket(folder, frames, times, **changes).iterdir())


def _blocks(picture):
    return picture.reshape(8, 8, 12, 8, 3).mean(axis=(1, 3))


def _status(address):
    with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(address) as answer:
        return answer.status
    return None


def test_photographs_become_files_and_a_before_after_slider(page, server, tmp_path):
    assert page.all("[data-testid=cell-0-0], .steps") == []
    page.upload(_bracket(tmp_path / "in"))
    assert page.stops(3) == ["0.00", "2.00", "4.06"]
    page.make()
    links = page.results(*FILES)
    assert set(links) == {*FILES}
    for name, link in links.items():
        urllib.request.urlretrieve(link, tmp_path / name)
    radiance = [read_radiance(tmp_path / f"1.{kind}") for kind in ("hdr", "exr")]
    assert [map_.shape for map_ in radiance] == 2 * [(64, 96, 3)]
    assert np.abs(radiance[0] - radiance[1]).max() < 0.01
    for name in FILES[2:]:
        with Image.open(tmp_path / name) as picture:
            assert (picture.format in {"JPEG", "MPO"}, picture.size) == (True, (96, 64))
    assert "The picture shows the moment of 2.jpg." in page.said()
    assert not any("omography" in line or "--" in line for line in page.said())
    folded = page.all("details")[0]
    assert folded.get_attribute("open") is None
    folded.click()
    assert "Exposures in stops from EXIF: 1.jpg 0" in folded.text

    def sizes():
        script = "return [arguments[0].naturalWidth, arguments[0].naturalHeight]"
        images = page.all("[data-testid=imageslider-image]")
        return [page.driver.execute_script(script, image) for image in images]

    page.until(lambda: sizes() == [[96, 64], [96, 64]])
    before, after = page.shown()
    with urllib.request.urlopen(before) as data:
        shown = np.asarray(Image.open(data).convert("RGB"), np.float32)
    distances = [np.abs(_blocks(shown) - _blocks(frame / 257)).mean() for frame in FRAMES]
    assert distances[1] < 5  # the reference, after two JPEGs
    assert min(distances[0], distances[2]) > 25
    assert before != after

    clipped = page.all("[data-testid=imageslider-image]")[1]
    style = clipped.get_attribute("style")
    handle = page.all("[data-testid=slider]")[0]
    drag = ActionChains(page.driver).click_and_hold(handle.find_element(By.CSS_SELECTOR, "span"))
    drag.move_by_offset(60, 0).release().perform()
    page.until(lambda: clipped.get_attribute("style") != style)

    errors = [line for line in page.driver.get_log("browser") if line["level"] == "SEVERE"]
    assert errors == []
    urls = requested(page.driver)
    assert any(url.startswith(server.url) for url in urls)  # the log works
    local = (server.url, "data:", "blob:", "chrome:")
    assert [url for url in urls if not url.startswith(local)] == []

    page.choose("Tone", "soft")
    again = page.results("1_reinhard.jpg")
    assert again["1.hdr"] == links["1.hdr"]  # the networks' result is used again
    pictures = [
        np.asarray(Image.open(urllib.request.urlopen(x)), np.float32)
        for x in (links["1_fusion.jpg"], again["1_reinhard.jpg"])
    ]
    assert np.abs(pictures[0] - pictures[1]).mean() > 2
    page.until(lambda: page.shown()[1] != after)

    every = [*links.values(), *again.values(), before, after, *page.shown()]
    assert {_status(address) for address in every} == {200}
    page.driver.get("about:blank")  # closes the page
    page.until(lambda: server.photographs() == [])
    assert {_status(address) for address in every} == {None}


@pytest.mark.parametrize("size", SIZES)
def test_five_photographs_a_heic_bracket_and_a_bad_file_at_once(page, tmp_path, size):
    page.resize(*SIZES[size])
    order = FRAMES[[0, 0, 1, 1, 2]]
    five = _bracket(tmp_path / "a", (1 / 1000, 1 / 500, 1 / 250, 1 / 125, 1 / 60), frames=order)
    heic = _bracket(tmp_path / "b", suffix=".heic")
    for number, path in enumerate(heic):
        heic[number] = path.rename(path.with_name(f"phone_{path.name}"))
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    page.upload([*five, *heic, bad])
    page.stops(8)
    assert any("Left out: Not a readable image. Received: bad.jpg" in x for x in page.said())
    assert any(line.startswith("2 brackets: 1.jpg, 2.jpg") for line in page.said())
    page.watch("[role=progressbar]")
    page.make()
    page.results("1_fusion.jpg", "phone_1_fusion.jpg")
    assert page.watched()
    page.until(lambda: len(page.shown()) == 4)
    assert page.driver.execute_script(
        "return document.documentElement.scrollWidth <= window.innerWidth"
    )


def test_stops_are_chosen_or_typed_where_there_is_no_exif(page, tmp_path):
    page.upload(_bracket(tmp_path / "in", (None, None, None), frames=FRAMES[[1, 0, 2]]))
    page.until(
        lambda: any("fewer than three exposures for 1.jpg, 2.jpg, 3.jpg" in x for x in page.said())
    )
    page.make()
    page.until(lambda: any("Every photograph needs its stops" in line for line in page.said()))
    page.press("3 stops apart")
    page.until(lambda: page.stops(3) == ["3", "0", "6"])
    for row, text in enumerate(("1,5", "0", "4")):
        ActionChains(page.driver).double_click(page.cell(row, 1)[0]).perform()
        field = page.until(lambda: page.all(".body-cell input, .body-cell textarea"))[0]
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(text, Keys.ENTER)
        page.until(lambda row=row, text=text: page.cell(row, 1)[0].text.startswith(text))
    page.choose("Reference", "3.jpg")
    page.make()
    page.until(lambda: any("Received: 3.jpg of 1.jpg 1.5" in line for line in page.said()))
    page.choose("Reference", "1.jpg")
    page.make()
    page.results(*FILES)
    folded = page.all("details")[0]
    folded.click()
    assert "Exposures in stops from the table: 2.jpg 0, 1.jpg 1.5, 3.jpg 4" in folded.text


def _two(folder):
    return _bracket(folder)[:2], "A bracket needs 3 photographs of different exposure. Received: 2"


def _thirteen(folder):
    paths = _bracket(folder)
    for number in range(4, 14):
        paths.append(folder / f"{number}.jpg")
        shutil.copy(paths[0], paths[-1])
    return paths, "The page takes 12 photographs"


@pytest.mark.parametrize("bad", [_two, _thirteen])
def test_errors_are_those_of_the_script(page, server, tmp_path, bad):
    paths, message = bad(tmp_path / "in")
    page.upload(paths)
    page.until(lambda: page.said() or page.cell(len(paths) - 1, 1))
    page.make()
    page.until(lambda: any(message in line for line in page.said()))
    assert not any(str(server.temporary) in line for line in page.said())
    assert not page.links()


def test_no_name_becomes_markup(page, tmp_path):
    paths = _bracket(tmp_path / "in")
    evil = tmp_path / "in" / "<img src=x onerror=document.title='evil'>.jpg"
    paths[1].rename(evil).write_text("no picture")
    page.upload([paths[0], evil, paths[2]])
    page.until(lambda: any("Not a readable image" in line for line in page.said()))
    assert page.all("img[src=x]") == []
    assert page.driver.title == "HDR from your photographs"


def test_a_file_that_is_too_large_is_refused(server):
    head = (
        b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n'
        b"Content-Type: image/jpeg\r\n\r\n"
    )
    body = head + bytes(110 * 2**20) + b"\r\n--x--\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    with contextlib.closing(connection):
        try:
            connection.request("POST", "/gradio_api/upload", body, kind)
            status = connection.getresponse().status
        except ConnectionError:  # refused before all of it was sent
            status = 413
    assert status == 413


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/config", {"Host": "evil.example"}),
        ("POST", "/gradio_api/upload", {"Origin": "http://evil.example"}),
    ],
)
def test_other_sites_are_refused(server, method, path, headers):
    for extra, expected in (({}, False), (headers, True)):
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        with contextlib.closing(connection):
            connection.request(method, path, b"", extra)
            assert (connection.getresponse().status == 403) == expected


@pytest.mark.parametrize(
    "data",
    [
        [[], {"headers": ["a"], "data": [["1.jpg"]]}, "automatic", "fusion"],
        [[{"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}], [], "x", "y"],
        [None, None, None, None],
        [{}, 7, [], {"a": 1}],
        [],
    ],
)
def test_crafted_calls_are_a_line_on_the_terminal(server, data):
    for name in ("make", "look", "show", "apart", "nothing"):
        try:
            _call(server, name, data)
        except urllib.error.HTTPError as error:
            assert error.code < 500  # noqa: PT017
    said = server.log.read_text()
    assert "Traceback" not in said
    assert "share" not in said
    assert f"Open {server.url}" in said


def _call(server, name, data):
    """Calls a function of the page as programs do, and waits for its end."""
    url, kind = f"{server.url}/gradio_api/call/{name}", {"Content-Type": "application/json"}
    body = json.dumps({"data": data}).encode()
    event = json.loads(read(urllib.request.Request(url, body, kind)))["event_id"]
    return read(f"{url}/{event}")


def test_nobody_waits_for_a_photograph_that_takes_long(page, server, tmp_path):
    slow = tmp_path / "slow.jpg"
    Image.new("RGB", (7700, 7700)).save(slow, progressive=True)
    data = slow.read_bytes()
    scan = data[data.rindex(b"\xff\xda") : -2]
    slow.write_bytes(data[:-2] + 180 * scan + data[-2:])
    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    url = f"{server.url}/gradio_api/upload"
    (path,) = json.loads(read(urllib.request.Request(url, form([slow]), kind)))
    upload = {"path": path, "meta": {"_type": "gradio.FileData"}}
    other = threading.Thread(target=_call, args=(server, "look", [[upload]]))
    other.start()
    page.upload(_bracket(tmp_path / "in"))
    assert page.stops(3) == ["0.00", "2.00", "4.06"]
    assert other.is_alive()
    other.join()


def test_only_this_machine_is_served(server):
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    listening = [line.split()[1] for line in lines if line.split()[3] == "0A"]
    assert [x for x in listening if x.endswith(f":{server.port:04X}")] == [
        f"0100007F:{server.port:04X}"
    ]


def test_nothing_stays_when_the_program_ends(page, server, tmp_path):
    page.upload(_bracket(tmp_path / "in"))
    page.stops(3)
    assert len(server.photographs()) >= 3
    assert server.stop() == 0
    assert server.files() == []
