"""What a rehearsal did, for people, for programs, and as the pictures a phone would have shown."""

import json
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.messages.pictures import draw
from bot.messages.registry import RENDERERS
from bot.messages.rendered import StoredFacts, Telling
from bot.messages.words import Words
from bot.policy import ChatOptions
from engine.desk.context import DeskContext
from engine.desk.rehearsal import RehearsalReport
from engine.domain.desk import Json
from engine.domain.ids import DecisionId
from main.output import money, print_table, say, to_json
from main.rehearsing import Staged


def report_json(report: RehearsalReport) -> dict[str, Any]:
    """Everything, as one document."""
    document: dict[str, Any] = to_json(report)
    return document | {
        "closed_trades": len(report.trades),
        "refusal_kinds": len(report.refused),
        "audit_verified_lines": report.audit_lines,
    }


def print_report(report: RehearsalReport, context: DeskContext) -> None:
    """Counts, reasons, results."""
    frame, quote = context.timeframe, context.quote
    assumed = report.codes_assumed
    codes = (("of them taken as confirmed, for want of a code", assumed),) if assumed else ()
    rows = (
        ("closes of " + str(frame), report.closes),
        ("decisions", report.decisions),
        ("entries proposed and granted", report.proposed),
        ("questions asked", report.asked),
        ("questions approved", report.approved),
        *codes,
        ("entries filled", report.filled),
        ("trades closed", len(report.trades)),
        ("positions still open", report.open_positions),
    )
    print_table("Rehearsal", ("what", ">count"), rows)
    _print_counts("Refused, by reason", report.refused)
    _print_counts("Granted, but not filled", report.later)
    _print_counts("Nothing proposed, by reason", report.idle)
    exits = Counter(trade.exit_reason for trade in report.trades)
    _print_counts("Closed, by reason", exits)
    _print_counts("Messages", report.messages)
    won = sum(trade.pnl_quote > 0 for trade in report.trades)
    fees = sum((trade.fees_quote for trade in report.trades), Decimal(0))
    pnl = sum((trade.pnl_quote for trade in report.trades), Decimal(0))
    say(f"won {won} of {len(report.trades)}, profit {money(pnl, quote, sign=True)} after fees")
    say(
        f"equity {money(report.start_equity_quote, quote)} → "
        f"{money(report.final_equity_quote, quote)}; fees {money(fees, quote)}"
    )
    say(f"audit verified: {report.audit_lines} lines, the chain is whole")


def write_report(staged: Staged, report: RehearsalReport, folder: Path) -> None:
    """``report.json``, and the pictures of the last card, its chart and the portfolio."""
    folder.mkdir(parents=True, exist_ok=True)
    document = json.dumps(report_json(report), indent=2, ensure_ascii=False)
    (folder / "report.json").write_text(document + "\n", encoding="utf-8")
    for name, image in pictures(staged).items():
        (folder / f"{name}.png").write_bytes(image)


def pictures(staged: Staged, *, theme: str = "dark") -> dict[str, bytes]:
    """The pictures of the chat, by kind of message."""
    wanted: dict[str, dict[str, Json]] = {"portfolio": {}}
    last = _last_asked(staged)
    if last is not None:
        decision = staged.assembled.desk.card(last, with_chart=False)
        assert decision is not None  # it was asked about
        wanted["card"] = {"decision_id": last}
        wanted["chart"] = {"symbol": str(decision.decision.symbol)}
    drawn = {kind: _picture(staged, kind, payload, theme) for kind, payload in wanted.items()}
    return {kind: image for kind, image in drawn.items() if image is not None}


def _picture(staged: Staged, kind: str, payload: Mapping[str, Json], theme: str) -> bytes | None:
    desk = staged.assembled.desk
    telling = Telling(
        desk=desk,
        facts=StoredFacts(desk, staged.units),
        words=Words.of("en", "UTC"),
        options=ChatOptions(theme=theme),
        payload=payload,
    )
    rendered = RENDERERS[kind](telling)
    return draw(rendered.picture) if rendered is not None and rendered.picture else None


def _last_asked(staged: Staged) -> DecisionId | None:
    with staged.units(read_only=True) as unit:
        recent = unit.approvals.recent(1)
    return recent[0].decision_id if recent else None


def _print_counts(title: str, counts: Mapping[str, int]) -> None:
    if counts:
        rows = sorted(counts.items(), key=lambda row: -row[1])
        print_table(title, ("reason", ">count"), rows)
