"""The checks of `reprise doctor`, in the order in which one would mend things."""

from cli.doctor import machine, servers, services
from cli.doctor.findings import Check

_UP = "start everything with `reprise up`"
SETTINGS = Check("settings", machine.settings, "correct the variable or unset it; docs/settings.md lists them all")
CHECKS = (
    Check("python", machine.python, "install Python 3.11 or later"),
    SETTINGS,
    Check("data directory", machine.directory, "give it to this user, or set REPRISE_DATA_DIR to another one"),
    Check("secrets", machine.secrets, f"{_UP}, which makes them, or set the variable"),
    Check("profiles", machine.profiles, "correct the file that REPRISE_PROFILES names"),
    Check("postgresql", servers.postgresql, f"{_UP}, or set REPRISE_DATABASE_URL to a server that answers"),
    Check("schema", servers.schema, "run `reprise migrate`"),
    Check("nats", servers.bus, f"{_UP}, or set REPRISE_NATS_URL to a server with JetStream (nats-server --jetstream)"),
    Check("cluster", servers.cluster, f"{_UP}, or set REPRISE_CLUSTER, REPRISE_KUBECONFIG and REPRISE_NAMESPACE"),
    Check("api", services.api, f"{_UP}, or set REPRISE_URL and REPRISE_TOKEN (`reprise token` issues one)"),
    Check("database-service", services.database_service, f"{_UP}, or `reprise serve --only database-service`"),
)
