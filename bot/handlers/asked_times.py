"""The times that a sentence names, as ``/why`` reads them: "why not ETH at 14:00 yesterday?".

folded text → day, clock and zone in the order of ``when.moment`` → what else names a time

What names a time but cannot be read ("last Tuesday", "vor drei Stunden") is handed on, never left
out: a question about the past that is answered about now would be answered wrongly. So the rule is
closed: a number that nothing has read is taken for a time.
"""

import re
from collections.abc import Callable

_READ_MARK = "¦"
"""Stands where something was read, so that the words around it do not become neighbours."""

_WEEKDAYS = (
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?|montags?|dienstags?|mittwochs?|donnerstags?"
    r"|freitags?|samstags?|sonnabends?|sonntags?|lunes|martes|miercoles|jueves|viernes|sabado"
    r"|domingo|mon|tues?|wed|thu(?:rs?)?|fri|sat|sun|lun|mie|jue|vie|sab|dom"
)
_SHORT_WEEKDAYS = r"(?:mo|di|mi|do|fr|sa|so)"
_MONTHS_OF = (
    r"jan(?:uary|uar)?|ene(?:ro)?",
    r"feb(?:ruary|ruar|rero)?",
    r"mar(?:ch|z|zo)?|mrz|maerz",
    r"apr(?:il)?|abr(?:il)?",
    r"may(?:o)?|mai",
    r"june?|juni|junio",
    r"july?|juli|julio",
    r"aug(?:ust)?|ago(?:sto)?",
    r"sept?(?:ember|iembre)?|set(?:iembre)?",
    r"oct(?:ober|ubre)?|okt(?:ober)?",
    r"nov(?:ember|iembre)?",
    r"dec(?:ember)?|dez(?:ember)?|dic(?:iembre)?",
)
_MONTH = "|".join(_MONTHS_OF)
_MONTHS = "|".join(
    months.replace("may(?:o)?", "mayo").replace("ago(?:sto)?", "agosto") for months in _MONTHS_OF
)
"""Without "may" and "ago", which are also other words; with a number they are read."""
_PARTS = (
    r"morning|afternoon|noon|midday|evening|tonight|midnight|overnight|tomorrow|morgens?"
    r"|vormittags?|mittags?|nachmittags?|abends?|nachts?|mitternacht|anoche|mediodia|medianoche"
    r"|manana|(?:la|esta|por la|de la) (?:tarde|noche)|madrugada|weekend|wochenende|fin de semana"
)
_UNITS = (
    r"sec(?:ond)?s?|min(?:ute)?s?|hours?|hrs?|days?|nights?|weeks?|months?|quarters?|years?|time"
    r"|sekunden?|minuten?|stunden?|tage?n?|nachte?n?|wochen?|monate?n?|quartale?n?|jahre?n?|male?"
    r"|segundos?|minutos?|horas?|dias?|noches?|semanas?|mes(?:es)?|trimestres?|anos?|vez|veces"
)
_LAST = (
    r"last|past|previous|prior|(?:letzt|vorig|vergangen|vorherig)e[nrsm]?|ultim[ao]s?|pasad[ao]s?"
)
_NUMBER_WORDS = (
    r"one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|eins|zwei|drei|vier|funf"
    r"|sechs|sieben|acht|neun|zehn|elf|zwolf|una|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez"
    r"|once|doce"
)
_DAY_WORDS = r"yesterday|gestern|ayer|today|heute|hoy|vorgestern|anteayer"
_END = r"(?![\w+]|[:.,]\d)"

