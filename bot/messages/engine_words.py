"""What the engine reports about itself, in the reader's language and in the reader's time zone.

Results of jobs and rules of limits are known sentences, see ``retold``. A failure begins with the
name of its error, which has a word of its own; what follows may come from anywhere and stays.
"""

import re
from datetime import UTC, datetime
from decimal import Decimal

from bot.messages.markup import Html, escape, one_line
from bot.messages.retold import retold
from bot.messages.words import Words

_RULE = re.compile(r"(?P<key>\w+) must be (?P<rule>.+), was .+", re.DOTALL)
_ERROR = re.compile(r"(?P<kind>[A-Z]\w+): (?P<detail>.+)", re.DOTALL)
_UTC = re.compile(r"(\d{4}-\d{2}-\d{2} \d{2}:\d{2})(?::\d{2})? UTC")
_FRACTION = "_fraction"


def job_name(words: Words, name: str) -> Html:
    """What a job is called."""
    return words.named("job_names", name)


def moment_of(words: Words, text: str) -> Html:
    """A moment as rows hold it, in the reader's zone."""
    return words.moment(datetime.fromisoformat(text))


def job_result(words: Words, detail: str) -> Html:
    """What a job has done."""
    return retold(words, "job_results", detail.strip()) or one_line(detail)


def failure(words: Words, detail: str, limit: int = 500) -> Html:
    """Why something failed, at most so long; times in it are in the reader's zone."""
    told = _ERROR.fullmatch(detail.strip())
    kind = words.named("errors", told["kind"]) if told else ""
    rest = (told["detail"] if told else detail)[:limit]
    parts: list[str] = []
    end = 0
    for found in _UTC.finditer(rest):
        at = datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
        parts += [escape(_joined(rest[end : found.start()])), words.moment(at)]
        end = found.end()
    text = "".join((*parts, escape(_joined(rest[end:])))).strip()
    return Html(f"{kind}: {text}" if kind else text)


def _joined(text: str) -> str:
    """On one line; a space at either end stays."""
    return re.sub(r"\s+", " ", text)


def limit_key(words: Words, key: str) -> Html:
    """A limit as it is typed, with its name: ``risk_fraction (At risk per trade)``."""
    name = key.rpartition(".")[2]
    known = words.knows(f"limit_names.{name}")
    return Html(f"{one_line(name)} ({words(f'limit_names.{name}')})") if known else one_line(name)


def limit_rule(words: Words, detail: str) -> Html:
    """What a limit must be, from the error that says so: "risk_fraction must be …, was …"."""
    found = _RULE.fullmatch(detail)
    if found is None:
        return one_line(detail)
    key, rule = found["key"], found["rule"]

    def figure(name: str, text: str) -> str | None:
        if name == "code":
            return limit_key(words, text)
        share = key.endswith(_FRACTION) and name in ("most", "least", "low", "high")
        return _share(words, text) if share else None

    return retold(words, "limit_rules", rule, figure) or _choice(words, rule)


def _share(words: Words, text: str) -> str:
    value = Decimal(text)
    return words.percent(value, digits=max(0, -int((value * 100).normalize().as_tuple().exponent)))


def _choice(words: Words, rule: str) -> Html:
    """Words to choose from: what is typed stays, and is explained."""
    parts = []
    for word in rule.split(" or "):
        known = words.knows(f"limit_words.{word}")
        told = f"{one_line(word)} ({words(f'limit_words.{word}')})" if known else one_line(word)
        parts.append(told)
    return Html(f" {words.raw('limits.or')} ".join(parts))
