"""What the stores of research promise, as ``engine.ports`` says; runs on every adapter of units."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from engine.domain.errors import ConflictError, InvalidValueError
from engine.domain.market import Timeframe
from engine.domain.proof import ResearchState
from engine.ports import Units
from tests.fakes.samples import HOSTILE, MINUTE, T0
from tests.fakes.samples_research import calibration, criterion, curve, job, proof, trial

H1, H4 = Timeframe.H1, Timeframe.H4
RUNNING = ResearchState.RUNNING
LATER = T0 + MINUTE


def _in_threads(count: int, task: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=task, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class TestTrials:
    def test_a_trial_comes_back_to_the_last_bit(self, units: Units) -> None:
        with units() as unit:
            assert unit.trials.add(trial())
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.trials.of("score") == [trial()]

    def test_a_trial_that_is_seen_again_counts_once(self, units: Units) -> None:
        with units() as unit:
            assert unit.trials.add(trial())
            assert not unit.trials.add(trial(note="again", sharpe=None, seen_at=LATER))
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.trials.count("score") == 1
            assert unit.trials.of("score") == [trial()]

    def test_trials_of_a_lineage_come_oldest_first(self, units: Units) -> None:
        with units() as unit:
            unit.trials.add(trial("new", seen_at=LATER))
            unit.trials.add(trial("b"))
            unit.trials.add(trial("a"))
            unit.trials.add(trial("other", lineage="trend"))
            assert [row.id for row in unit.trials.of("score")] == ["b", "a", "new"]
            assert unit.trials.count("score") == 3
            assert unit.trials.count("trend") == 1
            assert unit.trials.count() == 4
            assert unit.trials.count("nobody's") == 0
            assert unit.trials.of("nobody's") == []

    def test_a_trial_that_never_traded_is_a_trial(self, units: Units) -> None:
        idle = trial(daily_returns=(), sharpe=None, trades=0, parameters={}, note="")
        with units() as unit:
            unit.trials.add(idle)
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.trials.of("score") == [idle]

    def test_trials_seen_at_the_same_time_are_all_counted(self, units: Units) -> None:
        def see(thread: int) -> None:
            for number in range(5):
                with units() as unit:
                    unit.trials.add(trial(f"{thread}-{number}"))
                    unit.trials.add(trial(f"shared-{number}"))
                    unit.commit()

        _in_threads(4, see)
        with units(read_only=True) as unit:
            assert unit.trials.count("score") == 4 * 5 + 5


class TestProofs:
    def test_a_verdict_comes_back_whole(self, units: Units) -> None:
        passed = proof("p2", passed=True, criteria=(criterion(),), metrics={}, predicted=None)
        with units() as unit:
            assert unit.proofs.add(proof("p1"))
            assert unit.proofs.add(passed)
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.proofs.all() == [passed, proof("p1")]

    def test_a_verdict_is_never_replaced(self, units: Units) -> None:
        with units() as unit:
            assert unit.proofs.add(proof())
            assert not unit.proofs.add(proof(passed=True, criteria=(criterion(),)))
            assert unit.proofs.all() == [proof()]

    def test_the_latest_verdict_on_a_version_is_the_newest_of_that_version(
        self, units: Units
    ) -> None:
        newest = proof("newest", made_at=T0 + 2 * MINUTE)
        with units() as unit:
            unit.proofs.add(newest)
            unit.proofs.add(proof("old"))
            unit.proofs.add(proof("middle", made_at=LATER))
            unit.proofs.add(proof("other", "trend-1", made_at=T0 + 3 * MINUTE))
            assert unit.proofs.latest("score-1") == newest
            assert unit.proofs.latest("trend-2") is None
            assert unit.proofs.count() == 4
            ids = [row.id for row in unit.proofs.all()]
        assert ids == ["other", "newest", "middle", "old"]


class TestCalibrations:
    def test_a_calibration_comes_back_whole_and_is_not_in_use(self, units: Units) -> None:
        with units() as unit:
            unit.calibrations.add(calibration(active=True))
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.calibrations.all() == [calibration(active=False)]
            assert unit.calibrations.active("score-1", H1) is None

    def test_the_same_fit_made_again_changes_nothing(self, units: Units) -> None:
        with units() as unit:
            unit.calibrations.add(calibration())
            unit.calibrations.activate("score-1/1h/1")
            unit.calibrations.add(calibration(made_at=LATER, note="again"))
            assert unit.calibrations.all() == [calibration(active=True)]

    @pytest.mark.parametrize(
        "changes",
        [
            {"method": "bins"},
            {"timeframe": H4},
            {"strategy_version": "score-2"},
            {"curves": (curve(1),)},
            {"data_to": T0},
        ],
    )
    def test_a_version_never_changes_its_content(
        self, units: Units, changes: dict[str, Any]
    ) -> None:
        with units() as unit:
            unit.calibrations.add(calibration())
            with pytest.raises(ConflictError, match="other content"):
                unit.calibrations.add(calibration(**changes))
            assert unit.calibrations.all() == [calibration()]

    def test_one_version_is_active_per_strategy_and_timeframe(self, units: Units) -> None:
        with units() as unit:
            for version in ("c2", "c1"):
                unit.calibrations.add(calibration(version))
            unit.calibrations.add(calibration("slow", timeframe=H4))
            unit.calibrations.add(calibration("trend", strategy_version="trend-1"))
            for version in ("slow", "trend", "c1", "c2"):
                unit.calibrations.activate(version)
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.calibrations.active("score-1", H1) == calibration("c2", active=True)
            slow, trend = (
                unit.calibrations.active("score-1", H4),
                unit.calibrations.active("trend-1", H1),
            )
            assert slow == calibration("slow", timeframe=H4, active=True)
            assert trend == calibration("trend", strategy_version="trend-1", active=True)
            assert unit.calibrations.active("trend-1", H4) is None
            in_use = {row.version for row in unit.calibrations.all() if row.active}
        assert in_use == {"c2", "slow", "trend"}

    def test_versions_come_oldest_first(self, units: Units) -> None:
        with units() as unit:
            unit.calibrations.add(calibration("new", made_at=LATER))
            unit.calibrations.add(calibration("b"))
            unit.calibrations.add(calibration("a"))
            assert [row.version for row in unit.calibrations.all()] == ["b", "a", "new"]

    def test_only_what_is_stored_can_be_activated(self, units: Units) -> None:
        with units() as unit:
            unit.calibrations.add(calibration())
            unit.calibrations.activate("score-1/1h/1")
            with pytest.raises(InvalidValueError, match="stored"):
                unit.calibrations.activate(HOSTILE)
            assert unit.calibrations.active("score-1", H1) == calibration(active=True)


class TestResearch:
    def test_a_job_is_queued_once(self, units: Units) -> None:
        with units() as unit:
            assert unit.research.put(job())
            assert not unit.research.put(job(kind="backtest"))
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.research.get("r1") == job()
            assert unit.research.get("r2") is None

    def test_the_next_job_is_the_one_that_waited_longest(self, units: Units) -> None:
        started = job("running", state=RUNNING, started_at=T0, requested_at=T0 - MINUTE)
        with units() as unit:
            assert unit.research.next_queued() is None
            for row in (job("late", requested_at=LATER), started, job("b"), job("a")):
                unit.research.put(row)
            assert unit.research.next_queued() == job("b")
            assert unit.research.next_queued() == job("b")
            assert unit.research.running() == [started]

    def test_a_job_goes_from_the_queue_to_its_result(self, units: Units) -> None:
        running = job(state=RUNNING, started_at=LATER, total=9)
        halfway = replace(running, done=4)
        ended = replace(
            halfway,
            done=9,
            state=ResearchState.DONE,
            finished_at=LATER + timedelta(microseconds=1),
            result={"sharpe": 0.1 + 0.2, "note": HOSTILE, "folds": []},
        )
        with units() as unit:
            unit.research.put(job())
            for before, after in ((job(), running), (running, halfway), (halfway, ended)):
                unit.research.replace(before, after)
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.research.get("r1") == ended
            assert unit.research.next_queued() is None
            assert unit.research.running() == []

    def test_a_worker_hears_that_its_job_was_cancelled(self, units: Units) -> None:
        running = job(state=RUNNING, started_at=T0)
        cancelled = replace(running, state=ResearchState.CANCELLED, finished_at=LATER)
        with units() as unit:
            unit.research.put(running)
            unit.research.replace(running, cancelled)
            with pytest.raises(ConflictError, match="no longer running"):
                unit.research.replace(running, replace(running, done=1))
            assert unit.research.get("r1") == cancelled

    def test_a_worker_hears_that_another_has_taken_over(self, units: Units) -> None:
        first = job(state=RUNNING, started_at=T0)
        second = job(state=RUNNING, started_at=LATER)
        with units() as unit:
            unit.research.put(first)
            unit.research.replace(first, job())
            unit.research.replace(job(), second)
            with pytest.raises(ConflictError):
                unit.research.replace(first, replace(first, done=1))
            assert unit.research.get("r1") == second

    def test_a_job_that_is_not_there_cannot_be_replaced(self, units: Units) -> None:
        with units() as unit, pytest.raises(ConflictError, match="r1"):
            unit.research.replace(job(), job(state=RUNNING, started_at=T0))

    def test_of_two_workers_one_gets_the_job(self, units: Units) -> None:
        with units() as unit:
            unit.research.put(job())
            unit.commit()
        got: list[int] = []
        both_have_read = threading.Barrier(2)

        def take(worker: int) -> None:
            with units(read_only=True) as unit:
                waiting = unit.research.next_queued()
            assert waiting is not None
            both_have_read.wait()
            started_at = T0 + worker * MINUTE
            try:
                with units() as unit:
                    after = replace(waiting, state=RUNNING, started_at=started_at)
                    unit.research.replace(waiting, after)
                    unit.commit()
            except ConflictError:
                return
            got.append(worker)

        _in_threads(2, take)
        with units(read_only=True) as unit:
            (running,) = unit.research.running()
        assert [running.started_at] == [T0 + worker * MINUTE for worker in got]

    def test_recent_jobs_come_newest_first(self, units: Units) -> None:
        with units() as unit:
            unit.research.put(job("new", requested_at=LATER))
            unit.research.put(job("b"))
            unit.research.put(job("a"))
            assert [row.id for row in unit.research.recent(9)] == ["new", "a", "b"]
            assert unit.research.recent(1) == [job("new", requested_at=LATER)]
