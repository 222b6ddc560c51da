"""HTML is parsed as Telegram parses it: expected values are read off the format's definition."""

import pytest

from tests.servers.telegram import ApiError
from tests.servers.telegram.entities import Entity, format_text, utf16_length

HEART = "\N{BLACK HEART SUIT}"  # one UTF-16 unit, three bytes
ROCKET = "\N{ROCKET}"  # two UTF-16 units, four bytes


def _parsed(source: str) -> tuple[str, list[tuple[str, int, int]]]:
    formatted = format_text(source, "HTML", None)
    return formatted.text, [(e.type, e.offset, e.length) for e in formatted.entities]


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("plain & simple", "plain & simple", []),
        ("1 &lt; 2 &gt; 0 &amp;&quot;", '1 < 2 > 0 &"', []),
        ("&#36;&#x20AC;&#128640;", f"$\N{EURO SIGN}{ROCKET}", []),
        ("&nbsp;&copy;&#0;", "&nbsp;&copy;&#0;", []),
        ("<b>a</b><strong>b</strong>", "ab", [("bold", 0, 1), ("bold", 1, 1)]),
        ("<i>a</i><em>b</em>", "ab", [("italic", 0, 1), ("italic", 1, 1)]),
        ("<u>a</u><ins>b</ins>", "ab", [("underline", 0, 1), ("underline", 1, 1)]),
        ("<s>a</s><del>b</del>", "ab", [("strikethrough", 0, 1), ("strikethrough", 1, 1)]),
        ("<tg-spoiler>x</tg-spoiler>", "x", [("spoiler", 0, 1)]),
        ('<span class="tg-spoiler">x</span>', "x", [("spoiler", 0, 1)]),
        ("<blockquote>q</blockquote>", "q", [("blockquote", 0, 1)]),
        ("<blockquote expandable>q</blockquote>", "q", [("expandable_blockquote", 0, 1)]),
        (f"{ROCKET}<b>{ROCKET}{HEART}</b>", f"{ROCKET}{ROCKET}{HEART}", [("bold", 2, 3)]),
        ("<b>a<i>b</i></b>", "ab", [("bold", 0, 2), ("italic", 1, 1)]),
        ("<B>a</B >", "a", [("bold", 0, 1)]),
        ("<b></b>x", "x", []),
        ("  \n<b>x</b> \n", "<b>", None),
        ("<b>x</> y", "x y", [("bold", 0, 1)]),
    ],
)
def test_tags_become_entities(
    source: str, text: str, entities: list[tuple[str, int, int]] | None
) -> None:
    if entities is None:
        assert _parsed(source) == ("x", [("bold", 0, 1)])
    else:
        assert _parsed(source) == (text, entities)


def test_a_link_keeps_its_address() -> None:
    formatted = format_text('<a href="https://x.io/?a=1&amp;b=2">x</a>', "HTML", None)

    assert formatted.entities == (
        Entity(type="text_link", offset=0, length=1, url="https://x.io/?a=1&b=2"),
    )


def test_a_link_without_an_address_is_plain_text() -> None:
    assert _parsed('<a href="nowhere">x</a>') == ("x", [])


def test_a_link_to_a_person_is_a_mention() -> None:
    (entity,) = format_text('<a href="tg://user?id=42">Ann</a>', "HTML", None).entities

    assert (entity.type, entity.user_id) == ("text_mention", 42)


def test_code_in_pre_names_its_language() -> None:
    source = '<pre><code class="language-python">x</code></pre>'

    assert format_text(source, "HTML", None).entities == (
        Entity(type="pre", offset=0, length=1, language="python"),
    )


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("a <br> b", 'Unsupported start tag "br" at byte offset 2'),
        (f"{HEART}<p>", 'Unsupported start tag "p" at byte offset 3'),
        ("1 <2", "Unclosed start tag at byte offset 2"),
        ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        (
            "<b><i>x</b></i>",
            'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"',
        ),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ('<a ="x">y</a>', 'Empty attribute name in the tag "a" at byte offset 0'),
        ("<a href=x_y>y</a>", "Unexpected end of name token at byte offset 8"),
        ('<a href="x>y</a>', "Unclosed start tag at byte offset 0"),
    ],
)
def test_broken_html_names_the_fault_and_the_byte(source: str, reason: str) -> None:
    with pytest.raises(ApiError) as refused:
        format_text(source, "HTML", None)

    assert refused.value.description == f"Bad Request: can't parse entities: {reason}"


def test_markdown_is_not_spoken_here() -> None:
    with pytest.raises(ApiError, match="MarkdownV2 is not supported"):
        format_text("*x*", "MarkdownV2", None)


def test_lengths_are_utf16_units() -> None:
    assert [utf16_length(t) for t in ("", "é", HEART, ROCKET)] == [0, 1, 1, 2]