_AGO = re.compile(
    r"\b(?:(?:(?!not?\b)\w+ ){0,2}ago(?! \d)"
    rf"|(?:vor|(?<!que )hace) (?:\S+ ){{0,3}}(?:\d*(?:{_UNITS})|\d+[smhdw])"
    r"|vor (?:kurz|lang)em|(?<!que )hace \w+"
    rf"|(?:(?!not?\b|nicht\b)\S+ ){{0,2}}(?:{_UNITS}) (?:earlier|before|prior|previously"
    r"|zuvor|davor|fruher|vorher|antes|atras)"
    r")\b"
)
_BOUND = re.compile(
    r"\b(?:after|before|until|till?|by|since|vor|nach|bis|seit|ab|antes de|despues de|hasta|desde)"
    rf"(?: the| dem| den| las?| el)? (?=\d|(?:{_DAY_WORDS}|{_WEEKDAYS})\b)\S+"
)
_ISO = re.compile(r"(?<![\w-])(\d{4}-\d{1,2}-\d{1,2})(?:t(?=\d)|(?![\w-]))")
_DOTTED = re.compile(r"(?<![\w.:])(\d{1,2}\.(?:0?[1-9]|1[0-2])\.(?:\d{4})?)(?![\w:]|\.\d)")
_DATE = re.compile(
    rf"\b(\d{{1,2}})(?:st|nd|rd|th|\.)?(?: (?:of|de))? ({_MONTH})\b\.?"
    r"(?:,? (?:de |del )?(\d{4})\b)?"
)
_MONTH_FIRST = re.compile(
    rf"(?<!el )\b({_MONTH})\.? (?:the )?(\d{{1,2}})(?:st|nd|rd|th)?"
    r"(?![\w.]\S)(?!:)(?! ?(?:[ap]\.?m|uhr|h)\b)"
    r"(?:,? (?:de |del )?(\d{4})\b)?"
)
_BEFORE = re.compile(
    r"\b(?:the )?day before yesterday\b|\bvorgestern\b"
    r"|(?<!dia )(?<!dias )(?<!noche )(?<!noches )(?<!semana )(?<!semanas )\bante(?:s de )?ayer\b"
)
_DAY = re.compile(r"\b(yesterday|gestern|ayer|today|heute|hoy)\b")
_CLOCK = re.compile(
    rf"(?<![\w.:/-])([01]?\d|2[0-3]):([0-5]\d)(?: ?uhr\b| ?h\b)?{_END}(?! ?[ap]\.?m)"
)
_HALF_DAY = re.compile(
    rf"(?<![\w.:])(0?[1-9]|1[0-2])(?:[:.]([0-5]\d))? ?([ap])(?:\.m\.|\.?m){_END}"
)
_HOUR = re.compile(
    r"(?<![\w.:])(?:"
    rf"([01]?\d|2[0-3])(?:\.([0-5]\d))? ?uhr(?: ([0-5]\d))?{_END}"
    rf"|([01]?\d|2[0-3])h([0-5]\d){_END}"
    rf"|(?:um|gegen|a las?) ([01]?\d|2[0-3])(?:[.h]([0-5]\d))?(?: ?h(?:oras?|rs)?)?{_END}(?! ?uhr))"
    r"(?! (?:y|menos) )"
)
_UTC = re.compile(r"(?:\b|(?<=¦))(?:utc|gmt)\b(?!\s?[+-])")
_ZONES = re.compile(
    r"\b(?:utc|gmt|ces?t|mesz|mez|[ecmp][sd]t|bst|jst|hkt|sgt|msk|aest|aedt|wes?t|ees?t"
    r"|new york\w*|london\w*|toki?yo|berlin\w*|madrid|paris|chicago|hong ?kong|singap\w+"
    r"|s[yi]dney|shanghai|dubai|nyc?|(?:us|local|exchange|server|eastern|pacific|british) time"
    r"|\w*(?:orts|borsen|server)zeit|hora (?:local|de \w+))\b"
    rf"|{_READ_MARK} ?(?:in|en) (?!the\b|der\b|die\b|el\b|la\b)[^\W\d]\w+"
)
_UNREAD = re.compile(
    r"\b(?:"
    rf"(?:the )?(?:{_LAST}) (?:\w+ ){{0,2}}(?:{_UNITS}|{_PARTS}|{_WEEKDAYS}|{_MONTHS})"
    rf"|(?:the |der |die |das |den )?(?:{_LAST}) \d+\w*(?! (?:trade|gesch|operac))"
    rf"|(?:la |el |los |las )?(?:{_UNITS}) (?:{_LAST}|anterior(?:es)?)"
    rf"|(?:this|that|diese[nrs]?|jene[nrs]?|est[ea]|es[ea]|aquel(?:la)?) (?:{_UNITS})"
    rf"|(?:the )?(?:other|next|following) days?|weeks? before|vortag\w*|vorwoche\w*|vormonat\w*"
    rf"|(?:la |el |este |am |on )?(?:{_WEEKDAYS})"
    rf"|(?<!\bi )am {_SHORT_WEEKDAYS}|{_SHORT_WEEKDAYS}\.?,? (?=(?:um )?[\d{_READ_MARK}])"
    rf"|{_MONTHS}|may (?=[\d{_READ_MARK}])|(?:in|of|for|last|since) may"
    rf"|{_PARTS}"
    r"|earlier|before|ago|previously|recently|formerly|back then|lately|vorhin|neulich|kurzlich"
    r"|letztens|letzthin|damals|zuvor|davor|vorher|fruher|einst|vorvorgestern|antes"
    r"|anteriormente|recientemente|entonces|antano|atras|trasanteayer"
    rf"|(?:after|until|since|vor|nach|bis|seit|despues de|hasta|desde) (?={_READ_MARK})"
    r"|(?<!\bso )(?<!\btoo )early|(?<!\bso )(?<!\bzu )fr(?:u|ue)h(?:morgens)?"
    r"|(?<!\btan )(?<!\bdemasiado )temprano"
    rf"|(?:at|um|gegen|around|a las?|sobre las?|hacia las?) (?:half |quarter |halb |viertel )?"
    rf"(?:past |to |vor |nach )?(?:{_NUMBER_WORDS})"
    r"|(?:half|quarter) (?:past|to)|(?:halb|viertel|dreiviertel|kurz) (?:vor|nach|\w+)"
    r"|(?:y|menos) (?:media|cuarto|cinco|diez|veinte|veinticinco)"
    r"|o ?['’]?clock|(?:in|im jahr|en|year|jahr|ano|seit) (?:19|20)\d\d"
    r")(?!\w)"
)
_NO_TIME = re.compile(
    r"[$€£] ?\d[\d.,]*|(?<![\w:.,])\d[\d.,]* ?(?:%|€|\$|(?:usdt|usdc|usd|eur|percent|prozent)\b)"
    r"|\b(?:on|on the|the|auf|im|en el) \d{1,2}[mhdw]\b(?! (?:earlier|before|ago))"
)
"""Money, shares and timeframes are numbers that are no times."""
_NUMBER = re.compile(
    rf"(?:\b(?:at|am|um|on(?: the)?|el|a las?) )?[^\s{_READ_MARK}]*\d[^\s{_READ_MARK}]*"
)
_LIKE_A_TIME = re.compile(r"\b(?:(?:19|20)\d\d\b|(?:at|um|a las?) \d[\d:.]*)")
_OF_NOW = re.compile(
    r"\b(?:today|heute|hoy|tonight"
    r"|(?:this|diese[nrsm]?|heute|est[ea]) (?:morning|afternoon|evening|week|month|year|morgen"
    r"|mittag|nachmittag|abend|woche|monat|jahr|manana|tarde|noche|semana|mes|ano|time)"
    r"|good (?:morning|afternoon|evening)|guten (?:morgen|abend)|buen[ao]s (?:dias|tardes|noches)"
    r"|por la (?:manana|tarde|noche))\b(?! (?:at|um|a las?) \d| \d)"
)
"""What is about now where nothing else is asked: "how is my portfolio today?"."""


