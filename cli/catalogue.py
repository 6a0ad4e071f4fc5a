"""What commands there are: names, one line each, and the modules that hold them, so that --help loads none of them."""

from typing import NamedTuple


class Entry(NamedTuple):
    """One command: its line in the overview, and the module whose Typer `app` has it."""

    help: str
    module: str


RUNNING = {
    "up": Entry("Start everything on this machine and keep it running until Ctrl-C.", "up"),
    "demo": Entry("Show the whole loop on real parts: failure, cause, clean-up, retry; check it; stop.", "demo"),
    "serve": Entry("Run Reprise's parts in this process.", "serve"),
    "migrate": Entry("Bring the database's schema up to date.", "migrate"),
    "rotate": Entry("Store every database password under the newest of REPRISE_DATABASE_KEYS.", "rotate"),
    "doctor": Entry("Check everything Reprise depends on, and say how to mend what fails.", "doctor"),
    "token": Entry("Issue a bearer token for the API.", "token"),
    "completion": Entry("Print the script by which a shell completes what you type.", "completion"),
    "diagram": Entry("Write the state machine's diagram, or check that a written one is up to date.", "diagram"),
}
INSTANCES = {
    "create": Entry("Ask for an instance.", "create"),
    "adopt": Entry("Bring in an instance that exists already; nothing restarts.", "adopt"),
    "list": Entry("List instances.", "listing"),
    "show": Entry("Show one instance: its state, why it waits or failed, and its history.", "show"),
    "retry": Entry("Try an instance that failed again, perhaps with a changed request; or many.", "retry"),
    "retries": Entry("Follow, pause, resume or abort the retry of many instances.", "retries"),
    "stop": Entry("Scale an instance to zero.", "wishes"),
    "start": Entry("Scale it up again.", "wishes"),
    "hold": Entry("Leave an instance alone: no healing, no purge; its deadlines wait.", "wishes"),
    "release": Entry("End a hold.", "wishes"),
    "cancel": Entry("Give up the attempt that is under way.", "wishes"),
    "delete": Entry("Delete an instance; for some days it can be restored.", "delete"),
    "restore": Entry("Take a deleted instance out of the trash.", "wishes"),
    "publish": Entry("Publish events (wishes) about instances: one, or a file of them.", "publish"),
}
INSIGHT = {
    "audit": Entry("Read the audit log; export it as signed files, and check them.", "audit"),
    "dead-letters": Entry("Look at messages that could not be dealt with; redrive or drop them.", "dead_letters"),
    "replay": Entry("Verify the audit log, show an instance as it was, send past events again.", "replay"),
    "cluster": Entry(
        "Look at the cluster's room, its database servers and the brake; resize a simulated one.", "cluster"
    ),
}
SECTIONS = {"Instances": INSTANCES, "Insight": INSIGHT, "Running Reprise": RUNNING}
COMMANDS = INSTANCES | INSIGHT | RUNNING

_ABOUT = "Provisions Odoo instances on Kubernetes, and makes failure ordinary."
_NOTES = """\
Instances are named by id or by name. `reprise COMMAND --help` explains a command.
Where the API is: REPRISE_URL and REPRISE_TOKEN, or what `reprise up` left in .reprise/ here or above.
Exit codes: 0 done, 1 refused or failed, 2 wrong usage or settings, 3 unreachable."""


def overview() -> str:
    """The text of `reprise --help`."""
    width = max(map(len, COMMANDS))
    parts = ["Usage: reprise COMMAND [ARGS]...", _ABOUT]
    for title, commands in SECTIONS.items():
        lines = (f"  {name:<{width}}  {entry.help}" for name, entry in commands.items())
        parts.append("\n".join((f"{title}:", *lines)))
    return "\n\n".join((*parts, _NOTES))
