"""Options of odoo.conf that a profile may set, and those that are Reprise's own."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, StringConstraints

OWN_OPTIONS = frozenset(
    {
        "admin_passwd",
        "data_dir",
        "db_host",
        "db_name",
        "db_password",
        "db_port",
        "db_user",
        "dbfilter",
        "gevent_port",
        "http_enable",
        "http_interface",
        "http_port",
        "limit_memory_hard",
        "limit_memory_soft",
        "list_db",
        "longpolling_port",
        "proxy_mode",
        "with_demo",
        "without_demo",
        "workers",
        "xmlrpc",
        "xmlrpc_interface",
        "xmlrpc_port",
    }
)
"""Options that Reprise sets itself, under every name they have had; one set otherwise would be ignored, open a hole or
keep pages from being served."""


def _plain(value: Any) -> Any:
    """True, 600 and 1.5 as YAML has them are as good as text."""
    return str(value) if isinstance(value, bool | int | float) else value


def _free(option: str) -> str:
    if option in OWN_OPTIONS:
        raise ValueError("is set by Reprise itself; leave it out")
    return option


Option = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$"), AfterValidator(_free)]
OptionValue = Annotated[str, BeforeValidator(_plain), StringConstraints(pattern=r"^[^\r\n\x00]{0,1000}$")]
