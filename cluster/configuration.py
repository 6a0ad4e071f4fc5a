"""odoo.conf of an instance, and the script that initialises its database once."""

import re

from cluster.credentials import Credentials
from cluster.profiles import Profile
from schemas.quantities import amount
from statemachine.instance import Instance

HTTP_PORT, WEBSOCKET_PORT = 8069, 8072
DATA_DIR = "/var/lib/odoo"
CONF_DIR = "/etc/reprise"
SOFT_SHARE = 0.8
LEAST_SOFT = 600 * 2**20
"""Bytes; less than Odoo's own example allows a worker would have it replaced after every request.

Source: https://www.odoo.com/documentation/18.0/administration/on_premise/deploy.html#config-file-multiprocessing
"""

INITIALISE = r"""
set -eu
version=$(odoo --version | sed -n 's/^Odoo Server \(\(saas~\)\{0,1\}[0-9]*\.[0-9]*\).*/\1/p')
if [ "$REPRISE_INITIALISE" != yes ]; then
  installed=$(psql -XtAc "SELECT latest_version FROM ir_module_module WHERE name = 'base'") || installed=
  case "$installed" in
    "" | "${version:-${installed%%.*}}".*) echo "it has run before: its database is left as it is"; exit 0 ;;
  esac
  echo "the database is of Odoo $installed and the image holds $version: changing an image is not an upgrade" >&2
  exit 1
fi
if [ "${REPRISE_VERSION:-$version}" != "$version" ]; then
  echo "the image holds Odoo ${version:-of no known version}, but the profile says $REPRISE_VERSION" >&2
  exit 1
fi
marked() { psql -XtAc "SELECT to_regclass('public.reprise_initialised') IS NOT NULL"; }
state=$(marked)
if [ "$state" = t ]; then echo "the database was initialised before"; exit 0; fi
demo=--without-demo=all
major=${version#saas~}
major=${major%%.*}
if [ "${major:-0}" -ge 19 ]; then demo=; fi
odoo --config="$ODOO_RC" --init="$REPRISE_MODULES" --stop-after-init --no-http $demo
odoo shell --config="$ODOO_RC" --no-http <<'PYTHON'
import os
wanted = set(os.environ["REPRISE_MODULES"].split(","))
installed = env["ir.module.module"].search([("state", "=", "installed")]).mapped("name")
if wanted - set(installed):
    raise SystemExit("the image does not have: " + ", ".join(sorted(wanted - set(installed))))
env.ref("base.user_admin").password = os.environ["REPRISE_ADMIN_PASSWORD"]
env.cr.execute("CREATE TABLE public.reprise_initialised AS SELECT now() AS at")
env.cr.commit()
PYTHON
[ "$(marked)" = t ]
""".strip()
"""Run by sh in the image itself. The marker is made in the transaction that replaces the password `admin`, so where
the marker is the password was replaced, and where it is not all is done again, which Odoo allows. Where the database
does not answer the script ends at `state=`: nothing is initialised on a guess. Odoo only warns of a module that it
does not find, hence the look at what is installed.

The database of what has run is only read: an Odoo of another series would break what it opens, and does not start.
Where the database does not say its version, Odoo is left to find out.

What it relies on, for 16 to 19: `odoo --version` says "Odoo Server 18.0-20260101" or "saas~18.3+e-…"
(odoo/release.py); `--stop-after-init` ends with the outcome of the installation (odoo/service/server.py); piped into
`odoo shell`, a script is executed with `env` and rolled back unless it commits (odoo/cli/shell.py); `latest_version` of
a module is what is installed, as 18.0.1.3 (odoo/addons/base/models/ir_module.py). Demo data is installed unless
`--without-demo` says otherwise, from saas~18.3 on only where `--with-demo` says so; the old flag is still understood
there (https://github.com/odoo/odoo/pull/194585), and left out from 19 on."""


def odoo_conf(instance: Instance, profile: Profile, credentials: Credentials, master_password: str) -> str:
    """The file's text; Odoo reads it raw, so nothing is escaped. The database manager is closed.

    The websocket's option is called gevent_port since 16 (odoo/tools/config.py).
    """
    memory = int(amount(instance.request.memory))
    own = {
        "admin_passwd": master_password,
        "data_dir": DATA_DIR,
        "db_host": credentials.host,
        "db_name": credentials.database,
        "db_password": credentials.password,
        "db_port": credentials.port,
        "db_user": credentials.username,
        "dbfilter": f"^{re.escape(credentials.database)}$",
        "gevent_port": WEBSOCKET_PORT,
        "http_port": HTTP_PORT,
        "limit_memory_hard": memory,
        "limit_memory_soft": _soft_limit(memory, profile.workers),
        "list_db": False,
        "proxy_mode": True,
        "workers": profile.workers,
    }
    options = {**profile.odoo_conf, **own}
    return "\n".join(["[options]", *(f"{name} = {value}" for name, value in sorted(options.items())), ""])


def _soft_limit(memory: int, workers: int) -> int:
    """Bytes at which an Odoo process is replaced after its request: a share of the container's, divided by workers.

    Beyond the hard limit, all of the container's, an allocation fails; the cluster's own limit would kill them all.
    """
    usable = int(memory * SOFT_SHARE)
    return min(usable, max(usable // max(workers, 1), LEAST_SOFT))
