import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.grounding import MAX_SENTENCES, Flaw, GroundingReport, ground
from llm.numerals import number_spans
from llm.prompts import load
from tests.unit.llm.samples import GOOD, GOOD_FILLED, asked, refused, sheet


def check(*sentences: str, canary: str = "") -> GroundingReport:
    return ground(sentences, sheet(), canary=canary)


def flaws(*sentences: str) -> set[Flaw]:
    return {span.flaw for span in check(*sentences).spans}


def test_a_good_sentence_is_filled_by_code() -> None:
    report = check(GOOD)
    assert report.is_grounded
    assert report.text == GOOD_FILLED
    assert report.used == ("macd_points", "rsi_points", "score")


@pytest.mark.parametrize(
    "sentence",
    [
        "The score is {{score}} of 100.",
        "The score {{score}} won seventy times.",
        "Der Score {{score}} gewann siebenunddreißig Mal.",
        "La puntuación {{score}} ganó veintidós veces.",
        "The score {{score}} won ٧٣ times.",
        "The score {{score}} won 七 times.",
        "The score {{score}} won ⁵ times.",
        "The score {{score}} won ７３ times.",
        "The score {{score}} doubled, half of it is RSI.",
        "The score {{score}} won se\u200bventy times.",
    ],
)
def test_numbers_outside_slots_are_rejected(sentence: str) -> None:
    assert Flaw.NUMBER in flaws(sentence)


def test_letters_of_other_scripts_are_rejected() -> None:
    assert Flaw.FOREIGN_LETTER in flaws("The score {{score}} is семь.")


def test_unknown_slots_are_rejected() -> None:
    assert flaws("The win rate is {{win_rate}}.") == {Flaw.UNKNOWN_SLOT}


@pytest.mark.parametrize("sentence", ["Score {{score}", "Score {score}.", "{{score}} {{ }}"])
def test_braces_that_are_no_slot_are_rejected(sentence: str) -> None:
    assert Flaw.STRAY_BRACE in flaws(sentence)


def test_a_sentence_without_a_fact_has_nothing_to_stand_on() -> None:
    assert Flaw.NO_SLOT in flaws("This looks like a wonderful opportunity.")


@pytest.mark.parametrize(
    "sentence", ["Edge {{net_edge}}%.", "Edge {{net_edge}} percent.", "Stop {{stop_price}}k."]
)
def test_units_belong_to_the_display(sentence: str) -> None:
    assert Flaw.UNIT in flaws(sentence)


def test_an_indicator_may_not_show_anothers_number() -> None:
    assert flaws("RSI gives {{macd_points}}.") == {Flaw.OWNER}
    assert flaws("MACD gives {{macd_points}} and RSI {{rsi_points}}.") == set()


@pytest.mark.parametrize(
    "sentence",
    [
        "RSI at {{rsi_rsi}} is overbought.",
        "The score {{score}} is bearish.",
        "The order of {{notional}} was refused.",
        "The order of {{notional}} has been filled.",
        "Bei {{rsi_rsi}} ist der Markt überkauft.",
        "Con {{score}} la señal es bajista.",
        "Con {{rsi_rsi}} está sobrecomprado.",
    ],
)
def test_states_that_do_not_hold_are_rejected(sentence: str) -> None:
    assert Flaw.FALSE_STATE in flaws(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "RSI at {{rsi_rsi}} is not oversold.",
        "Bei {{rsi_rsi}} ist RSI nicht überverkauft.",
        "Con {{rsi_rsi}} no está sobrevendido.",
    ],
)
def test_states_that_hold_are_not_denied(sentence: str) -> None:
    assert flaws(sentence) == {Flaw.DENIED_STATE}


def test_a_state_that_holds_may_be_named() -> None:
    assert check("RSI at {{rsi_rsi}} is oversold.").is_grounded
    assert check("Bei {{rsi_rsi}} ist RSI überverkauft.").is_grounded
    assert ground(("Refused, {{gate_distance}} away.",), sheet(refused())).is_grounded


def test_names_the_sheet_does_not_know_are_rejected() -> None:
    assert Flaw.UNKNOWN_NAME in flaws("Forget {{symbol}}, take SCAM.")


@pytest.mark.parametrize(
    "sentence",
    [
        "Approve {{notional}} right away.",
        "A guaranteed gain of {{reward}}.",
        "Mit {{reward}} risikolos, garantiert.",
        "Aprueba {{notional}} sin riesgo.",
        "My instructions hide {{score}}.",
    ],
)
def test_pressure_on_the_reader_is_rejected(sentence: str) -> None:
    assert Flaw.PRESSURE in flaws(sentence)


def test_a_leaked_canary_is_rejected() -> None:
    canary = load("explain").canary
    report = check(f"Score {{{{score}}}} {canary.upper()[:6]}{canary[6:]}.", canary=canary)
    assert Flaw.LEAK in {span.flaw for span in report.spans}


def test_links_and_mentions_are_removed_not_shown() -> None:
    report = check("Score {{score}}, see https://evil.example/x and @scammer or /kill.")
    assert report.text == "Score +60.0, see and or ."


def test_bad_sentences_are_dropped_and_good_ones_kept() -> None:
    report = check(GOOD, "It won 73 times at {{score}}.")
    assert not report.is_grounded
    assert report.text == GOOD_FILLED
    assert {span.sentence for span in report.spans} == {1}


def test_spans_name_the_piece_in_the_cleaned_sentence() -> None:
    report = check("Score {{score}} won 73 times.")
    assert [(s.text, s.flaw) for s in report.spans] == [("7", Flaw.NUMBER), ("3", Flaw.NUMBER)]
    assert report.sentences[0][report.spans[0].start] == "7"


def test_the_repair_request_names_the_spans_as_data() -> None:
    request = check('Score {{score}} "won" seventy.').repair_request()
    assert '"text": "seventy", "problem": "number"' in request


def test_too_long_and_too_many_are_rejected() -> None:
    assert Flaw.TOO_LONG in flaws("Score {{score}} " + "and so on " * 40)
    assert Flaw.TOO_MANY in flaws(*[GOOD] * (MAX_SENTENCES + 1))


def test_nothing_is_not_grounded() -> None:
    assert not check().is_grounded
    assert not check("", "  ").is_grounded


@pytest.mark.parametrize(
    "sentence",
    [
        "The lower bound {{net_edge_low}} clears costs of {{cost}}; MA speaks against it.",
        "Der Stop liegt bei {{stop_price}}, also {{stop_distance}} unter dem Einstieg.",
        "El stop está en {{stop_price}} y el objetivo en {{target_price}}.",
        "MACD leads with {{macd_points}}, while the bars compared number {{rank_n}}.",
    ],
)
def test_plain_sentences_pass(sentence: str) -> None:
    assert flaws(sentence) == set()


SLOTS = st.sampled_from([f"{{{{{fact.id}}}}}" for fact in sheet().facts])
PIECES = st.one_of(SLOTS, st.text(max_size=12), st.sampled_from([" ", "seventy", "7", "{{", "}}"]))


@given(st.lists(st.lists(PIECES, max_size=8).map("".join), max_size=5))
def test_whatever_a_model_writes_every_number_shown_is_a_fact(sentences: list[str]) -> None:
    facts = sheet(asked())
    text = ground(tuple(sentences), facts).text
    for fact in sorted(facts.facts, key=lambda fact: -len(fact.display)):
        text = text.replace(fact.display, " ")
    assert number_spans(text) == []
