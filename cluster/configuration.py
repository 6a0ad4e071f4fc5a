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
"""Share of the memory at which an Odoo process finishes its request and is replaced; all of it stops it at once."""

INITIALISE = r"""
set -eu
marked() { psql -XtAc "SELECT to_regclass('public.reprise_initialised') IS NOT NULL"; }
state=$(marked)
if [ "$state" = t ]; then echo "the database was initialised before"; exit 0; fi
version=$(odoo --version | tr -dc '0-9.\n' | cut -d. -f1)
demo=--without-demo=all
if [ "${version:-0}" -ge 19 ]; then demo=; fi
odoo --config="$ODOO_RC" --init="$REPRISE_MODULES" --stop-after-init --no-http $demo
odoo shell --config="$ODOO_RC" --no-http <<'PYTHON'
import os
env.ref("base.user_admin").password = os.environ["REPRISE_ADMIN_PASSWORD"]
env.cr.execute("CREATE TABLE public.reprise_initialised AS SELECT now() AS at")
env.cr.commit()
PYTHON
[ "$(marked)" = t ]
""".strip()
"""Run by sh in the image itself. The marker is made in the transaction that replaces the password `admin`, so where
the marker is the password was replaced, and where it is not all is done again, which Odoo allows. Where the database
does not answer the script ends at `state=`: nothing is initialised on a guess. `odoo shell` ends with 0 even after an
exception, hence the last line. From 19 on Odoo installs no demo data unless told to."""


def odoo_conf(instance: Instance, profile: Profile, credentials: Credentials, master_password: str) -> str:
    """The file's text; Odoo reads it raw, so nothing is escaped. The database manager is closed."""
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
        "limit_memory_soft": int(memory * SOFT_SHARE),
        "list_db": False,
        "proxy_mode": True,
        "workers": profile.workers,
    }
    options = {**profile.odoo_conf, **own}
    return "\n".join(["[options]", *(f"{name} = {value}" for name, value in sorted(options.items())), ""])
