"""Draw every screen of the chat desk anew, in both themes: one command, always the same pictures.

    python docs/pictures/screens.py [FOLDER] [--sheet NAME] [--language LANGUAGE]

a desk that has lived on the embedded simulated market (``stage``) → its owner talks to it through
a loopback Bot API (``talk``, ``scenes``) → the pictures it sent, and the chat as a phone shows it
(``phone``), as PNG in ``FOLDER`` (this one by default). The chat screens take a Chromium; without
one the script says so and makes the drawn pictures only. It takes a few minutes.
"""

import argparse
import asyncio
import io
import logging
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import structlog
from PIL import Image
from rich.console import Console

# The test's servers and this folder's parts are found from the root of the checkout.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bot.charts.views import Theme
from bot.policy import ChatOptions
from docs.pictures.offline import OFFLINE
from docs.pictures.phone import NoBrowserError, Phone, find_browser, packed, photograph
from docs.pictures.scenes import SCENES
from docs.pictures.stage import NOW, ZONE, Past, copied, live
from docs.pictures.talk import talking

THEMES: tuple[Theme, ...] = ("dark", "light")
SHEETS: dict[str, tuple[str, ...]] = {
    "start": ("welcome", "help", "status", "settings", "languages"),
    "decide": ("question", "inbox", "approved"),
    "refuse": ("reasons", "rejected", "expired", "backlog"),
    "explore": ("list", "why", "costs"),
    "charts": ("chart", "chart-all", "frames"),
    "money": ("bought", "portfolio", "week", "positions", "stops", "closed"),
    "records": ("trades", "trade", "evidence", "pnl", "veto"),
    "alerts": ("wrong", "alert", "lines", "alerts", "fired", "watch"),
    "calm": ("loudness", "quiet", "mute", "digest", "trouble", "jobs"),
    "change": ("mode", "limits", "weights", "change", "people"),
    "factor": ("totp", "confirmed", "code", "done", "switches"),
    "research": ("queued", "backtest", "proving", "proof"),
}
"""Which phones stand side by side; the name of the file is ``screens-NAME-THEME.png``."""
DRAWN = {
    "card": "question",
    "opportunities": "list",
    "why": "why",
    "chart": "chart-all",
    "sheet": "frames",
    "portfolio": "portfolio",
    "digest": "digest",
    "trade": "trade",
    "veto": "veto",
    "backtest": "backtest",
    "proof": "proof",
    "second-factor": "totp",
}
"""Pictures the desk sent, by the phone that shows them."""
FOREIGN = {"de": ("question", "portfolio"), "es": ("list", "why")}
"""Phones of the sheet of other languages."""


async def play(past: Past, theme: Theme, language: str, wanted: Sequence[str]) -> dict[str, Phone]:
    """Play the scenes that have the wanted phones; all of them where none is named."""
    phones: dict[str, Phone] = {}
    options = ChatOptions(language=language, zone_name=ZONE, theme=theme, answer_within_s=30.0)
    for number, scene in enumerate(SCENES.values(), start=1):
        if wanted and not set(wanted) & set(scene.phones):
            continue
        source, moment = (past.asked, past.asked_at) if scene.when == "asked" else (past.ended, NOW)
        with copied(source, moment, seed=number) as stage:
            async with talking(stage, options, language, missed=scene.missed) as talk:
                await scene.play(talk)
                phones |= talk.screens
    return phones


def save(folder: Path, name: str, png: bytes, told: Console) -> None:
    """Write a file and say so."""
    target = folder / f"{name}.png"
    target.write_bytes(png)
    told.print(f"{target.name}: {len(png) // 1024} kB")


def with_palette(png: bytes) -> bytes:
    """The picture of the desk with fewer colours, for the documentation."""
    with Image.open(io.BytesIO(png)) as picture:
        return packed(picture.convert("RGB"))


def photo_of(phone: Phone) -> bytes:
    """The picture that a phone shows."""
    return next(bubble.photo for bubble in phone.bubbles if bubble.photo is not None)


def main() -> None:
    """Draw what is wanted."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent)
    parser.add_argument("--sheet", choices=SHEETS, help="only the phones of this sheet")
    parser.add_argument("--language", default="en", choices=("en", "de", "es"))
    chosen = parser.parse_args()
    told = Console()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    try:
        browser: str | None = find_browser()
    except NoBrowserError as err:
        browser = None
        told.print(f"[yellow]{err}[/yellow]")
    chosen.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pictures-") as folder:
        told.print("the desk lives through its past (a minute or two)")
        past = live(Path(folder))
        for theme in THEMES:
            draw(past, theme, browser, chosen, told)


def draw(
    past: Past, theme: Theme, browser: str | None, chosen: argparse.Namespace, told: Console
) -> None:
    """Draw everything in one theme."""
    only: str | None = chosen.sheet
    suffix = theme if chosen.language == "en" else f"{chosen.language}-{theme}"
    wanted = SHEETS[only] if only else ()
    phones = asyncio.run(play(past, theme, chosen.language, wanted))
    for name, phone in DRAWN.items():
        if phone in phones and (not only or phone in wanted):
            png = with_palette(photo_of(phones[phone]))
            save(chosen.folder, f"{name}-{suffix}", png, told)
    if not only and chosen.language == "en":
        for name, made in OFFLINE.items():
            save(chosen.folder, f"{name}-{theme}", with_palette(made(theme)), told)
    if browser is None:
        return
    for name, names in SHEETS.items():
        if only in (None, name):
            png = photograph([phones[one] for one in names], theme, browser)
            save(chosen.folder, f"screens-{name}-{suffix}", png, told)
    if not only and chosen.language == "en":
        foreign = [
            asyncio.run(play(past, theme, language, names))[name]
            for language, names in FOREIGN.items()
            for name in names
        ]
        save(
            chosen.folder,
            f"screens-languages-{theme}",
            photograph(foreign, theme, browser),
            told,
        )


if __name__ == "__main__":
    main()
