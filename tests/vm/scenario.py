# SPDX-License-Identifier: Apache-2.0
"""How the scenarios of a board are run, from its verifier to the word at the end. The same for every
board. Imported, never run."""
import os
import sys
import traceback

from world import Skip, World


def check(what):
    print(f"-- {what}", flush=True)


def show_end(world):
    """Of what machines and programs said, for whoever looks for the reason."""
    for name in sorted(os.listdir(world.dir)):
        if name.endswith((".console", ".qemu", ".log")):
            with open(world.path(name), errors="replace") as f:
                print(f"-- {name}:\n" + "".join(f.readlines()[-15:]), file=sys.stderr)


def play(board, scenarios, verifier, ctl, make):
    """board: its module. make: of the world, the computer of all scenarios, which has the machine
    that runs. Returns what the test ends with."""
    world = computer = None
    try:
        board.check()
        world = World(verifier, ctl)
        world.prepare(board.HOST)
        computer = make(world)
        world.start_verifier()
        scenarios(computer)
        print("all passed")
        return 0
    except Skip as why:
        print(f"skipped: {why}")
        return 77
    except Exception:
        traceback.print_exc()
        if world:
            show_end(world)
        return 1
    finally:
        if computer and computer.machine:
            computer.machine.kill()
        if world:
            world.done(keep="PAWL_KEEP" in os.environ)
