"""The trail of what was added to the store of research, and what it tells when some is gone."""

from engine.desk.research_trail import gap, note_added
from engine.ports import Units
from tests.fakes.samples import T0
from tests.fakes.samples_research import proof, trial


def add(units: Units, *names: str) -> None:
    """As every command does: the trials and their line in one transaction."""
    with units() as unit:
        added = sum(unit.trials.add(trial(name)) for name in names)
        note_added(unit, at=T0, actor="research", trials=added)
        unit.commit()


def missing(units: Units) -> str:
    with units(read_only=True) as unit:
        return gap(unit)


def lose(units: Units, count: int) -> None:
    """The trail speaks of so many more than there are, as after rows were deleted."""
    with units() as unit:
        note_added(unit, at=T0, actor="research", trials=count)
        unit.commit()


def test_an_empty_store_misses_nothing(fake_units: Units) -> None:
    assert missing(fake_units) == ""


def test_each_addition_is_one_line_with_its_number_and_the_total(fake_units: Units) -> None:
    add(fake_units, "a", "b")
    add(fake_units, "b", "c")
    with fake_units() as unit:
        unit.proofs.add(proof())
        note_added(unit, at=T0, actor="research", proofs=1)
        unit.commit()
    with fake_units(read_only=True) as unit:
        told = [line.event.detail for line in unit.audit.tail(9)[::-1]]
    assert told == [
        {"trials_added": 2, "proofs_added": 0, "trials": 2, "proofs": 0},
        {"trials_added": 1, "proofs_added": 0, "trials": 3, "proofs": 0},
        {"trials_added": 0, "proofs_added": 1, "trials": 3, "proofs": 1},
    ]
    assert missing(fake_units) == ""


def test_what_adds_nothing_writes_nothing(fake_units: Units) -> None:
    add(fake_units, "a")
    add(fake_units, "a")
    with fake_units(read_only=True) as unit:
        assert len(unit.audit.tail(9)) == 1


def test_rows_of_before_the_trail_are_no_gap_and_count_from_then_on(fake_units: Units) -> None:
    with fake_units() as unit:
        unit.trials.add(trial("old"))
        unit.commit()
    add(fake_units, "new")
    with fake_units(read_only=True) as unit:
        assert unit.audit.tail(1)[0].event.detail["trials"] == 2
    assert missing(fake_units) == ""


def test_a_deleted_trial_is_missed_and_the_remedy_told(fake_units: Units) -> None:
    add(fake_units, "a", "b")
    lose(fake_units, 3)
    assert "2 of 5 trials" in missing(fake_units)
    assert "restore the backup" in missing(fake_units)


def test_one_more_trial_does_not_cover_a_deletion(fake_units: Units) -> None:
    add(fake_units, "a")
    lose(fake_units, 1)
    add(fake_units, "b")
    assert "2 of 3 trials" in missing(fake_units)
