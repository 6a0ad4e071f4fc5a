"""What commands print once a wish was accepted, and whether they go on to follow its job."""

from cli import exits
from cli.client import Client, Document
from cli.options import Format
from cli.output import as_json
from cli.progress import wait as follow_to_the_end


def accepted(
    client: Client, answer: Document, instance_id: str, sentence: str, output: Format, *, wait: bool = False
) -> int:
    """Print the answer, or with `wait` follow its job to the end; returns the exit code."""
    if output == "json" and not wait:
        as_json(answer)
    if output == "table":
        print(sentence)
    return follow_to_the_end(client, answer["job_id"], instance_id, output) if wait else exits.DONE
