from html.parser import HTMLParser

import pytest

from main.reports.html import Html, page, section, table, tag, text

HOSTILE = "<script>alert(1)</script>&\"'"


class Reader(HTMLParser):
    """Checks that elements close in order, and collects them."""

    VOID = frozenset({"meta", "br", "hr", "img"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def read(document: str) -> Reader:
    reader = Reader()
    reader.feed(document)
    reader.close()
    assert reader.open == []
    return reader


def test_text_is_escaped_once() -> None:
    assert text("a < b & c") == "a &lt; b &amp; c"
    assert text(text("a < b")) == "a &lt; b"
    assert tag("p", tag("b", "<")) == "<p><b>&lt;</b></p>"


@pytest.mark.parametrize(
    "made",
    [
        tag("p", HOSTILE),
        tag("p", "x", title=HOSTILE),
        table((HOSTILE,), [(HOSTILE,)]),
        section(HOSTILE, HOSTILE),
        page(HOSTILE, HOSTILE),
    ],
)
def test_hostile_words_stay_words(made: str) -> None:
    reader = read(made)
    assert not any(name == "script" for name, _ in reader.seen)
    words = reader.said + [value or "" for _, attrs in reader.seen for value in attrs.values()]
    assert any(HOSTILE in word for word in words)


def test_an_attribute_named_like_a_word_of_python() -> None:
    assert tag("p", class_="big", stroke_width=2, id=None) == '<p class="big" stroke-width="2"></p>'


def test_a_page_forbids_the_browser_to_fetch_anything() -> None:
    reader = read(page("A title", Html("<p>x</p>")))
    policy = next(a["content"] for n, a in reader.seen if n == "meta" and "http-equiv" in a)
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_a_row_of_the_wrong_length_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="zip"):
        table(("one", "two"), [("only",)])
