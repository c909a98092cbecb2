"""report.html: its content, names that cannot break out of it, and a browser that shows it.

The browser tests need Debian's packages chromium and chromium-driver. Where they are missing the
tests are skipped, unless ESBN_BROWSER=required says that this is a failure (continuous integration
does).
"""

import base64
import json
import os
import re
import shutil
from urllib.parse import unquote

import cv2
import numpy as np
import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from photo.reading.folder import Photographs
from photo.showing.page import HtmlReport, versions
from photo.showing.results import Written
from photo.showing.tone import tone_map
from tests.brackets import bracket, source_networks
from utils.evaluation.protocols import PROTOCOLS
from utils.evaluation.psnr_ssim import Metrics
from utils.inference.pipeline import reconstruct_picture

FULL = PROTOCOLS["full"]
METRICS = Metrics(psnr_mu=40.0, psnr_l=38.0, ssim_mu=0.98, ssim_l=0.96)
EVIL = "<script>alert(1)</script>\"'&@body@{{ 7 * 6 }}{% raw %}.jpg"
UNPRINTABLE = "a\x1b[31m\udcff\u202e#?.png"
FILES = tuple(f"bracket/{name}" for name in ("radiance.hdr", "picture.png", "sheet.png"))
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1200,1600",
)


def _page(path, scenes=1, size=(240, 320)):
    """A page of one scene with truth, then photographs without, whose names are markup."""
    page = HtmlReport("Title & more", scenes)
    with_truth = bracket(*size)
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
    decoded = [
        cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
        for _, data in found
    ]
    return [
        (name, image.shape)
        for (name, _), image in zip(found, decoded, strict=True)
        if image is not None
    ]


def test_the_page_holds_inputs_aligned_frames_result_error_numbers_and_versions(tmp_path):
    text = _page(tmp_path / "report.html")
    names = [name for name, _ in _pictures(text)]
    for part in ("low, 0 stops", "reference, 2 stops", "high, 4 stops", "low, aligned"):
        assert any(name.startswith(part) for name in names)
    assert sum(name.startswith("error") for name in names) == 1  # of the scene with truth
    assert [name for name in names if name.startswith("result at")][:7] == [
        f"result at {stops:+d} stops" for stops in range(-1, 6)
    ]
    assert "<th>psnr_mu</th><td>40.0000</td>" in text
    assert all(version in text for version in versions().values())


def test_names_are_escaped_everywhere(tmp_path):
    text = _page(tmp_path / "report.html")
    assert "<script>alert" not in text
    assert EVIL not in text
    assert text.count("<script>") == 1
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 10
    assert text.count("@body@") == text.count("@body@{{ 7 * 6 }}{% raw %}.jpg") >= 10
    assert r"a\x1b[31m\udcff\u202e#?.png" in text
    assert not {"\x1b", "\u202e"} & set(text)


def test_pictures_come_first_then_files_then_numbers_then_remarks(tmp_path):
    section = _page(tmp_path / "report.html").partition("<section")[2].partition("</section>")[0]
    places = [section.rindex("<img"), section.index(FILES[0]), section.index("psnr_mu")]
    places.append(section.index("320x240 pixels"))
    assert places == sorted(places)
    assert section.index("reference</span>") < section.index("result</span>")


def test_files_beside_the_page_are_linked_whatever_their_name(tmp_path):
    links = re.findall(r'class="file" href="([^"]*)"', _page(tmp_path / "report.html"))
    assert [unquote(link, errors="surrogateescape") for link in links] == [
        f"./{name}" for name in (*FILES, UNPRINTABLE, EVIL)
    ]
    assert not set("<>\"'&#?") & set("".join(links))


def test_settings_that_are_not_set_are_left_out(tmp_path):
    page = HtmlReport("t", 0)
    settings = {"weights": None, "exposures": (), "results": "", "tile": 0, "stops": (0, 2)}
    page.write(tmp_path / "report.html", settings, [])
    text = (tmp_path / "report.html").read_text()
    assert re.findall(r"<th>(\w+)</th>", text)[:3] == ["tile", "stops", "program"]
    assert "No scene was reconstructed" in text


def test_only_several_scenes_have_a_list_of_contents(tmp_path):
    scene = bracket(16, 16)
    reconstruction = reconstruct_picture(source_networks(), scene, FULL)
    written = Written(shown=scene.ldr[0].astype(np.uint8), picture="a", files=("a",))
    page = HtmlReport("t", 2)
    for expected in (0, 2):
        page.add(scene, reconstruction, written, None)
        page.write(tmp_path / "report.html", {}, [])
        assert (tmp_path / "report.html").read_text().count('<a href="#scene-') == expected


def test_many_scenes_get_small_pictures(tmp_path):
    scene = bracket(900, 1200)
    reconstruction = reconstruct_picture(source_networks(), scene, FULL)
    sizes = []
    for scenes in (1, 48, 5000):
        page = HtmlReport("t", scenes)
        shown = tone_map(reconstruction.hdr, "reinhard")
        page.add(scene, reconstruction, Written(shown=shown, picture="a", files=("a",)), METRICS)
        page.write(tmp_path / "report.html", {}, [])
        sizes.append(
            max(shape[1] for _, shape in _pictures((tmp_path / "report.html").read_text()))
        )
    assert sizes == [1000, 500, 280]


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
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
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


def _slider(driver, kind, section=0):
    return driver.find_elements(By.CSS_SELECTOR, f"input[data-kind={kind}]")[section]


def test_the_exposure_slider_shows_one_exposure_at_a_time(opened):
    slider = _slider(opened, "exposure")
    shown = "section:first-of-type .exposures img.shown"

    def stops():
        images = opened.find_elements(By.CSS_SELECTOR, shown)
        assert len(images) == 1
        assert images[0].is_displayed()
        output = opened.find_element(By.CSS_SELECTOR, "section:first-of-type output").text
        assert output == f"{images[0].get_attribute('data-stops')} stops"
        return int(images[0].get_attribute("data-stops"))

    assert stops() == 2  # the reference's exposure
    slider.send_keys(Keys.ARROW_RIGHT)
    assert stops() == 3
    slider.send_keys(Keys.HOME)
    assert stops() == -1
    slider.send_keys(Keys.END)
    assert stops() == 5
    other = opened.find_elements(By.CSS_SELECTOR, "section:nth-of-type(2) .exposures img.shown")
    assert [image.get_attribute("data-stops") for image in other] == ["+2"]


def test_the_before_after_slider_uncovers_the_reference(opened):
    slider = _slider(opened, "compare")
    after = opened.find_element(By.CSS_SELECTOR, "section:first-of-type img.after")
    assert "50%" in after.value_of_css_property("clip-path")
    labels = opened.find_elements(By.CSS_SELECTOR, "section:first-of-type .tag")
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
    button = opened.find_element(By.CSS_SELECTOR, "section:first-of-type .view")
    button.click()
    shown = opened.find_element(By.CSS_SELECTOR, "dialog img")
    assert shown.is_displayed()
    assert shown.size["width"] == int(shown.get_attribute("naturalWidth"))
    shown.click()
    assert not opened.find_elements(By.CSS_SELECTOR, "dialog[open]")


def test_the_page_needs_no_network_and_leaves_the_console_empty(opened):
    _slider(opened, "exposure").send_keys(Keys.END)
    _slider(opened, "compare").send_keys(Keys.END)
    assert opened.get_log("browser") == []
    events = [json.loads(entry["message"])["message"] for entry in opened.get_log("performance")]
    urls = [
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    ]
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
