"""The documentation as one page that loads nothing from elsewhere; who has no token yet is asked for it there."""

import base64
import hashlib
import json
from collections.abc import Iterator
from html import escape
from typing import Any

from starlette.responses import HTMLResponse

from api.problems import REALM

STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2733}"
    "h2{margin-top:3rem;border-bottom:1px solid #cfd8e0}h3{margin:2rem 0 0;font-size:1rem}"
    "code,pre,input{font:13px/1.4 ui-monospace,monospace}pre{background:#f3f6f8;padding:.7rem;overflow:auto}"
    "table{border-collapse:collapse}td{padding:.15rem .8rem .15rem 0;vertical-align:top}input{width:100%;padding:.5rem}"
)
SCRIPT = (
    "document.forms[0].addEventListener('submit',async e=>{e.preventDefault();"
    "const r=await fetch(location.pathname,{headers:{Authorization:'Bearer '+document.forms[0].token.value.trim()}});"
    "const t=await r.text();if(r.ok){document.open();document.write(t);document.close()}"
    "else document.getElementById('said').textContent=JSON.parse(t).detail});"
)
_FORM = (
    "<h1>Reprise</h1><p>The documentation needs a token, as everything here does: <code>reprise token</code> makes one."
    '</p><form><input name="token" type="password" autocomplete="off" aria-label="Token" placeholder="Token" autofocus>'
    '</form><p id="said" role="alert"></p>'
)


def _source(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


_POLICY = (
    f"default-src 'none'; style-src {_source(STYLE)}; script-src {_source(SCRIPT)}; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def ask_for_token() -> HTMLResponse:
    """401 for a browser: the form that asks for the page again, with a token."""
    answer = _page(f"{_FORM}<script>{SCRIPT}</script>", 401)
    answer.headers["WWW-Authenticate"] = REALM
    return answer


def documentation(document: dict[str, Any]) -> HTMLResponse:
    """Every operation of an OpenAPI document, by tag."""
    info = document["info"]
    head = f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{escape(info['description'])}</p>"
    elsewhere = "<p>The same for machines: <code>/openapi.json</code>; the bus: <code>/asyncapi</code>.</p>"
    return _page(head + elsewhere + "".join(_tags(document)) + _models(document), 200)


def _page(body: str, status: int) -> HTMLResponse:
    start = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Reprise API</title><style>{STYLE}</style>'
    return HTMLResponse(f"{start}<main>{body}</main>", status_code=status, headers={"Content-Security-Policy": _POLICY})


def _tags(document: dict[str, Any]) -> Iterator[str]:
    for tag in document["tags"]:
        found = [
            _operation(method, path, operation)
            for path, item in document["paths"].items()
            for method, operation in item.items()
            if tag["name"] in operation.get("tags", ())
        ]
        if found:
            yield f"<h2>{escape(tag['name'])}</h2><p>{escape(tag['description'])}</p>{''.join(found)}"


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    rows = "".join(_parameter(parameter) for parameter in operation.get("parameters", ()))
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    sent = f"<p>Body: <code>{escape(_name(body))}</code></p>" if body else ""
    answers = "".join(_answer(status, answer) for status, answer in operation["responses"].items())
    return (
        f"<h3><code>{method.upper()} {escape(path)}</code></h3><p>{escape(operation.get('summary', ''))}. "
        f"{escape(operation.get('description', ''))}</p><table>{rows}</table>{sent}<table>{answers}</table>"
    )


def _parameter(parameter: dict[str, Any]) -> str:
    text = parameter.get("description") or _name(parameter["schema"])
    return f"<tr><td><code>{escape(parameter['name'])}</code><td>{escape(parameter['in'])}<td>{escape(text)}"


def _answer(status: str, answer: dict[str, Any]) -> str:
    return f"<tr><td><code>{escape(status)}</code><td>{escape(answer['description'])}"


def _name(schema: dict[str, Any]) -> str:
    """What a schema is, in a word or two."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    options = schema.get("anyOf", ())
    if options:
        return " or ".join(_name(option) for option in options)
    return str(schema.get("format") or schema.get("type") or "object")


def _models(document: dict[str, Any]) -> str:
    models = document["components"]["schemas"].items()
    listed = "".join(  # what may scroll is reached by keyboard
        f'<h3>{escape(name)}</h3><pre tabindex="0">{escape(json.dumps(model, indent=1))}</pre>'
        for name, model in models
    )
    return f"<h2>models</h2>{listed}"
