"""Which renderer tells which kind of message; each names the zone of its times once."""

from collections.abc import Mapping
from dataclasses import replace

from bot.messages.alerts import (
    render_alert,
    render_alert_help,
    render_alert_levels,
    render_alert_set,
    render_alerts,
)
from bot.messages.backlog import list_renderer
from bot.messages.card import render_card
from bot.messages.changes import render_change
from bot.messages.chart import render_chart
from bot.messages.costs import render_costs
from bot.messages.delivery import (
    render_digest,
    render_heartbeat,
    render_jobs,
    render_mute,
    render_quiet,
)
from bot.messages.desk import (
    render_backfill,
    render_help,
    render_notice,
    render_status,
    render_welcome,
)
from bot.messages.evidence import render_evidence, render_evidence_file
from bot.messages.factors import render_factor, render_said, render_setup, render_wanted
from bot.messages.found import render_found
from bot.messages.inbox import render_inbox, render_reminder
from bot.messages.market import render_opportunities
from bot.messages.markup import say_aside
from bot.messages.money import render_closed, render_fill, render_pnl, render_portfolio
from bot.messages.people import render_invitation, render_people
from bot.messages.positions import render_positions, render_stops
from bot.messages.purchases import render_buy, render_purchase
from bot.messages.rendered import Rendered, Renderer, Telling
from bot.messages.research import render_proof, render_research
from bot.messages.settings import render_settings
from bot.messages.steering import render_limits, render_mode, render_strategies
from bot.messages.trades import render_export, render_trade, render_trades
from bot.messages.veto import render_veto
from bot.messages.watch import render_watch
from bot.messages.why import render_why

_EACH: dict[str, Renderer] = {
    "alert": render_alert,
    "alert_help": render_alert_help,
    "alert_levels": render_alert_levels,
    "alert_set": render_alert_set,
    "alerts": render_alerts,
    "approvals": render_inbox,
    "backfill": render_backfill,
    "buy": render_buy,
    "card": render_card,
    "change": render_change,
    "chart": render_chart,
    "code_wanted": render_wanted,
    "factor": render_factor,
    "factor_setup": render_setup,
    "closed": render_closed,
    "costs": render_costs,
    "digest": render_digest,
    "fill": render_fill,
    "found": render_found,
    "heartbeat": render_heartbeat,
    "help": render_help,
    "jobs": render_jobs,
    "mute": render_mute,
    "invitation": render_invitation,
    "limits": render_limits,
    "mode": render_mode,
    "notice": render_notice,
    "opportunities": render_opportunities,
    "people": render_people,
    "pnl": render_pnl,
    "portfolio": render_portfolio,
    "positions": render_positions,
    "proof": render_proof,
    "purchase": render_purchase,
    "quiet": render_quiet,
    "reminder": render_reminder,
    "research": render_research,
    "said": render_said,
    "settings": render_settings,
    "status": render_status,
    "strategies": render_strategies,
    "stops": render_stops,
    "trade": render_trade,
    "trades": render_trades,
    "veto": render_veto,
    "evidence": render_evidence,
    "evidence_file": render_evidence_file,
    "export": render_export,
    "watch": render_watch,
    "welcome": render_welcome,
    "why": render_why,
}

_LISTS = ("backlog", "flock", "held")


def _in_one_zone(render: Renderer) -> Renderer:
    def rendered(telling: Telling) -> Rendered | None:
        made = render(telling)
        return None if made is None else replace(made, text=say_aside(made.text))

    return rendered


_ALL: Mapping[str, Renderer] = {**_EACH, **dict.fromkeys(_LISTS, list_renderer(_EACH))}

RENDERERS: Mapping[str, Renderer] = {kind: _in_one_zone(one) for kind, one in _ALL.items()}

SWAPS_PICTURE = frozenset({"portfolio"})
"""Kinds whose edit replaces the picture; a card keeps the one it was sent with."""

GAINS_PICTURE = frozenset({"research", "opportunities", "found", "chart", "why"})
"""Kinds that begin as text and get their picture by an edit, or follow a message of text."""
