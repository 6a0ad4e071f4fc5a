"""The walk and the machine move alike, and to decide in silence is to decide the same."""

from dataclasses import replace
from datetime import timedelta

from statemachine.decide import decide
from statemachine.deciding import Silent
from statemachine.walk import walk
from tests.unit.statemachine.scenario import NOW, Scenario
from tests.unit.statemachine.test_reachable import RETRIED, explored, variants


def test_walk_and_machine_move_alike_in_every_state_that_can_be_reached() -> None:
    compared = 0
    for before, event_type, _ in explored():
        for data in variants(event_type, before):
            event = Scenario(before).event(event_type, data)
            asked = (before, event, NOW + timedelta(seconds=1), RETRIED)
            by_machine, by_walk, silent = decide(*asked), decide(*asked, move=walk), decide(*asked, deciding=Silent)
            assert by_walk == by_machine
            assert silent == replace(by_machine, sends=[], timers=[])
            compared += 1
    assert compared > 1_000
