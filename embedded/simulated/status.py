"""The errors of the Kubernetes API, each with the Status body a real API server answers with."""

from dataclasses import dataclass
from typing import Any

from embedded.simulated.kinds import Kind
from embedded.simulated.objects import Object
from schemas.errors import RepriseError


class StatusError(RepriseError):
    """A refusal as the Kubernetes API words it.

    Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
    """

    def __init__(self, code: int, reason: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code, self.reason, self.message, self.details = code, reason, message, details

    def body(self) -> Object:
        body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": self.message}
        details = {} if self.details is None else {"details": self.details}
        reason = {"reason": self.reason} if self.reason else {}
        return {**body, **reason, **details, "code": self.code}


@dataclass(frozen=True, slots=True)
class Cause:
    """One field at fault. `reason` is the wire word (FieldValueRequired …), `message` follows the field's path."""

    reason: str
    field: str
    message: str

    def body(self) -> dict[str, str]:
        return {"reason": self.reason, "message": self.message, "field": self.field}


def required(field: str, detail: str = "") -> Cause:
    return Cause("FieldValueRequired", field, "Required value" + (f": {detail}" if detail else ""))


def invalid_value(field: str, shown: str, detail: str) -> Cause:
    return Cause("FieldValueInvalid", field, f"Invalid value: {shown}: {detail}")


def unsupported(field: str, value: str, supported: tuple[str, ...]) -> Cause:
    listed = ", ".join(f'"{item}"' for item in sorted(supported))
    return Cause("FieldValueNotSupported", field, f'Unsupported value: "{value}": supported values: {listed}')


def duplicate(field: str, shown: str) -> Cause:
    return Cause("FieldValueDuplicate", field, f"Duplicate value: {shown}")


def not_found_value(field: str, shown: str) -> Cause:
    return Cause("FieldValueNotFound", field, f"Not found: {shown}")


def forbidden_value(field: str, detail: str) -> Cause:
    return Cause("FieldValueForbidden", field, f"Forbidden: {detail}")


def success(kind: Kind, name: str, uid: str) -> Object:
    details = {"name": name, **_group(kind), "kind": kind.plural, "uid": uid}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def not_found(kind: Kind, name: str) -> StatusError:
    return StatusError(404, "NotFound", f'{kind.resource} "{name}" not found', _details(kind, name))


def unknown_resource() -> StatusError:
    return StatusError(404, "NotFound", "the server could not find the requested resource", {})


def method_not_allowed() -> StatusError:
    message = "the server does not allow this method on the requested resource"
    return StatusError(405, "MethodNotAllowed", message, {})


def already_exists(kind: Kind, name: str) -> StatusError:
    return StatusError(409, "AlreadyExists", f'{kind.resource} "{name}" already exists', _details(kind, name))


def stale(kind: Kind, name: str) -> StatusError:
    """The optimistic lock failed: the object was changed since the writer read it."""
    changed = "the object has been modified; please apply your changes to the latest version and try again"
    message = f'Operation cannot be fulfilled on {kind.resource} "{name}": {changed}'
    return StatusError(409, "Conflict", message, _details(kind, name))


def failed_precondition(kind: Kind, name: str, why: str) -> StatusError:
    """A delete's precondition failed; unlike elsewhere the real server names the kind, not the resource."""
    message = f'Operation cannot be fulfilled on {kind.qualified_kind} "{name}": {why}'
    return StatusError(409, "Conflict", message, {**_details(kind, name), "kind": kind.kind})


def apply_conflict(message: str, causes: list[Cause]) -> StatusError:
    return StatusError(409, "Conflict", message, {"causes": [cause.body() for cause in causes]})


def invalid(kind: Kind, name: str, causes: list[Cause]) -> StatusError:
    worded = [f"{cause.field}: {cause.message}" for cause in causes]
    joined = worded[0] if len(worded) == 1 else f"[{', '.join(worded)}]"
    details = {**_details(kind, name), "kind": kind.kind, "causes": [cause.body() for cause in causes]}
    return StatusError(422, "Invalid", f'{kind.qualified_kind} "{name}" is invalid: {joined}', details)


def invalid_options(options: str, cause: Cause) -> StatusError:
    message = f'{options}.meta.k8s.io "" is invalid: {cause.field}: {cause.message}'
    return StatusError(422, "Invalid", message, {"group": "meta.k8s.io", "kind": options, "causes": [cause.body()]})


def bad_request(message: str) -> StatusError:
    return StatusError(400, "BadRequest", message)


def forbidden(kind: Kind, name: str, why: str, causes: list[Cause] | None = None) -> StatusError:
    details = _details(kind, name)
    if causes:
        details["causes"] = [cause.body() for cause in causes]
    return StatusError(403, "Forbidden", f'{kind.resource} "{name}" is forbidden: {why}', details)


def unauthorized() -> StatusError:
    return StatusError(401, "Unauthorized", "Unauthorized")


def expired(message: str) -> StatusError:
    return StatusError(410, "Expired", message)


def unsupported_media_type() -> StatusError:
    return StatusError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})


def too_large() -> StatusError:
    return StatusError(413, "RequestEntityTooLarge", "Request entity too large: limit is 3145728")


def _group(kind: Kind) -> dict[str, str]:
    return {"group": kind.group} if kind.group else {}


def _details(kind: Kind, name: str) -> dict[str, Any]:
    return {"name": name, **_group(kind), "kind": kind.plural}
