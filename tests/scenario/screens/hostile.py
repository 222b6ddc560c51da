"""What a hostile world puts into texts: names, reasons, errors and symbols that break messages."""

from engine.domain.market import Symbol

TEXTS = (
    "<b>bold</b> <a href='tg://user?id=1'>link",
    "_*[italic](http://evil.example)`code` ~||{}",
    "&amp; &lt;b&gt; &#60;&nbsp;&bogus;",
    "👩‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿🚀" * 8,
    "\u202eמחיר שלום\u202c \u200f123 العربية",
    "zero\u200bwidth\u2060\ufeff\u00ad\u034f",
    "\ud83d lone \udc00 halves \ud800",
    "line\nbreaks\r\nand\ttabs\x00\x07",
    "{name} {0} %s %(x)s ${HOME} {words.raw}",
    "unbroken" * 1_250,
    "many words " * 910,
    "   ",
)
"""Markup, emoji of many parts, right-to-left, invisible, half a surrogate pair, 10,000 long."""

SYMBOLS = tuple(
    Symbol(base, "USDT")
    for base in (
        "_BOLD_",
        "$X_2$",
        "1000-PEPE",
        "..",
        "-",
        "W" * 32,
        "$" * 32,
        "A_B-C.D$E",
    )
)
"""Everything a currency code may be made of: marks of formatting, of formulas and of paths."""
