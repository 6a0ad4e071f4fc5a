"""The bus as an AsyncAPI 3 document, made from the same models that read the messages.

Source: https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from schemas import cloudevents
from schemas.events import SCHEMA_VERSION
from schemas.payloads import PAYLOADS
from schemas.types import EventType, Kind, kind_of
from schemas.views import StateChanged

_REF = "#/components/schemas/{model}"
_WHO = {
    Kind.WISH: "People publish it, by hand or through the HTTP API.",
    Kind.FACT: "The part that observed it publishes it, signed.",
    Kind.TIMER: "The relay publishes it when the time has run out, signed.",
    Kind.COMMAND: "The relay publishes it for the state machine, to one of the effects, signed.",
}
_PARAMETER = {"instanceId": {"description": "the UUID of the instance"}}
_HEADERS: dict[str, Any] = {
    "type": "object",
    "required": ["ce-specversion", "ce-id", "ce-source", "ce-type", "ce-subject", "ce-time"],
    "properties": {
        "ce-specversion": {"const": "1.0"},
        "ce-id": {"type": "string", "format": "uuid", "description": "decided once, however often it comes"},
        "ce-source": {"type": "string"},
        "ce-type": {"type": "string"},
        "ce-subject": {"type": "string", "format": "uuid", "description": "the instance"},
        "ce-time": {"type": "string", "format": "date-time"},
        "ce-actor": {"type": "string", "description": "by what means and who, like cli:alice"},
        "ce-reason": {"type": "string"},
        "ce-correlationid": {"type": "string", "format": "uuid", "description": "the job"},
        "ce-causationid": {"type": "string", "format": "uuid"},
        "ce-attempt": {"type": "string", "pattern": "^[0-9]+$"},
        "ce-step": {"type": "string", "pattern": "^[0-9]+$", "description": "fences what comes late"},
        "traceparent": {"type": "string"},
    },
}


def document(version: str) -> dict[str, Any]:
    """The whole document, as plain values."""
    models: list[type[BaseModel]] = list(dict.fromkeys((*PAYLOADS.values(), StateChanged)))
    schemas = models_json_schema([(model, "validation") for model in models], ref_template=_REF)[1]["$defs"]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Reprise on the bus",
            "version": version,
            "description": "CloudEvents 1.0 in binary mode over NATS JetStream. By hand only wishes are accepted.",
        },
        "defaultContentType": "application/json",
        "channels": {
            **{_channel(kind): _event_channel(kind) for kind in EventType},
            "changes": {
                "address": f"{cloudevents.CHANGES}.{{instanceId}}",
                "title": "What has changed, for whoever looks on",
                "parameters": _PARAMETER,
                "messages": {"state.changed": {"$ref": "#/components/messages/state.changed"}},
            },
        },
        "operations": _operations(),
        "components": {
            "messages": {**{kind.value: _message(kind) for kind in EventType}, "state.changed": _changed()},
            "messageTraits": {"cloudEvent": {"headers": _HEADERS}},
            "schemas": schemas,
        },
    }


def _channel(kind: EventType) -> str:
    return kind.value.replace(".", "_")


def _event_channel(kind: EventType) -> dict[str, Any]:
    return {
        "address": f"{cloudevents.INSTANCES}.{{instanceId}}.{kind.value}",
        "parameters": _PARAMETER,
        "messages": {kind.value: {"$ref": f"#/components/messages/{kind.value}"}},
    }


def _message(kind: EventType) -> dict[str, Any]:
    model = PAYLOADS[kind]
    return {
        "name": kind.value,
        "title": kind.value,
        "summary": _WHO[kind_of(kind)],
        "description": (model.__doc__ or "").strip(),
        "tags": [{"name": kind_of(kind).value}],
        "traits": [{"$ref": "#/components/messageTraits/cloudEvent"}],
        "payload": {"$ref": _REF.format(model=model.__name__)},
        "x-dataschema": cloudevents.dataschema(kind),
    }


def _changed() -> dict[str, Any]:
    return {
        "name": "state.changed",
        "title": "state.changed",
        "summary": (StateChanged.__doc__ or "").strip(),
        "payload": {"$ref": _REF.format(model=StateChanged.__name__)},
        "x-dataschema": f"reprise:state.changed:{SCHEMA_VERSION}",
    }


def _operations() -> dict[str, Any]:
    """Seen from Reprise: it receives wishes, and sends what people may listen to."""
    received = {
        f"receive_{_channel(kind)}": {
            "action": "receive",
            "channel": {"$ref": f"#/channels/{_channel(kind)}"},
            "summary": f"{kind.value} is decided",
        }
        for kind in EventType
        if kind_of(kind) is Kind.WISH
    }
    sent = {"action": "send", "channel": {"$ref": "#/channels/changes"}, "summary": "Every applied event is told"}
    return {**received, "send_changes": sent}
