#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves: who got the keys once, out of the agent's memory, and listens from then on reads both
directions until the next rekey and nothing behind it, and nothing of what was before the
generation that he stole. docs/threat-model.md, b."""
import sys

from attack_world import Thief, attacked, main, place, scenario


@scenario
def he_reads_both_ways_until_the_next_rekey():
    with attacked() as w:
        p = w.works()
        w.said(1)
        w.told(1)
        thief = Thief(w).steal(p)
        old = place(w.wire.up()[-1]).kid
        up = w.said(70)  # more than a generation holds: he turns the chain too
        assert len({place(m).gen for m in w.wire.up()}) > 1
        w.told(2)
        assert set(up) <= set(thief.texts(w.wire.up()))
        assert w.messages.safe["down"] <= set(thief.texts(w.wire.down()))

        w.turn()
        up = w.said(2)
        w.told(2)
        new = [[m for m in way if place(m).kid != old] for way in (w.wire.up(), w.wire.down())]
        assert len(new[0]) > 2 and len(new[1]) > 2
        for way in new:
            assert set(thief.open(way)) == {None}
        # He would have to come again.
        thief.steal(p)
        assert set(up) <= set(thief.texts(new[0]))
        assert len(thief.texts(new[1])) >= 2
        w.no_incident()


@scenario
def he_reads_nothing_of_the_epochs_and_generations_before():
    with attacked() as w:
        p = w.works()
        w.said(2)
        w.told(2)
        w.turn()
        w.said(70)
        w.told(1)
        stolen_in = place(w.wire.up()[-1])
        thief = Thief(w).steal(p)
        mine = [x for x in w.wire.up() if place(x)[:2] == stolen_in[:2]]
        assert len(mine) > 1 and None not in thief.open(mine)
        before = [x for x in w.wire.up() if place(x)[:2] != stolen_in[:2]]
        assert {place(x).kid for x in before} > {stolen_in.kid}
        assert set(thief.open(before)) == {None}
        before = [x for x in w.wire.down() if place(x).kid != stolen_in.kid]
        assert len(before) > 1 and set(thief.open(before)) == {None}


if __name__ == "__main__":
    sys.exit(main())
