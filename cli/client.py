"""The HTTP client of the command line.

It is the standard library's urllib, on purpose: httpx, which the services use, takes 300 ms to import on a plain
machine, three times what all the rest of a command takes; urllib.request takes 50 and does what is needed here:
JSON both ways, timeouts, TLS, proxies from the environment. Redirects are refused, since urllib would turn a POST
into a GET and hand the token on.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from cli.target import Target
from schemas.errors import BadInput, Conflict, DependencyDown, Forbidden, NotFound, Refused, RepriseError, Unauthorized

Document = dict[str, Any]
"""A JSON object as the API answers it; its shape is a model of schemas/views.py."""

TIMEOUT = 30.0
PAGE = 100
PIECE = 1 << 16
_ERRORS: Mapping[int, type[RepriseError]] = {403: Forbidden, 404: NotFound, 409: Conflict}
_GATEWAY = (502, 503, 504)


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class Client:
    """Calls the API. Every method raises DependencyDown when it does not answer, and what `_refusal` says."""

    def __init__(self, target: Target, timeout: float = TIMEOUT) -> None:
        self._target = target
        self._timeout = timeout
        self._opener: OpenerDirector = build_opener(_NoRedirects)

    @property
    def url(self) -> str:
        """Where the API is."""
        return self._target.url

    def get(self, path: str, **query: Any) -> Document:
        """GET `path`; parameters that are None are left out."""
        return self.call("GET", path, query=query)

    def post(
        self, path: str, body: Document | None, *, headers: Mapping[str, str] | None = None, **query: Any
    ) -> Document:
        """POST a JSON body, or none; values that are None are left out of body and query."""
        return self.call("POST", path, query=query, body=body, headers=headers)

    def delete(self, path: str, **query: Any) -> Document:
        """DELETE `path`."""
        return self.call("DELETE", path, query=query)

    def page(self, path: str, limit: int, **query: Any) -> Document:
        """Up to `limit` items of a list that the API answers page by page, as one page."""
        items: list[Document] = []
        cursor = None
        while True:
            found = self.get(path, limit=min(limit - len(items), PAGE), cursor=cursor, **query)
            items += found["items"]
            cursor = found["next_cursor"]
            if cursor is None or len(items) >= limit:
                return {"items": items, "next_cursor": cursor}

    def lines(self, path: str, *, headers: Mapping[str, str] | None = None, **query: Any) -> Iterator[str]:
        """The lines of an endless answer, until it breaks off; that is its only end, so it always raises."""
        request = Request(  # noqa: S310 - as in `call`
            self._address(path, query), headers=self._headers({"Accept": "text/event-stream", **(headers or {})})
        )
        try:
            with self._opener.open(request, timeout=self._timeout) as response:
                for line in response:
                    yield line.decode().rstrip("\n")
        except HTTPError as error:
            with error:
                raise self._refusal(error.code, error.headers.get("Location"), error.read()) from None
        except (URLError, OSError, HTTPException) as error:
            raise self._unreachable(getattr(error, "reason", error)) from error
        raise DependencyDown("Reprise", "the connection was closed")

    @contextmanager
    def stream(self, path: str, **query: Any) -> Iterator[tuple[Mapping[str, str], Iterator[bytes]]]:
        """The headers of a long answer, and its body piece by piece; one that breaks off raises DependencyDown."""
        address = self._address(path, query)
        request = Request(address, headers=self._headers({"Accept": "*/*"}))  # noqa: S310 - as in `call`
        try:
            with self._opener.open(request, timeout=self._timeout) as response:
                yield response.headers, iter(lambda: response.read(PIECE), b"")
        except HTTPError as error:
            with error:
                raise self._refusal(error.code, error.headers.get("Location"), error.read()) from None
        except (URLError, HTTPException, ConnectionError, TimeoutError) as error:
            raise self._unreachable(getattr(error, "reason", error)) from error

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Document | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Document:
        """One request, one JSON document."""
        request = Request(  # noqa: S310 - target() has made sure that the scheme is http or https
            self._address(path, query or {}), method=method, data=_encoded(body), headers=self._headers(headers)
        )
        try:
            with self._opener.open(request, timeout=self._timeout) as response:
                return _document(response.read())
        except HTTPError as error:
            with error:
                raise self._refusal(error.code, error.headers.get("Location"), error.read()) from None
        except (URLError, OSError, HTTPException) as error:
            raise self._unreachable(getattr(error, "reason", error)) from error

    def _address(self, path: str, query: Mapping[str, Any]) -> str:
        given = {name: _text(value) for name, value in query.items() if value is not None}
        return f"{self.url}{quote(path)}" + (f"?{urlencode(given)}" if given else "")

    def _headers(self, more: Mapping[str, str] | None) -> dict[str, str]:
        found = {"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "reprise-cli"}
        if self._target.token:
            found["Authorization"] = f"Bearer {self._target.token}"
        return {**found, **(more or {})}

    def _refusal(self, status: int, location: str | None, raw: bytes) -> RepriseError:
        if location and 300 <= status < 400:
            return Refused(f"{self.url} answers with a redirect to {location}; set REPRISE_URL to the address it names")
        problem = _problem(raw)
        detail = str(problem.get("detail") or f"{self.url} answered with status {status}")
        if status in _GATEWAY:
            return DependencyDown("Reprise", detail)
        if status == HTTPStatus.UNAUTHORIZED:  # what the API says to do besides is for whoever writes a client
            return Unauthorized(f"{detail.partition(';')[0]}; {self._target.remedy}")
        if problem.get("field"):
            return _bad_input(problem, detail)
        return _ERRORS.get(status, Refused)(detail)

    def _unreachable(self, reason: object) -> DependencyDown:
        said = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
        return DependencyDown(
            "Reprise", f"{self.url}: {said}; start it with `reprise up`, or set REPRISE_URL to where it runs"
        )


def _encoded(body: Document | None) -> bytes | None:
    if body is None:
        return None
    return json.dumps({name: value for name, value in body.items() if value is not None}).encode()


def _bad_input(problem: Document, detail: str) -> BadInput:
    first, *others = problem.get("errors") or [{"field": problem["field"], "detail": detail}]
    also = "".join(f"; {other['field']}: {other['detail']}" for other in others)
    return BadInput(first["field"], first["detail"] + also)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _document(raw: bytes) -> Document:
    try:
        found: Document = json.loads(raw)
    except ValueError as error:
        raise Refused("what answered is not Reprise's API; set REPRISE_URL to where it is") from error
    return found


def _problem(raw: bytes) -> Document:
    try:
        found = json.loads(raw)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
