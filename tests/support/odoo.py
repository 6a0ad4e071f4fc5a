"""A stand-in for Odoo that does to a real database what the calls of the init container make Odoo 16 to 19 do.

Run as a program called `odoo`, with `psql` on the path, and ODOO_VERSION and ODOO_CALLS in the environment. It follows
what odoo/release.py, odoo/tools/config.py, odoo/service/server.py and odoo/cli/shell.py of https://github.com/odoo/odoo
do: options stand in the file or on the command line, which wins; a module that does not exist is warned of and left
out; the shell executes what is piped into it with `env`, in one transaction, rolled back unless the script commits.
"""

import configparser
import os
import subprocess
import sys
from typing import Any

MODULES = {"base", "web", "sale", "stock"}
FLAGS = {"--stop-after-init", "--no-http"}
SCHEMA = """
CREATE TABLE IF NOT EXISTS res_users (login text PRIMARY KEY, password text);
CREATE TABLE IF NOT EXISTS ir_module_module (name text PRIMARY KEY, state text, demo bool, latest_version text);
INSERT INTO res_users VALUES ('admin', 'admin') ON CONFLICT DO NOTHING;
"""


def number(version: str) -> tuple[int, int]:
    """18.0 and saas~18.3+e as what can be compared."""
    major, minor = version.removeprefix("saas~").split("+")[0].split(".")
    return int(major), int(minor)


def configuration(arguments: list[str]) -> dict[str, str]:
    """The options of file and command line; an unknown one ends the program, as optparse would."""
    given = dict(argument.partition("=")[::2] for argument in arguments if argument not in FLAGS)
    unknown = set(given) - {"--config", "--init", "--without-demo"}
    if unknown or not all(given.values()):
        sys.exit(f"odoo: error: no such option, or without its value: {sorted(unknown) or given}")
    parser = configparser.RawConfigParser()
    parser.read([given["--config"]])
    return {**dict(parser["options"]), **{name.removeprefix("--"): value for name, value in given.items()}}


def sql(options: dict[str, str], statements: str) -> str:
    """In one transaction, as the user and with the password of odoo.conf alone."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    place = ["--host", options["db_host"], "--port", options["db_port"], "--username", options["db_user"]]
    done = subprocess.run(  # noqa: S603 - what the test gives
        ["psql", "-XqtA1", "--file=-", "--set=ON_ERROR_STOP=1", *place, options["db_name"]],  # noqa: S607 - the path's
        env={**environment, "PGPASSWORD": options["db_password"]},
        input=statements,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"psycopg2.Error: {done.stderr}")
    return done.stdout


def quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def initialise(options: dict[str, str], version: str) -> None:
    """What `--init` leaves behind; demo data by default before saas~18.3."""
    if os.environ.get("ODOO_FAILS") == "init":
        sql(options, SCHEMA)
        sys.exit("CRITICAL Failed to initialize database")
    demo = number(version) < (18, 3) and "without-demo" not in options
    wanted = {"base", "web"} | set(options["init"].split(","))
    if wanted - MODULES:
        sys.stderr.write(f"WARNING invalid module names, ignored: {', '.join(sorted(wanted - MODULES))}\n")
    installed = f"{version.split('+')[0]}.1.3"
    rows = ",".join(f"({quoted(name)}, 'installed', {demo}, {quoted(installed)})" for name in sorted(wanted & MODULES))
    sql(options, f"{SCHEMA} INSERT INTO ir_module_module VALUES {rows} ON CONFLICT DO NOTHING;")  # noqa: S608 - a test's


class Cursor:
    """Keeps what is executed until it is committed."""

    def __init__(self, options: dict[str, str]) -> None:
        self._options = options
        self._pending: list[str] = []

    def execute(self, statement: str) -> None:
        self._pending.append(statement + ";")

    def commit(self) -> None:
        sql(self._options, "\n".join(self._pending))
        self._pending.clear()


class User:
    """base.user_admin."""

    def __init__(self, cursor: Cursor) -> None:
        object.__setattr__(self, "_cursor", cursor)

    def __setattr__(self, field: str, value: str) -> None:
        change = f"UPDATE res_users SET {field} = {quoted(value)} WHERE login = 'admin'"  # noqa: S608 - a test's
        self._cursor.execute(change)  # type: ignore[attr-defined] # set above


class Records:
    """What a search found."""

    def __init__(self, names: list[str]) -> None:
        self._names = names

    def mapped(self, field: str) -> list[str]:
        assert field == "name"
        return self._names


class Environment:
    """`env`, as far as the script asks for it."""

    def __init__(self, options: dict[str, str]) -> None:
        self._options = options
        self.cr = Cursor(options)

    def ref(self, name: str) -> User:
        assert name == "base.user_admin"
        return User(self.cr)

    def __getitem__(self, model: str) -> "Environment":
        assert model == "ir.module.module"
        return self

    def search(self, domain: list[tuple[str, str, str]]) -> Records:
        assert domain == [("state", "=", "installed")]
        found = sql(self._options, "SELECT name FROM ir_module_module WHERE state = 'installed';")
        return Records(found.split())


def main(arguments: list[str]) -> None:
    version = os.environ["ODOO_VERSION"]
    with open(os.environ["ODOO_CALLS"], "a") as calls:
        calls.write(" ".join(arguments) + "\n")
    if arguments == ["--version"]:
        sys.stdout.write(f"Odoo Server {version}-20260101\n")
        return
    shell = arguments[0] == "shell"
    options = configuration(arguments[1:] if shell else arguments)
    if not shell:
        initialise(options, version)
        return
    script: dict[str, Any] = {"env": Environment(options), "__name__": "__main__"}
    if os.environ.get("ODOO_FAILS") == "shell":
        script["env"].cr.commit = lambda: sys.exit("killed before the commit")
    exec(sys.stdin.read(), script)  # noqa: S102 - as Odoo does


if __name__ == "__main__":
    main(sys.argv[1:])
