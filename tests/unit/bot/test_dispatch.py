"""parse → authorise → one handler: who may do what, and what strangers get (nothing)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.channel import Incoming
from bot.handlers.asking import Response, may
from bot.handlers.commands import COMMANDS
from bot.handlers.dispatch import Dispatcher, Strangers
from bot.handlers.presses import PRESSES
from bot.messages import callbacks
from bot.messages.callbacks import Callback, encode
from bot.messages.callbacks_explorer import Look
from bot.messages.words import Words
from bot.policy import ChatOptions
from engine.desk.people import new_pairing_code
from engine.domain.desk import Person, Role
from engine.domain.market import Timeframe
from engine.ports import Units
from tests.fakes.desk_builder import APPROVER, OWNER, START, STRANGER, VIEWER, Bench, build
from tests.unit.bot.harness import scored
from tests.unit.bot.test_callbacks import EVERY

PEOPLE = (OWNER, APPROVER, VIEWER)
ARGS = {"chart": "BTC", "buy": "BTC 100", "close": "BTC"}


@pytest.fixture
def bench(fake_units: Units) -> Bench:
    return build(fake_units)


@pytest.fixture
def dispatcher(bench: Bench) -> Dispatcher:
    return Dispatcher(
        bench.assembled.desk, options=ChatOptions(), clock=bench.wall, source="telegram"
    )


def said(text: str, user_id: int = OWNER.user_id, **changes: object) -> Incoming:
    incoming = Incoming(
        update_id=1, user_id=user_id, user_name="Somebody", chat_id=user_id, text=text
    )
    return replace(incoming, **changes)  # type: ignore[arg-type]  # Incoming's names


def pressed(data: str, user_id: int = OWNER.user_id) -> Incoming:
    return said("", user_id, data=data, callback_id="1", message_id=5)


def text_of(response: Response) -> str:
    (reply,) = response.replies
    return str(reply.payload.get("text"))


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: str(person.role))
@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_each_command_is_for_its_role_and_above(
    name: str, person: Person, dispatcher: Dispatcher
) -> None:
    response = dispatcher.respond(said(f"/{name} {ARGS.get(name, '')}", person.user_id))
    is_refused = response.replies and response.replies[0].payload.get("text") == "not_allowed"
    assert bool(is_refused) is not may(person, COMMANDS[name].role)


def test_what_moves_money_or_switches_is_not_for_viewers() -> None:
    for_viewers = {name for name, command in COMMANDS.items() if command.role is Role.VIEWER}
    assert not for_viewers & {"buy", "close", "pause", "resume", "kill"}


def test_every_button_has_a_handler_and_a_role() -> None:
    kinds = set(callbacks.CALLBACKS)
    assert PRESSES.keys() == kinds


@pytest.mark.parametrize("callback", EVERY, ids=str)
def test_no_button_works_for_a_stranger(
    callback: Callback, dispatcher: Dispatcher, bench: Bench
) -> None:
    assert dispatcher.respond(pressed(encode(callback), STRANGER)) == Response()
    assert bench.actions() == ["stranger_ignored"]


@pytest.mark.parametrize("callback", EVERY, ids=str)
def test_a_button_about_nothing_is_answered_politely(
    callback: Callback, dispatcher: Dispatcher
) -> None:
    dispatcher.respond(pressed(encode(callback)))


def test_a_viewers_forged_close_is_refused(dispatcher: Dispatcher, bench: Bench) -> None:
    bench.propose(scored(bench.decide()))
    bench.approve(bench.pending()[0])
    position = bench.position()
    assert position is not None
    data = encode(callbacks.ClosePosition(position.entry_order_id))
    response = dispatcher.respond(pressed(data, VIEWER.user_id))
    assert response.answer == "You may not decide this."
    assert bench.position() is not None


@pytest.mark.parametrize("data", ["", "garbage", "1:a:token", "9:a:abcdefghijkl", "\x00" * 60])
def test_a_button_that_was_never_made_leaves_a_line(
    data: str, dispatcher: Dispatcher, bench: Bench
) -> None:
    response = dispatcher.respond(pressed(data))
    assert response.answer == "This button is no longer valid."
    assert response.replies == ()
    assert bench.actions() == ["stranger_ignored"]


def test_strangers_get_no_answer_whatever_they_say(dispatcher: Dispatcher, bench: Bench) -> None:
    for text in ("/start", "/portfolio", "hello", "/kill", "", "/start a b"):
        assert dispatcher.respond(said(text, STRANGER)) == Response()
    assert bench.actions() == ["stranger_ignored"]


def test_a_crowd_of_strangers_does_not_fill_the_trail(dispatcher: Dispatcher, bench: Bench) -> None:
    for number in range(1_000, 2_000):
        dispatcher.respond(said("hello", number))
    assert len(bench.actions()) <= 60


def test_the_right_code_pairs_once(dispatcher: Dispatcher, bench: Bench) -> None:
    code = new_pairing_code(bench.assembled.context)
    assert dispatcher.respond(said(f"/start {code}x", STRANGER)) == Response()
    response = dispatcher.respond(said(f"/start {code}", STRANGER, language="es-MX"))
    assert response.paired is not None
    assert response.paired.role is Role.OWNER
    assert response.paired.language == "es"
    assert dispatcher.respond(said(f"/start {code}", 777)) == Response()
    assert bench.actions() == ["pairing_refused", "paired", "pairing_refused"]


def test_a_code_in_a_group_pairs_nobody(dispatcher: Dispatcher, bench: Bench) -> None:
    code = new_pairing_code(bench.assembled.context)
    response = dispatcher.respond(said(f"/start {code}", STRANGER, is_private=False))
    assert response == Response()


def test_codes_cannot_be_guessed_by_trying(dispatcher: Dispatcher, bench: Bench) -> None:
    new_pairing_code(bench.assembled.context)
    for number in range(100):
        dispatcher.respond(said(f"/start code{number}", STRANGER))
    assert bench.actions().count("pairing_refused") == 5


def test_strangers_are_forgiven_after_a_while() -> None:
    strangers = Strangers()
    assert strangers.is_worth_a_line(1, START)
    assert not strangers.is_worth_a_line(1, START + timedelta(minutes=9))
    assert strangers.is_worth_a_line(1, START + timedelta(minutes=10))


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("/", "unknown_command"),
        ("/nonsense", "unknown_command"),
        ("/buy", "buy_usage"),
        ("/buy BTC", "buy_usage"),
        ("/buy BTC 1 2 3", "buy_usage"),
        ("/buy DOGE 100", "unknown_symbol"),
        ("/buy BTC -5", "buy_amount"),
        ("/buy BTC 0", "buy_amount"),
        ("/buy BTC 1,500", "number_two_readings"),
        ("/buy BTC nan", "buy_amount"),
        ("/buy BTC 1e9", "buy_amount"),
        ("/buy BTC 9999999999999", "buy_amount"),
        ("/buy BTC 100 EUR", "buy_amount"),
        ("/close", "close_usage"),
        ("/close DOGE", "unknown_symbol"),
        ("/close BTC", "close_refused"),
        ("/chart", "chart_usage"),
        ("/chart DOGE", "unknown_symbol"),
        ("/chart BTC 2h", "unknown_timeframe"),
        ("/kill please", "kill_usage"),
        ("blah", "not_understood"),
    ],
)
def test_wrong_input_gets_one_line(text: str, answer: str, dispatcher: Dispatcher) -> None:
    assert text_of(dispatcher.respond(said(text))) == answer


@pytest.mark.parametrize("amount", ["100", "100.5", "5"])
def test_a_purchase_asks_before_it_buys(amount: str, dispatcher: Dispatcher, bench: Bench) -> None:
    (reply,) = dispatcher.respond(said(f"/buy btc-usdt {amount} usdt")).replies
    assert reply.kind == "buy"
    assert reply.payload["symbol"] == "BTC/USDT"
    assert reply.payload["amount_quote"] == amount
    assert bench.fills() == ()


def test_a_kill_is_at_once_and_taken_back_by_a_question_only(
    dispatcher: Dispatcher, bench: Bench
) -> None:
    assert text_of(dispatcher.respond(said("/kill", APPROVER.user_id))) == "kill_done"
    assert dispatcher.respond(said("/kill off")) == Response()
    with bench.units(read_only=True) as unit:
        assert unit.desk.controls().killed
        assert [change.kind for change in unit.changes.pending()] == ["kill_off"]


def test_people_who_talk_to_each_other_in_a_group_are_not_interrupted(
    dispatcher: Dispatcher,
) -> None:
    assert dispatcher.respond(said("nice weather", is_private=False)) == Response()


def test_help_lists_what_the_role_may_do(dispatcher: Dispatcher) -> None:
    (mine,) = dispatcher.respond(said("/help")).replies
    (theirs,) = dispatcher.respond(said("/help", VIEWER.user_id)).replies
    assert mine.payload["commands"] == list(COMMANDS)
    assert "buy" not in str(theirs.payload["commands"])


def unspoken(bench: Bench) -> None:
    """The owner is named in the configuration and was never heard."""
    with bench.units() as unit:
        unit.desk.put_person(replace(OWNER, language=""))
        unit.commit()


def language_of(bench: Bench) -> str:
    owner = bench.assembled.desk.person(OWNER.user_id)
    assert owner is not None
    return owner.language


def test_who_was_never_heard_gets_the_language_of_their_app(
    dispatcher: Dispatcher, bench: Bench
) -> None:
    unspoken(bench)
    dispatcher.respond(said("/status", language="de-AT"))
    assert language_of(bench) == "de"
    assert bench.actions() == []
    dispatcher.respond(said("/status", language="es"))
    assert language_of(bench) == "de"


@pytest.mark.parametrize(("language", "is_private"), [("fr", True), ("de", False)])
def test_a_strange_language_or_a_group_leaves_the_desks(
    language: str, dispatcher: Dispatcher, bench: Bench, *, is_private: bool
) -> None:
    unspoken(bench)
    dispatcher.respond(said("/status", language=language, is_private=is_private))
    assert language_of(bench) == ""
    german = ChatOptions(language="de")
    assert Words.for_reader(bench.assembled.desk.person(OWNER.user_id), german).language == "de"


def test_a_chosen_language_stays_whatever_the_app_speaks(
    dispatcher: Dispatcher, bench: Bench
) -> None:
    unspoken(bench)
    dispatcher.respond(said("/settings language es", language="de"))
    dispatcher.respond(said("/status", language="de"))
    assert language_of(bench) == "es"


@pytest.mark.parametrize(
    ("text", "look"),
    [
        ("/chart BTC sheet", None),
        ("/chart sheet BTC", None),
        ("/chart hoja btc", None),
        ("/chart 4h BTC/USDT", "4h"),
        ("/chart btc 4h", "4h"),
        ("/chart BTC", "1h"),
    ],
)
def test_the_words_of_a_chart_come_in_any_order(
    text: str, look: str | None, dispatcher: Dispatcher
) -> None:
    (reply,) = dispatcher.respond(said(text)).replies
    assert (reply.kind, reply.payload["symbol"]) == ("chart", "BTC/USDT")
    frame = Timeframe(look) if look else None
    assert reply.payload["look"] == Look(frame).code


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("/chart", "chart_usage"),
        ("/chart sheet", "chart_usage"),
        ("/chart BTC ETH", "chart_usage"),
        ("/chart nothing", "unknown_symbol"),
        ("/chart BTC 7h", "unknown_timeframe"),
    ],
)
def test_a_chart_of_nothing_says_what_was_wrong(
    text: str, answer: str, dispatcher: Dispatcher
) -> None:
    assert text_of(dispatcher.respond(said(text))) == answer


def test_the_number_of_a_button_that_is_gone_is_answered_politely(bench: Bench) -> None:
    desk = bench.assembled.desk
    terminal = Dispatcher(desk, options=ChatOptions(), clock=bench.wall, source="console")
    assert text_of(terminal.respond(said("12"))) == "number_gone"
    chat = Dispatcher(desk, options=ChatOptions(), clock=bench.wall, source="telegram")
    assert text_of(chat.respond(said("12"))) == "not_understood"


@pytest.mark.parametrize(
    ("amount", "answer", "shown"),
    [
        ("1", "buy_too_little", ("5.00 USDT", "1,000.00 USDT")),
        ("2500", "buy_too_much", ("10,000.00 USDT", "1,000.00 USDT", "5.00 USDT")),
        ("99999", "buy_too_much", ("10,000.00 USDT", "1,000.00 USDT", "5.00 USDT")),
    ],
)
def test_what_would_be_refused_gets_no_button_but_what_would_fit(
    amount: str, answer: str, shown: tuple[str, ...], dispatcher: Dispatcher
) -> None:
    response = dispatcher.respond(said(f"/buy BTC {amount}"))
    assert text_of(response) == answer
    values = response.replies[0].payload["values"]
    assert isinstance(values, dict)
    assert set(shown) <= {str(value) for value in values.values()}


def test_a_purchase_under_the_kill_switch_names_the_switch_before_any_button(
    dispatcher: Dispatcher,
) -> None:
    dispatcher.respond(said("/kill"))
    response = dispatcher.respond(said("/buy BTC 99999"))
    assert text_of(response) == "buy_not_now"
    assert response.replies[0].payload["values"]["reason"] == "killed"  # type: ignore[index,call-overload]  # Json
