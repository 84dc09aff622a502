"""The page in a real browser: what is seen, that nothing from outside is asked for, and that no policy is broken."""

import os
import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from attrs import evolve
from baikaldoc_pos.journal import JournalReader
from baikaldoc_pos.monitoring import StatusSite
from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.system.web.conftest import NOW, SETTINGS, Client
from tests.system.web.history import rubric, with_past, with_trouble

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--window-size=1920,1080",
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    if CHROMIUM is None or DRIVER is None:
        if os.environ.get("CI"):
            pytest.fail("chromium and chromium-driver are not installed")
        pytest.skip("needs Debian's packages chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in (*ARGUMENTS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER)) as chrome:
        chrome.set_page_load_timeout(30)
        yield chrome


def colour(browser, selector: str) -> str:
    return browser.find_element(By.CSS_SELECTOR, selector).value_of_css_property("background-color")


def await_words(browser, name: str, words: str) -> None:
    """Wait for the next page: typing and clicking do not."""
    not_yet = (NoSuchElementException, StaleElementReferenceException)
    shown = WebDriverWait(browser, 20, ignored_exceptions=not_yet)
    shown.until(lambda page: words in page.find_element(By.CLASS_NAME, name).text)


def test_the_state_is_seen_at_one_glance(browser, client, service, tmp_path: Path):
    colours = set()
    for level, headline, changes in (
        ("green", "Всё в порядке", {}),
        ("amber", "Требуется внимание", {"rejected_faults": ("x", "y")}),
        ("red", "Не работает", {"last_success": NOW - timedelta(days=1)}),
    ):
        service.fares(**changes)
        browser.get(client.url("/"))
        assert browser.find_element(By.TAG_NAME, "h1").text == headline
        assert browser.find_element(By.CLASS_NAME, "sentence").text == "Следующий цикл: 12:06."
        sign = browser.find_element(By.CLASS_NAME, "sign").rect
        assert sign["height"] >= 80
        assert sign["y"] < 300
        colours.add(colour(browser, "section.state"))
        browser.save_screenshot(str(tmp_path / f"{level}.png"))
    assert len(colours) == 3


def test_bars_have_their_height_and_tell_their_figures(browser, client):
    browser.get(client.url("/"))
    bars = browser.find_elements(By.CSS_SELECTOR, ".chart rect.updated")
    assert bars
    assert all(bar.rect["height"] > 3 for bar in bars)
    titles = [title.get_attribute("textContent") for title in browser.find_elements(By.CSS_SELECTOR, ".chart g title")]
    assert len(titles) == 30
    assert titles[-1].startswith("15.10.2026")
    assert browser.find_element(By.CSS_SELECTOR, ".chart").aria_role in {"img", "image"}
    assert bars[0].value_of_css_property("fill") == "rgb(0, 114, 178)"


def test_a_person_searches_and_comes_back(browser, client, service):
    with_trouble(service.journal, NOW)
    browser.get(client.url("/"))
    browser.find_element(By.ID, "q").send_keys("Б-1/26\n")
    await_words(browser, "conclusion", "Документ заблокирован другим пользователем")
    browser.find_element(By.CLASS_NAME, "language").click()
    await_words(browser, "conclusion", "The status is not written")
    browser.find_element(By.CLASS_NAME, "name").click()
    await_words(browser, "state", "Attention needed")


@pytest.fixture
def phone(browser) -> Iterator[webdriver.Chrome]:
    """As narrow as a phone, which no window can be."""
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    yield browser
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def overflow(browser) -> int:
    return browser.execute_script("return document.documentElement.scrollWidth - window.innerWidth")


def test_the_page_fits_a_phone(phone, client, service):
    with_trouble(service.journal, NOW)
    phone.get(client.url("/"))
    assert overflow(phone) <= 0
    places = [figure.rect for figure in phone.find_elements(By.CLASS_NAME, "figure")]
    assert len(places) >= 4
    for one, other in combinations(places, 2):
        beside = abs(one["x"] - other["x"]) >= one["width"] + 4
        below = abs(one["y"] - other["y"]) >= one["height"] + 4
        assert beside or below
    # The chart is wider than the screen; what is seen of it are the last days.
    right = phone.execute_script("return document.querySelector('.chart g:last-of-type').getBoundingClientRect().right")
    assert right <= 390


def test_a_phone_shows_each_row_as_a_card(phone, client, service):
    with_trouble(service.journal, NOW)
    phone.get(client.url("/"))
    row = phone.find_element(By.CSS_SELECTOR, ".cards tbody tr")
    cells = row.find_elements(By.TAG_NAME, "td")
    assert all(one.rect["y"] + one.rect["height"] <= other.rect["y"] + 1 for one, other in pairwise(cells))
    words = "return getComputedStyle(arguments[0], '::before').content"
    assert phone.execute_script(words, cells[0]) == '"Рег. номер: "'


def brightness(element, name: str) -> int:
    """Red, green and blue together."""
    return sum(map(int, re.findall(r"\d+", element.value_of_css_property(name))[:3]))


def test_in_the_dark_the_page_is_dark_and_can_be_read(browser, client):
    media = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    try:
        browser.get(client.url("/"))
        body = browser.find_element(By.TAG_NAME, "body")
        assert brightness(body, "background-color") < 150
        assert brightness(body, "color") > 600
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_a_word_without_an_end_stays_on_the_page(phone, client, service):
    service.journal.remember_unmapped([rubric(5, status="ошибка" * 60)], NOW)
    phone.get(client.url("/search?q=5"))
    assert "ошибкаошибка" in phone.find_element(By.CLASS_NAME, "conclusion").text
    assert overflow(phone) <= 0


def test_figures_of_busy_days_do_not_touch(browser, service, tmp_path):
    with with_past(tmp_path / "busy", NOW, per_day=23, days=3, times=100):
        reader = JournalReader.open(tmp_path / "busy")
        assert reader is not None
        with reader:
            site = StatusSite(SETTINGS, evolve(service.sources(), journal=reader))
            site.start()
            browser.get(Client(site).url("/"))
            site.stop()
    boxes = [figure.rect for figure in browser.find_elements(By.CSS_SELECTOR, ".chart text.count:not(.in-vain)")]
    assert len(boxes) == 3
    boxes.sort(key=lambda box: box["x"])
    assert all(one["x"] + one["width"] * 1.1 < other["x"] for one, other in pairwise(boxes))


def test_a_screen_on_the_wall_is_filled(browser, client):
    metrics = {"width": 3840, "height": 2160, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get(client.url("/"))
    state = browser.find_element(By.CSS_SELECTOR, "section.state").rect
    headline = browser.find_element(By.TAG_NAME, "h1").rect
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert state["width"] > 3840 * 0.9
    assert headline["height"] > 100


def test_nothing_from_outside_is_asked_for_and_no_policy_is_broken(browser, client, service):
    with_trouble(service.journal, NOW)
    browser.get_log("browser")
    for path in ("/", "/search?q=1", "/nothing-here?lang=en"):
        browser.get(client.url(path))
        asked = browser.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
        assert [name for name in asked if not name.startswith("data:")] == []
    assert [entry["message"] for entry in browser.get_log("browser") if "404" not in entry["message"]] == []
    assert browser.execute_script("return document.scripts.length") == 0
