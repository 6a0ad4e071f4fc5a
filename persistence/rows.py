"""Instances as rows: the columns in one order, from values to arrays for `unnest` and back."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

import orjson

from schemas.codes import ErrorCode
from schemas.payloads import AdoptedObjects, DatabaseRef
from schemas.requests import InstanceRequest
from schemas.types import EventType
from statemachine.instance import Instance
from statemachine.states import State

COLUMNS: dict[str, str] = {
    "id": "uuid",
    "customer_id": "text",
    "name": "text",
    "request": "text",
    "job_id": "uuid",
    "created_at": "timestamptz",
    "state": "text",
    "state_since": "timestamptz",
    "queued_at": "timestamptz",
    "attempt": "int",
    "step": "int",
    "has_run": "bool",
    "held_at": "timestamptz",
    "waiting_job_id": "uuid",
    "cause": "text",
    "cause_code": "text",
    "error_code": "text",
    "error_message": "text",
    "failed_state": "text",
    "failed_by": "text",
    "verifying": "bool",
    "init_began": "bool",
    "avertable": "bool",
    "applied_at": "timestamptz",
    "deadline_at": "timestamptz",
    "overdue": "int",
    "auto_retries": "int",
    "database": "text",
    "adopted": "text",
}
"""Every column that holds an instance's values, with the type of its array; those of JSON travel as text."""

JSON_COLUMNS = frozenset({"request", "database", "adopted"})
_NAMES = tuple(COLUMNS)
_INTO: dict[str, Callable[[Any], Any]] = {
    "request": lambda request: request.model_dump_json(),
    "database": lambda database: database.model_dump_json() if database is not None else None,
    "adopted": lambda objects: objects.model_dump_json() if objects is not None else None,
}


@lru_cache(maxsize=1_024)
def _request(text: str) -> InstanceRequest:
    """Hundreds of instances ask for the same few things; what is frozen can be shared."""
    return InstanceRequest.model_construct(**orjson.loads(text))


_OUT: dict[str, Callable[[Any], Any]] = {
    # written by Reprise itself and validated then: only rebuilt here
    "request": _request,
    "database": lambda text: DatabaseRef.model_construct(**orjson.loads(text)),
    "adopted": lambda text: AdoptedObjects.model_validate_json(text),
    "state": State,
    "failed_state": State,
    "failed_by": EventType,
    "cause_code": ErrorCode,
    "error_code": ErrorCode,
}

SELECT = ", ".join(f"{name}::text" if name in JSON_COLUMNS else name for name in _NAMES)


def from_row(row: Iterable[Any]) -> Instance:
    """The instance in a row that begins with the columns of SELECT: by position, for the hot path reads many."""
    values = dict(zip(_NAMES, row, strict=False))
    for name, read in _OUT.items():
        if values[name] is not None:
            values[name] = read(values[name])
    return Instance(**values)


def to_arrays(instances: Iterable[Instance]) -> list[list[Any]]:
    """One list a column, in the order of COLUMNS."""
    rows = list(instances)
    return [_array(name, rows) for name in _NAMES]


def _array(name: str, rows: Sequence[Instance]) -> list[Any]:
    convert = _INTO.get(name)
    values = [getattr(row, name) for row in rows]
    return values if convert is None else [convert(value) for value in values]
