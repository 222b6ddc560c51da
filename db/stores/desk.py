"""Controls, people, jobs and notes."""

from collections.abc import Iterable, Sequence

from sqlalchemy import case, delete, select

from db.stores.base import Store, ValueMap, values_of
from db.tables.desk import ControlsRow, JobRunRow, NoteRow, PersonRow
from engine.domain.desk import Controls, JobRun, Json, Person, Role

_ONLY = 1
_CONTROLS = ValueMap(Controls, ControlsRow)
_PEOPLE = ValueMap(Person, PersonRow)
_JOB_RUNS = ValueMap(JobRun, JobRunRow)
_RANK = case({role: rank for rank, role in enumerate(Role)}, value=PersonRow.role)


class SqlDesk(Store):
    """See ``engine.ports.DeskStore``."""

    def controls(self) -> Controls:
        """The switches; all off before anybody touched them."""
        return _CONTROLS.one(self._tx, ControlsRow.id == _ONLY) or Controls()

    def put_controls(self, controls: Controls) -> None:
        """Replace them."""
        self._put(ControlsRow, ("id",), {"id": _ONLY, **values_of(controls)})

    def people(self) -> Sequence[Person]:
        """Everybody the desk knows, owners first, then by user id."""
        return _PEOPLE.all(self._tx, order=(_RANK, PersonRow.user_id))

    def put_person(self, person: Person) -> None:
        """Insert or replace by user id."""
        self._put(PersonRow, ("user_id",), values_of(person))

    def drop_person(self, user_id: int) -> None:
        """Forget somebody; absent is fine."""
        self._tx.execute(delete(PersonRow).where(PersonRow.user_id == user_id))

    def job_runs(self) -> Sequence[JobRun]:
        """Last run of every job, by name."""
        return _JOB_RUNS.all(self._tx, order=(JobRunRow.name,))

    def put_job_run(self, run: JobRun) -> None:
        """Replace the job's last run."""
        self._put(JobRunRow, ("name",), values_of(run))

    def note(self, key: str) -> Json:
        """A small remembered value, ``None`` if absent."""
        statement = select(NoteRow.value).where(NoteRow.key == key)
        value: Json = self._tx.execute(statement).scalar_one_or_none()
        return value

    def put_note(self, key: str, value: Json) -> None:
        """Replace it."""
        self._put(NoteRow, ("key",), {"key": key, "value": value})

    def drop_notes(self, keys: Iterable[str]) -> None:
        """Forget these; absent is fine."""
        self._tx.execute(delete(NoteRow).where(NoteRow.key.in_(list(keys))))
