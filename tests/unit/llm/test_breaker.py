from llm.breaker import Breaker


def test_it_opens_after_failures_in_a_row_and_lets_one_trial_through() -> None:
    breaker = Breaker(failures=2, cooldown_s=60)
    assert breaker.allows(0)
    breaker.failed(0)
    assert breaker.allows(1)
    breaker.failed(1)
    assert not breaker.allows(60.9)
    assert breaker.resting_s(31) == 30
    assert breaker.allows(61)
    assert not breaker.allows(61), "only one trial at a time"
    breaker.failed(62)
    assert not breaker.allows(121)
    assert breaker.allows(122)
    breaker.succeeded()
    assert breaker.allows(122)
    assert breaker.allows(122)


def test_a_success_forgets_the_failures() -> None:
    breaker = Breaker(failures=2, cooldown_s=60)
    breaker.failed(0)
    breaker.succeeded()
    breaker.failed(1)
    assert breaker.allows(1)


def test_a_named_wait_is_kept_from_the_first_failure() -> None:
    breaker = Breaker(failures=3, cooldown_s=60)
    breaker.failed(10, retry_after_s=5)
    assert not breaker.allows(14.9)
    assert breaker.allows(15)


def test_an_abandoned_trial_frees_its_place() -> None:
    breaker = Breaker(failures=1, cooldown_s=10)
    breaker.failed(0)
    assert breaker.allows(10)
    breaker.abandoned()
    assert breaker.allows(10)
