"""Stopping: no pod is left, the objects stay, and a late stop does not end a later start."""

from dataclasses import replace

import pytest

from cluster.client import Cluster
from cluster.names import attempt_name
from cluster.observe import Phase
from cluster.sight import look
from cluster.stop import stop
from schemas.errors import NotYet
from tests.integration.cluster.doing import deployed, done, instance, reaches, unmoved

pytestmark = pytest.mark.own_cluster  # its Odoo is ready though it has no database


async def test_no_pod_is_left_and_the_rest_stays(cluster: Cluster) -> None:
    row = instance()
    await deployed(cluster, row)
    await reaches(cluster, row, Phase.READY)
    await done(lambda: stop(cluster, row, unmoved))
    sight = await look(cluster, row)
    assert sight.pods == ()
    assert sight.complete
    assert (await reaches(cluster, row, Phase.UNSCHEDULED)).cause is None


async def test_it_comes_back_ready(cluster: Cluster) -> None:
    row = instance()
    await deployed(cluster, row)
    await reaches(cluster, row, Phase.READY)
    row.has_run = True
    await done(lambda: stop(cluster, row, unmoved))
    row.step += 2
    await deployed(cluster, row)
    await reaches(cluster, row, Phase.READY)


async def test_what_is_not_there_is_stopped(cluster: Cluster) -> None:
    await stop(cluster, instance(), unmoved)


async def test_a_stop_that_was_held_back_does_not_end_the_start_after_it(cluster: Cluster) -> None:
    row = instance()
    await deployed(cluster, row)
    await reaches(cluster, row, Phase.READY)
    started = replace(row, step=row.step + 2)

    async def held_back() -> None:
        """Between the look and the change, somebody starts it again."""
        await deployed(cluster, started)

    with pytest.raises(NotYet, match=f"{attempt_name(row)} changed"):
        await stop(cluster, row, held_back)
    await reaches(cluster, started, Phase.READY)
