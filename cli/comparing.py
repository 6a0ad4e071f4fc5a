"""Compares the instances that are verified with the cluster, and adds to the report what differs."""

from cluster.client import Cluster
from consumers.surveying import Disagreement, Survey, Surveyor
from persistence.engine import make_engine
from persistence.replay import Report, Selection
from persistence.selecting import pages
from persistence.verifying import Difference
from schemas.settings import Settings


async def compare(settings: Settings, wanted: Selection, report: Report) -> Survey:
    """All that are wanted; where that is everything, also what is in the cluster and of no instance.

    Raises DependencyDown, ClusterRefused.
    """
    survey, engine = Survey(), make_engine(settings.database_url, pool_size=2)
    try:
        async with Cluster(settings) as cluster:
            surveyor = Surveyor(engine, cluster, settings.failure_grace)
            objects = await surveyor.census(wanted.instance_id)
            async for found in surveyor.compare(pages(engine, wanted), objects, survey):
                _note(report, found)
            if wanted == Selection():
                async for found in surveyor.unknown(objects):
                    _note(report, found)
    finally:
        await engine.dispose()
    return survey


def _note(report: Report, found: Disagreement) -> None:
    """An instance whose rows differ as well is counted once."""
    difference = Difference(found.instance_id, None, None, None, f"in the cluster: {found.why}")
    if any(each.instance_id == found.instance_id for each in report.differences):
        report.differences.append(difference)
    else:
        report.note(difference)
