"""Prints what `reprise replay verify` has found."""

from datetime import datetime
from typing import TYPE_CHECKING

from cli.options import Format
from cli.output import as_json, as_table, rows_of
from schemas.counting import count_of

if TYPE_CHECKING:
    from consumers.surveying import Survey
    from persistence.replay import Report


def show(report: "Report", survey: "Survey | None", seconds: float, output: Format, *, other: bool, live: bool) -> None:
    """The differences, and one line; `other`: they are those of another state table. `survey`: of the cluster.

    `live`: whether the live instances were compared.
    """
    if output == "json":
        _as_json(report, survey, seconds)
        return
    if report.differences:
        rows = ((d.instance_id, d.sequence, d.event_type, d.why) for d in report.differences)
        as_table(("INSTANCE", "ROW", "TYPE", "DIFFERS"), rows)
        print()
    print(f"{rows_of(report.rows, report.instances)} decided again in {seconds:.1f} s.", end=" ")
    if survey is not None:
        compared = f"{count_of(survey.compared, 'instance')} compared with the cluster"
        print(f"{compared}, {survey.moving:,} on their way left out.", end=" ")
    print(_said(report, survey, other=other, live=live))


def _as_json(report: "Report", survey: "Survey | None", seconds: float) -> None:
    differences = [
        {**each._asdict(), "instance_id": str(each.instance_id), "recorded_at": _iso(each.recorded_at)}
        for each in report.differences
    ]
    counts = {"instances": report.instances, "rows": report.rows, "differing": report.differing}
    cluster = {"compared": survey.compared, "moving": survey.moving} if survey is not None else None
    as_json({**counts, "cluster": cluster, "seconds": round(seconds, 3), "differences": differences})


def _said(report: "Report", survey: "Survey | None", *, other: bool, live: bool) -> str:
    if report.differing == 0 and other:
        return "None would have gone another way."
    if report.differing == 0 and not live:
        return "Rows and hashes agree."
    if report.differing == 0:
        return f"Rows, hashes{',' if survey else ' and'} live instances{' and cluster' if survey else ''} agree."
    more = report.differing - len({each.instance_id for each in report.differences})
    shown = f" (not shown: {more:,})" if more else ""
    if other:
        return f"{report.differing:,} would have gone another way{shown}."
    return f"{count_of(report.differing, 'differs', 'differ')}{shown}."


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
