"""The documentation shows the screens that its script draws, and the script says what it lacks."""

import re
from itertools import chain
from pathlib import Path

import pytest

from docs.pictures.offline import OFFLINE
from docs.pictures.phone import Bubble, NoBrowserError, Phone, find_browser, marked_up, page_of
from docs.pictures.scenes import SCENES
from docs.pictures.screens import DRAWN, FOREIGN, SHEETS, THEMES
from tests.servers.telegram.entities import format_text

DOCS = Path(__file__).parents[2] / "docs"


def test_every_phone_of_the_sheets_is_played_once() -> None:
    played = [phone for scene in SCENES.values() for phone in scene.phones]
    assert len(played) == len(set(played))
    assert {*chain.from_iterable(SHEETS.values())} == set(played)
    assert {*DRAWN.values(), *chain.from_iterable(FOREIGN.values())} <= set(played)


def test_the_page_of_all_screens_shows_every_picture_in_both_themes() -> None:
    sheets = [f"screens-{name}" for name in (*SHEETS, "languages")]
    made = {f"{name}-{theme}.png" for name in (*sheets, *DRAWN, *OFFLINE) for theme in THEMES}
    shown = set(re.findall(r"pictures/([\w-]+\.png)", (DOCS / "screens.md").read_text("utf-8")))
    assert shown == made
    assert {name for name in made if not (DOCS / "pictures" / name).is_file()} == set()


def test_the_pictures_stay_small_enough_for_a_checkout() -> None:
    assert sum(file.stat().st_size for file in (DOCS / "pictures").glob("*.png")) < 6_000_000


def test_without_a_browser_it_is_said_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NoBrowserError, match="apt-get install -y chromium"):
        find_browser()


def test_the_marks_of_a_message_stand_where_the_chat_service_put_them() -> None:
    made = format_text("🔔 <b>bold <i>both</i></b> &lt;x&gt;", "HTML", None)
    assert marked_up(made.text, made.entities) == "🔔 <b>bold <i>both</i></b> &lt;x&gt;"


def test_hostile_text_stays_text_on_the_page() -> None:
    phone = Phone(title="<script>", bubbles=[Bubble(text="<img>", keyboard=[["<b>"]])])
    page = page_of([phone], "dark")
    assert "<script>" not in page
    assert "&lt;img&gt;" in page
    assert "&lt;b&gt;" in page
