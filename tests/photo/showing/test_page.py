"""report.html: its content, escaped names, and its behaviour in a browser.

The browser tests need Debian's packages chromium and chromium-driver. Without them the tests are
skipped; with ESBN_BROWSER=required they fail, as in continuous integration.
"""

import base64
import io
import json
import os
import re
import shutil
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from configs.settings import ReconstructionConfig
from photo.reading.folder import Photographs
from photo.showing.page import HtmlReport, versions
from photo.showing.results import Written
from photo.showing.tone import tone_map
from tests.brackets import bracket, source_networks
from utils.evaluation.protocols import PROTOCOLS
from utils.evaluation.psnr_ssim import Metrics
from utils.inference.pipeline import reconstruct_picture
from utils.runs.networks import weights_caution

FULL = PROTOCOLS["full"]
METRICS = Metrics(psnr_mu=40.0, psnr_l=38.0, ssim_mu=0.98, ssim_l=0.96)
EVIL = "<script>alert(1)</script>\"'&@body@{{ 7 * 6 }}{% raw %}.jpg"
UNPRINTABLE = "a\x1b[31m\udcff\u202e#?.png"
FILES = tuple(f"bracket/{name}" for name in ("radiance.hdr", "picture.png", "sheet.png"))
EXPOSURES = (
    *("3 stops darker", "2 stops darker", "1 stop darker", "as the reference"),
    *("1 stop brighter", "2 stops brighter", "3 stops brighter"),
)
FLAGS = (
    *("headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-sync"),
    *("disable-background-networking", "disable-component-update", "window-size=1200,1600"),
)


def _page(path):
    """A page of one scene with truth, then photographs without, whose names are markup."""
    page = HtmlReport("Title & more", 1)
    with_truth = bracket(240, 320)
    reconstruction = reconstruct_picture(source_networks(), with_truth, FULL)
    shown = tone_map(reconstruction.hdr, "reinhard")
    written = Written(shown=shown, picture="bracket/picture.png", files=FILES)
    page.add(with_truth, reconstruction, written, METRICS)
    photographs = Photographs(
        name=EVIL,
        ldr=with_truth.ldr,
        exposure_values=with_truth.exposure_values,
        hdr=None,
        files=(EVIL, EVIL, EVIL),
        notes=(f"note {EVIL}",),
        warnings=(f"warning {EVIL}",),
    )
    odd = Written(shown=shown, picture=UNPRINTABLE, files=(UNPRINTABLE, EVIL))
    page.add(photographs, reconstruction, odd, None)
    page.write(path, {"tone": "reinhard", EVIL: EVIL}, [f"failure {EVIL}"])
    return path.read_text()


def _pictures(text):
    """Alternative text and decoded size of every picture."""
    found = re.findall(r'<img [^>]*alt="([^"]*)"[^>]*src="data:image/jpeg;base64,([^"]*)"', text)
    images = [Image.open(io.BytesIO(base64.b64decode(data))) for _, data in found]
    return [(name, np.asarray(image).shape) for (name, _), image in zip(found, images, strict=True)]


def test_the_page_holds_inputs_aligned_frames_result_error_numbers_and_versions(tmp_path):
    text = _page(tmp_path / "report.html")
    names = [name for name, _ in _pictures(text)]
    for part in ("low, 2 stops darker", "reference", "high, 2 stops brighter", "low, aligned"):
        assert part in names
    assert sum(name.startswith("error") for name in names) == 1  # of the scene with truth
    exposures = [name for name in names if name.startswith("result, ") and "tone" not in name]
    assert exposures[:7] == [f"result, {words}" for words in EXPOSURES]
    for word in ("reference", "aligned", "stop", "psnr_mu"):
        assert f"<dt>{word}" in text
    assert "<th>psnr_mu</th><td>40.0000</td>" in text
    assert all(version in text for version in versions().values())
    section = text.partition("<section")[2]
    places = [section.index(mark) for mark in ("<img", FILES[0], "psnr_mu", "320x240 pixels")]
    assert places == sorted(places)


def test_names_are_escaped_everywhere(tmp_path):
    text = _page(tmp_path / "report.html")
    assert "<script>alert" not in text
    assert EVIL not in text
    assert text.count("<script>") == 1
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 10
    assert text.count("@body@") == text.count("@body@{{ 7 * 6 }}{% raw %}.jpg") >= 10
    assert r"a\x1b[31m\udcff\u202e#?.png" in text
    assert not {"\x1b", "\u202e"} & set(text)


def test_files_of_any_name_beside_the_page_are_linked(tmp_path):
    links = re.findall(r'class="file" href="([^"]*)"', _page(tmp_path / "report.html"))
    assert [unquote(link, errors="surrogateescape") for link in links] == [
        f"./{name}" for name in (*FILES, UNPRINTABLE, EVIL)
    ]
    assert not set("<>\"'&#?") & set("".join(links))


def test_settings_that_are_not_set_are_left_out(tmp_path):
    path = tmp_path / "report.html"
    settings = {"weights": None, "exposures": (), "results": "", "tile": 0, "stops": (0, 2)}
    HtmlReport("t", 0).write(path, settings, [])
    assert re.findall(r"<th>(\w+)</th>", path.read_text())[:3] == ["tile", "stops", "program"]
    assert "No scene was reconstructed" in path.read_text()


@pytest.mark.parametrize(
    ("weights", "expected"),
    [(None, "Best are steps of 1 to 3 stops"), (Path("x"), "not those of this code: x")],
)
def test_what_the_weights_are_bad_at_is_said(tmp_path, weights, expected):
    caution = weights_caution(ReconstructionConfig(weights=weights))
    HtmlReport("t", 0).write(tmp_path / "report.html", {}, [], caution)
    assert expected in (tmp_path / "report.html").read_text()


