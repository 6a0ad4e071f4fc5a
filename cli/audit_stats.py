"""Prints what the audit log adds up to, within 80 columns."""

from collections import defaultdict
from datetime import date

from cli.client import Document
from cli.output import as_table, local_time
from cli.timeline import BAR, SLIVER, span
from schemas.counting import count_of

WEEKS = 6
"""Columns of the table: the latest."""
WIDTH = 30


def show(found: Document) -> None:
    """Print the three tables, each with the period or the sample that it is of."""
    print(f"Since {local_time(found['since'])}, {_whose(found)}.\n")
    _failures(found["failures"])
    print()
    _times(found)
    print()
    _retries(found)


def _whose(found: Document) -> str:
    return f"customer {found['customer_id']}" if found["customer_id"] else "all customers"


def _failures(failures: list[Document]) -> None:
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for each in failures:
        counts[each["error_code"]][each["week"]] = each["failures"]
    weeks = sorted({each["week"] for each in failures})
    shown = weeks[-WEEKS:]
    print("Failures by cause and week (UTC; the week that begins on):")
    columns = ("CAUSE", *(f"{date.fromisoformat(week):%d %b}" for week in shown), "ALL")
    rows = [(cause, *(by_week.get(week) for week in shown), sum(by_week.values())) for cause, by_week in counts.items()]
    as_table(columns, sorted(rows, key=lambda row: (-row[-1], row[0])), nothing="None.")
    if len(weeks) > len(shown):
        print(f"ALL counts {count_of(len(weeks) - len(shown), 'earlier week')} too; -o json has each.")


def _times(found: Document) -> None:
    print("Time in each state (half, 95 % and 99 % of the stays were no longer):")
    columns = ("STATE", "STAYS", "HALF", "95 %", "99 %")
    rows = ((t["state"], t["stays"], span(t["p50"]), span(t["p95"]), span(t["p99"])) for t in found["times"])
    as_table(columns, rows, nothing="None.")
    ran = found["time_to_running"]
    if ran["attempts"]:
        print(_to_running(ran))
    if found["times"]:
        print(_sample(found["sample"]))


def _to_running(ran: Document) -> str:
    within = ", ".join(f"{share} within {span(ran[name])}" for share, name in (("half", "p50"), ("95 %", "p95")))
    return f"Asked for to running: {within} ({count_of(ran['attempts'], 'attempt')})."


def _sample(sample: Document) -> str:
    which = "all of the period" if sample["complete"] else "the latest, not all of the period"
    return f"Of {count_of(sample['changes'], 'change')} since {local_time(sample['first'])}: {which}."


def _retries(found: Document) -> None:
    counted = {each["retries"]: each["instances"] for each in found["retries"]}
    whole = sum(counted.values())
    print("Retries until an instance first ran, of those asked for in the period:")
    rows = [(retries, count, f"{100 * count / whole:.0f} %", _bar(count / whole)) for retries, count in counted.items()]
    as_table(("RETRIES", "INSTANCES", "", ""), rows, nothing="None has run.")
    if found["not_yet"]:
        print(f"{count_of(found['not_yet'], 'has', 'have')} not run so far.")
    if found["never"]:
        print(f"{count_of(found['never'], 'was deleted before it ran', 'were deleted before they ran')}.")


def _bar(share: float) -> str:
    return BAR * round(WIDTH * share) or SLIVER
