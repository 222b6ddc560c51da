"""Which renderer tells which kind of message."""

from collections.abc import Mapping

from bot.messages.backlog import backlog_renderer
from bot.messages.card import render_card
from bot.messages.desk import (
    render_approvals,
    render_backfill,
    render_buy,
    render_help,
    render_notice,
    render_status,
    render_welcome,
)
from bot.messages.market import (
    render_chart,
    render_heartbeat,
    render_opportunities,
    render_why,
)
from bot.messages.money import (
    render_closed,
    render_fill,
    render_pnl,
    render_portfolio,
    render_positions,
    render_trades,
)
from bot.messages.rendered import Renderer
from bot.messages.research import render_proof, render_research

_EACH: dict[str, Renderer] = {
    "approvals": render_approvals,
    "backfill": render_backfill,
    "buy": render_buy,
    "card": render_card,
    "chart": render_chart,
    "closed": render_closed,
    "fill": render_fill,
    "heartbeat": render_heartbeat,
    "help": render_help,
    "notice": render_notice,
    "opportunities": render_opportunities,
    "pnl": render_pnl,
    "portfolio": render_portfolio,
    "positions": render_positions,
    "proof": render_proof,
    "research": render_research,
    "status": render_status,
    "trades": render_trades,
    "welcome": render_welcome,
    "why": render_why,
}

RENDERERS: Mapping[str, Renderer] = {**_EACH, "backlog": backlog_renderer(_EACH)}

SWAPS_PICTURE = frozenset({"chart", "portfolio"})
"""Kinds whose edit replaces the picture; a card keeps the one it was sent with."""

GAINS_PICTURE = frozenset({"research"})
"""Kinds that begin as text and get their picture by an edit."""
