"""Says in sentences what the API answers, for commands and for progress."""

from cli.client import Document

_ENDS = {
    "succeeded": "done",
    "averted": "done: it had become ready meanwhile, so there was nothing to try again",
    "cancelled": "cancelled",
    "superseded": "given up, since something else was asked for meanwhile",
    "failed": "failed",
}


def waiting_line(instance: Document) -> str:
    """Why the instance waits, in one line; an empty one where it does not wait."""
    waiting = instance.get("waiting")
    return str(waiting["line"]) if waiting else ""


def position(instance: Document) -> str:
    """Where an instance is: its two words, the attempt, how often it was retried automatically, that it is held."""
    retried = f", retried automatically {instance['auto_retries']}x" if instance["auto_retries"] else ""
    held = ", held" if instance["held"] else ""
    words = f"{instance['status']}/{instance['provisioning_status']}"
    return f"{words} (attempt {instance['attempt']}{retried}{held})"


def wish_accepted(answer: Document) -> str:
    """That a wish was accepted, and how the instance reads now."""
    return f"{answer['message']}: {answer['status']}/{answer['provisioning_status']} (job {answer['job_id']})"


def ending(job: Document, instance: Document) -> str:
    """How a job ended, in one sentence."""
    said = _ENDS.get(job["status"], job["status"])
    message = f": {job['error_message']}" if job["error_message"] else ""
    return f"{instance['name']} is {instance['state']}; {job['type']} {said}{message}"


def next_step(instance: Document) -> str | None:
    """The command that would try again; None where a retry is not offered."""
    return f"reprise retry {instance['id']}" if instance["can_retry"] else None