def test_many_scenes_get_small_pictures_and_several_a_list_of_contents(tmp_path):
    scene = bracket(900, 1200)
    reconstruction = reconstruct_picture(source_networks(), scene, FULL)
    shown = tone_map(reconstruction.hdr, "reinhard")
    written = Written(shown=shown, picture="a", files=("a",))

    def added(page):
        page.add(scene, reconstruction, written, METRICS)
        page.write(tmp_path / "report.html", {}, [])
        return (tmp_path / "report.html").read_text()

    for scenes, width in ((1, 1200), (12, 800), (5000, 280)):
        page = HtmlReport("t", scenes)
        text = added(page)
        assert max(shape[1] for _, shape in _pictures(text)) == width
        assert '<a href="#scene-' not in text
    assert added(page).count('<a href="#scene-') == 2


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A real headless Chromium that logs its console and its network."""
    paths = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if None in paths:
        message = "chromium and chromium-driver are not installed (apt-get install them)"
        if os.environ.get("ESBN_BROWSER") == "required":
            pytest.fail(message)
        pytest.skip(message)
    options = webdriver.ChromeOptions()
    options.binary_location = str(paths[0])
    for flag in (*FLAGS, f"user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(executable_path=str(paths[1]))
    driver = webdriver.Chrome(options=options, service=service)
    yield driver
    driver.quit()


@pytest.fixture
def opened(browser, tmp_path):
    """The page, opened; its title says that it was loaded."""
    _page(tmp_path / "report.html")
    for kind in ("browser", "performance"):
        browser.get_log(kind)  # forgets what was before, the browser's own start page among it
    browser.get((tmp_path / "report.html").as_uri())
    assert browser.title == "Title & more"
    return browser


def _all(driver, selector):
    return driver.find_elements(By.CSS_SELECTOR, selector)


def _slider(driver, kind):
    return _all(driver, f"input[data-kind={kind}]")[0]


def requested(driver):
    """Addresses that the page has asked for."""
    events = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    return [
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    ]


def test_the_exposure_slider_shows_one_exposure_at_a_time(opened):
    def check(words):
        images = _all(opened, "section:first-of-type .exposures img.shown")
        assert [image.get_attribute("data-exposure") for image in images] == [words]
        assert images[0].is_displayed()
        output = opened.find_element(By.CSS_SELECTOR, "section:first-of-type output")
        assert output.text == _slider(opened, "exposure").get_attribute("aria-valuetext") == words

    check("as the reference")
    for key, place in ((Keys.ARROW_RIGHT, 4), (Keys.HOME, 0), (Keys.END, 6)):
        _slider(opened, "exposure").send_keys(key)
        check(EXPOSURES[place])
    other = _all(opened, "section:nth-of-type(2) .exposures img.shown")
    assert [image.get_attribute("data-exposure") for image in other] == ["as the reference"]


def test_the_before_after_slider_uncovers_the_reference(opened):
    slider = _slider(opened, "compare")
    after = opened.find_element(By.CSS_SELECTOR, "section:first-of-type img.after")
    assert "50%" in after.value_of_css_property("clip-path")
    assert slider.get_attribute("aria-valuetext") == "50 % reference"
    labels = _all(opened, "section:first-of-type .tag")
    assert [label.text for label in labels] == ["reference", "result"]
    assert labels[0].location["x"] < labels[1].location["x"]
    slider.send_keys(Keys.END)
    assert "100%" in after.value_of_css_property("clip-path")
    slider.send_keys(Keys.HOME)
    assert re.search(r"inset\(0(px|%)?( 0px 0px 0%)?\)", after.value_of_css_property("clip-path"))


def test_the_handle_follows_the_pointer_on_the_picture(opened):
    picture = opened.find_element(By.CSS_SELECTOR, "section:first-of-type .compare")
    line = opened.find_element(By.CSS_SELECTOR, "section:first-of-type .line")
    quarter = round(picture.size["width"] / 4)
    drag = ActionChains(opened).move_to_element(picture).click_and_hold()
    drag.move_by_offset(quarter, 20).release().perform()
    middle = line.location["x"] + line.size["width"] / 2 - picture.location["x"]
    assert middle == pytest.approx(3 * quarter, abs=4)


def test_a_click_shows_a_small_picture_at_its_full_size(opened):
    opened.find_element(By.CSS_SELECTOR, "section:first-of-type .view").click()
    shown = opened.find_element(By.CSS_SELECTOR, "dialog img")
    assert shown.is_displayed()
    assert shown.size["width"] == int(shown.get_attribute("naturalWidth")) == 320
    shown.click()
    assert not _all(opened, "dialog[open]")


def test_the_page_needs_no_network_and_leaves_the_console_empty(opened):
    _slider(opened, "exposure").send_keys(Keys.END)
    _slider(opened, "compare").send_keys(Keys.END)
    assert opened.get_log("browser") == []
    urls = requested(opened)
    assert any(url.startswith("file:") for url in urls)  # the page itself: the log works
    assert [url for url in urls if not url.startswith(("file:", "data:"))] == []


def test_pictures_are_drawn_names_escaped_and_the_network_forbidden(opened):
    broken = "return [...document.images].filter(i => !i.complete || i.naturalWidth === 0).length"
    assert opened.execute_script(broken) == 0
    assert opened.execute_script("return document.images.length") > 20
    assert opened.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    assert len(opened.find_elements(By.TAG_NAME, "script")) == 1
    assert EVIL in [element.text for element in opened.find_elements(By.TAG_NAME, "h2")]
    blocked = opened.execute_async_script(
        "const done = arguments[0];"
        "fetch('data:,x').then(() => done('sent'), () => done('blocked'));"
    )
    assert blocked == "blocked"
