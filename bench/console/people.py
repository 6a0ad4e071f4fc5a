"""Who looks at the pages, and which pages there are for each."""

from dataclasses import dataclass
from urllib.parse import quote

import httpx

from api.tokens import Role, mint_token
from bench.console.standing import Standing
from console.asking import COOKIE
from console.sessions import Sessions

CUSTOMER = "customer-1"


@dataclass(frozen=True)
class Person:
    """Signed in at `url`; `cookie` is what the browser sends along."""

    name: str
    url: str
    token: str
    cookie: str

    @property
    def header(self) -> dict[str, str]:
        """For the console."""
        return {"Cookie": f"{COOKIE}={self.cookie}"}


def operator(found: Standing, number: int = 0) -> Person:
    """Sees everything."""
    return _person(found, Role.ADMIN, f"operator-{number}", None)


def customer(found: Standing, number: int = 0) -> Person:
    """Sees a twentieth of it."""
    return _person(found, Role.CUSTOMER, f"customer-{number}", CUSTOMER)


def _person(found: Standing, role: Role, name: str, customer_id: str | None) -> Person:
    settings = found.settings
    key = settings.required("console_key").console_key
    assert key is not None  # noqa: S101  # required
    token = mint_token(settings, role, name, customer_id)
    _, cookie = Sessions(key.get_secret_value()).begin(token, name, role.value, customer_id)
    return Person(name, f"http://127.0.0.1:{settings.port}", token, cookie)


def pages(person: Person, *, is_admin: bool) -> dict[str, str]:
    """The main pages, by what they are called."""
    with httpx.Client(base_url=person.url, headers={"Authorization": f"Bearer {person.token}"}, timeout=60) as api:
        deep = _deep(api)
        [failed] = _items(api, "/api/instances", status="error", limit=1)
        [running] = _items(api, "/api/instances", status="running", limit=1)
        [row] = _items(api, "/api/audit", type="retry.requested", limit=1)
        bulk = _bulk(api)
    found = {
        "overview": "/",
        "instances": "/instances?view=table",
        "instances, as cards": "/instances?view=cards",
        "instances, failed ones": "/instances?status=error&error_code=insufficient_resources",
        "instances, text": "/instances?q=memory",
        "instances, text that is nowhere": "/instances?q=nowhere",
        "instances, a deep page": f"/instances?cursor={quote(deep)}",
        "an instance that runs": f"/instances/{running['id']}",
        "an instance that failed": f"/instances/{failed['id']}",
        "audit log": "/audit",
        "audit log, text": "/audit?q=available",
        "audit log, a type": "/audit?type=deploy.ready",
        "a row's story": f"/audit/{row['event_id']}",
        "retries of many": "/retries",
        "retry of many, the plan": "/retries?error_code=insufficient_resources",
        "a retry of many": f"/retries/{bulk}",
        "new instance": "/instances/new",
    }
    return found | ({"dead letters": "/dead-letters"} if is_admin else {})


def _items(api: httpx.Client, path: str, **query: str | int) -> list[dict[str, str]]:
    answer = api.get(path, params=query).raise_for_status()
    return list(answer.json()["items"])


def _deep(api: httpx.Client) -> str:
    """The cursor of a page halfway down."""
    total = sum(api.get("/api/overview").raise_for_status().json()["instances"].values())
    cursor: str | None = None
    for _ in range(max(1, total // 2 // 500)):
        cursor = api.get("/api/instances", params={"limit": 500, **({"cursor": cursor} if cursor else {})}).json()[
            "next_cursor"
        ]
    return cursor or ""


def _bulk(api: httpx.Client) -> str:
    """A retry of many that was given up at once."""
    where = {"error_code": "insufficient_resources"}
    count = api.post("/api/retries", params={"dry_run": "true"}, json={"where": where}).raise_for_status().json()
    body = {"where": where, "expected": count["count"], "reason": "to be looked at"}
    made = api.post("/api/retries", json=body).raise_for_status().json()
    api.delete(f"/api/retries/{made['id']}").raise_for_status()
    return str(made["id"])