def time_words(folded: str) -> tuple[str, ...]:
    """The words of a sentence that name a time; a day first, then the clock. Empty without any.

    ``folded`` is in lower case and without accents, and without the names of markets. Words that
    ``when.moment`` cannot read come last, so that it reads none of them.
    """
    found, rest = _found(folded)
    left = _NUMBER.findall(_NO_TIME.sub(_READ_MARK, rest))
    return (*found, *(word.strip(" ?!.,;()¿¡'\"") for word in left))


def past_words(folded: str, *, has_amounts: bool = True) -> tuple[str, ...]:
    """The words that name another time than today, where other numbers may be amounts."""
    found, rest = _found(_OF_NOW.sub(_READ_MARK, folded))
    return found if has_amounts else (*found, *_LIKE_A_TIME.findall(rest))


def _found(text: str) -> tuple[tuple[str, ...], str]:
    """What the patterns have found, in the order of a moment, and the text without it."""
    rest = text
    found: dict[str, list[str]] = {"day": [], "clock": [], "zone": [], "unread": []}
    for kind, pattern, read in _READ:
        found[kind] += [read(match) for match in pattern.finditer(rest)]
        rest = pattern.sub(_READ_MARK, rest)
    return tuple(word for words in found.values() for word in words), rest


def _half_day(match: re.Match[str]) -> str:
    hour = int(match[1]) % 12 + (12 if match[3] == "p" else 0)
    return f"{hour}:{match[2] or '00'}"


def _hour(match: re.Match[str]) -> str:
    hour, minutes = match[1] or match[4] or match[6], match[2] or match[3] or match[5] or match[7]
    return f"{hour}:{minutes or '00'}"


def _date(match: re.Match[str]) -> str:
    return _dotted(match[1], match[2], match[3])


def _month_first(match: re.Match[str]) -> str:
    return _dotted(match[2], match[1], match[3])


def _dotted(day: str, name: str, year: str | None) -> str:
    number = next(n for n, months in enumerate(_MONTHS_OF, 1) if re.fullmatch(months, name))
    return f"{day}.{number}.{year or ''}"


def _as_told(match: re.Match[str]) -> str:
    return match[0].strip(f" {_READ_MARK}")


_READ: tuple[tuple[str, re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    ("day", _BEFORE, lambda match: "anteayer" if "ayer" in match[0] else "vorgestern"),
    ("unread", _AGO, _as_told),
    ("unread", _BOUND, _as_told),
    ("day", _ISO, lambda match: match[1]),
    ("clock", _HALF_DAY, _half_day),
    ("clock", _HOUR, _hour),
    ("day", _DOTTED, lambda match: match[1]),
    ("day", _DATE, _date),
    ("day", _MONTH_FIRST, _month_first),
    ("day", _DAY, _as_told),
    ("clock", _CLOCK, lambda match: f"{match[1]}:{match[2]}"),
    ("zone", _UTC, lambda _: "utc"),
    ("unread", _ZONES, _as_told),
    ("unread", _UNREAD, _as_told),
)
"""What is looked for, in this order: what one has read, the next does not see."""
