"""The fixed words of a picture, so that a language file can replace them.

Kept apart from the drawing because text for people is translated and drawing is not; how numbers
are written stands beside them. Indicator codes and units are the same in every language and come
with the view.
"""

from dataclasses import dataclass, field
from datetime import date

from bot.charts.number_format import NumberFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language. Short forms: a picture has room for about 12 characters each.

    `months` are twelve short names, January first; `day` is how a day of a month is written.
    """

    long: str
    short: str
    close: str
    score: str
    alert_from: str
    price: str
    volume: str
    last: str
    entry: str
    stop: str
    target: str
    signal: str
    time_in: str
    contributions: str
    other: str
    portfolio: str
    equity: str
    drawdown: str
    allocation: str
    open_profit: str
    nothing_held: str
    nothing_open: str
    no_data: str
    months: tuple[str, ...]
    day: str = "{day} {month}"
    numbers: NumberFormat = field(default_factory=NumberFormat)

    def __post_init__(self) -> None:
        if len(self.months) != 12:  # noqa: PLR2004 - a year
            raise ValueError(f"months must be 12 names, was {len(self.months)}")

    def day_of(self, moment: date) -> str:
        """Return a day without its year: "12 Nov", "12. Nov"."""
        return self.day.format(day=moment.day, month=self.months[moment.month - 1])


ENGLISH = Words(
    long="LONG",
    short="SHORT",
    close="CLOSE",
    score="Score",
    alert_from="alert from",
    price="Price",
    volume="Volume",
    last="Last",
    entry="Entry",
    stop="Stop",
    target="Target",
    signal="signal",
    time_in="Time in",
    contributions="What makes the score, points",
    other="other",
    portfolio="Portfolio",
    equity="Equity",
    drawdown="Drawdown",
    allocation="Allocation",
    open_profit="Open profit and loss",
    nothing_held="nothing held",
    nothing_open="no open positions",
    no_data="no data",
    months=("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
