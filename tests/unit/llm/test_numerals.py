import pytest

from llm.numerals import fold, foreign_letter_spans, is_number_word, is_numeral, number_spans


@pytest.mark.parametrize(
    "word",
    [
        *("one", "Two", "seventeen", "forty", "hundreds", "million", "dozen", "half", "thirds"),
        *("twice", "threefold", "tenth", "twentyfive", "double", "zero", "couple"),
        *("zwei", "zwölf", "Dreißig", "dreissig", "siebenunddreißig", "hundertfünfzig", "eins"),
        *("dreifach", "zweimal", "Millionen", "Hälfte", "Drittel", "halb", "einhundert", "fuenf"),
        *("dos", "dieciséis", "veintidós", "treinta", "cien", "quinientas", "mil", "millones"),
        *("mitad", "doble", "tercio", "uno", "once"),
    ],
)
def test_number_words_are_found(word: str) -> None:
    assert is_number_word(word)


@pytest.mark.parametrize(
    "word",
    [
        *("often", "tone", "money", "score", "tenor", "none", "someone", "weight", "first", "pair"),
        *("ein", "eine", "einen", "einer", "und", "unter", "Einstieg", "Achtung", "Gewicht"),
        *("deshalb", "Hunde", "Zweifel", "Vorteil", "Dreieck", "Elfenbein", "allein", "kein"),
        *("una", "un", "media", "móvil", "par", "segundo", "unos", "milagro", "precio", "ventaja"),
    ],
)
def test_innocent_words_are_left_alone(word: str) -> None:
    assert not is_number_word(word)


@pytest.mark.parametrize("char", "7٣४७Ⅷ½⁵₂①七十０")
def test_numerals_of_any_script_are_found(char: str) -> None:
    assert is_numeral(char)


def test_spans_say_where() -> None:
    text = "up 7 or twelve"
    assert [text[a:b] for a, b in number_spans(text)] == ["7", "twelve"]


def test_letters_of_other_scripts_are_found() -> None:
    text = "tеn"  # the middle letter is Cyrillic
    assert foreign_letter_spans(text) == [(1, 2)]
    assert foreign_letter_spans("größer señal") == []


def test_folding_drops_case_and_accents() -> None:
    assert fold("DREISSIG Dreißig dieciséis") == "dreissig dreissig dieciseis"
