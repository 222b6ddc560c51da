"""Cuts what a person writes after ``/alert`` into words.

A comma parts arguments, inside brackets always; outside of them it stays where it belongs to a
number (51.609,42), and so does the space of 70 000 and of 5 %.
"""

import re

_IN_BRACKETS = re.compile(r"\([^()]*")
_MINUS_AND_TIMES = str.maketrans({"−": "-", "×": "x"})
_STARTS, _ENDS = r"(?<![^\s()<>])", r"(?=[\s()<>,]|$)"
_SPACED_GROUPS = r"\$?[+-]?\$?\d{1,3}(?:\s\d{3})+(?:[.,]\d+)?(?:[km%x]|\s%)?"
_MARKED = r"\$?[+-]?\$?\d+(?:[.,'’]\d+)*(?:[km%x]|\s%)?"
_WORD = re.compile(
    rf">=|<=|[<>]|{_STARTS}(?:{_SPACED_GROUPS}|{_MARKED}){_ENDS}|[^\s()<>,]+", re.ASCII
)


def spelled(text: str) -> list[str]:
    """The words of a text in small letters."""
    folded = " ".join(text.casefold().translate(_MINUS_AND_TIMES).split())
    parted = _IN_BRACKETS.sub(lambda hit: hit[0].replace(",", " , "), folded)
    return [word.replace(" %", "%") for word in _WORD.findall(parted)]
