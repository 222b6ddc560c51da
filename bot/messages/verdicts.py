"""The words of a proof, for every place that shows them: cards, status, messages, pictures."""

from decimal import Decimal
from math import isfinite

from bot.messages.markup import Html
from bot.messages.words import Words
from engine.domain.proof import Criterion, Proof
from engine.domain.research import Drift, ProofView, Stale

_AT_MOST = frozenset({"pbo", "drawdown"})
_MOST_DIGITS = 7
_COUNTS = frozenset({"trades", "regimes", "trials", "days", "windows"})


def proof_mark(words: Words, proof: Proof | None) -> Html:
    """Whether a version is proved, in a word or two; for cards and the status."""
    if proof is None:
        return words("proof.mark_none")
    name = "proof.mark_passed" if proof.passed else "proof.mark_failed"
    return words(name, date=f"{proof.made_at:%Y-%m-%d}")


def stale_line(words: Words, view: ProofView) -> Html:
    """Why a verdict does not count here."""
    if view.stale in (None, Stale.RULES):
        return words("proof.stale")
    if view.stale is Stale.VENUE:
        venue = view.proof.venue if view.proof else ""
        return words("proof.stale_venue", venue=venue or words.raw("proof.venue_unknown"))
    return words(f"proof.stale_{view.stale}")


def drift_line(words: Words, drift: Drift | None) -> Html:
    """How the paper results stand beside the proof, or nothing if there is none."""
    if drift is None:
        return Html("")
    return words(
        f"proof.drift_{drift.state}",
        days=drift.days,
        needed=drift.needed_days,
        mean=small_percent(words, drift.daily_mean),
        low=small_percent(words, drift.daily_low),
        high=small_percent(words, drift.daily_high),
    )


def trials_line(words: Words, view: ProofView) -> Html:
    """How often the lineage had been tried when it was judged, and how often since."""
    then = view.proof.trials if view.proof else 0
    since = Decimal(view.trials - then)
    return words("proof.trials", then=words.number(Decimal(then), 0), since=words.number(since, 0))


def criterion_text(words: Words, one: Criterion) -> str:
    """The figure beside its limit: "412 ≥ 100"; the sign is the one it had to fulfil."""
    if one.value is None:
        return words.raw("proof.not_evaluable")
    value = _figure(words, one, one.value)
    if one.limit is None:
        return value
    limit = _figure(words, one, one.limit)
    for more in range(1, _MOST_DIGITS):
        if value != limit or one.value == one.limit:
            break
        # What failed by a hair must not look as if it had passed.
        value = _figure(words, one, one.value, more)
        limit = _figure(words, one, one.limit, more)
    sign = "≤" if is_at_most(one) else "≥"
    return f"{value} ({sign} {limit})"


def criterion_name(words: Words, one: Criterion) -> Html:
    """What a criterion is called."""
    return words.named("criteria", one.name)


def is_at_most(one: Criterion) -> bool:
    """Whether the figure has to stay below its limit."""
    return one.name in _AT_MOST or one.note.startswith("at most")


def _figure(words: Words, one: Criterion, value: float, more: int = 0) -> str:
    if not isfinite(value):
        return "∞" if value > 0 else "−∞"
    number = Decimal(repr(float(value)))
    if one.unit == "fraction":
        return words.percent(number, digits=1 + more)
    return words.number(number, (0 if one.unit in _COUNTS else 2) + more)


def small_percent(words: Words, fraction: float | None) -> str:
    """A return of one day as per cent with its sign: 0.00123 is "+0.123 %"."""
    if fraction is None:
        return "–"
    return words.percent(Decimal(repr(fraction)), digits=3, signed=True)
