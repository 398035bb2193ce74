# SPDX-License-Identifier: Apache-2.0
"""A thief in a chaos run: he reads keys out of the memory of a running agent, listens on its wire,
and sends messages of his own in its name. He keeps old keys, and tries them too. Imported, never
run."""
import os
import subprocess

from chaos_truth import Forgery
from chaos_world import Failed

WAYS = ("next", "ahead", "replace", "gap", "far", "late")


def weave(rng, steps):
    """A life, and a thief in it: what he does comes between any two steps, from the first third on."""
    woven, known = [], False
    for i, step in enumerate(steps):
        woven.append(step)
        if 3 * i < len(steps):
            continue
        if not known or rng.random() < 0.15:
            woven.append(("steal",))
            known = True
        elif rng.random() < 0.4:
            woven += [("forge", rng.choice(WAYS)) for _ in range(rng.randint(1, 3))]
    return woven + [("forge", "late")]


class Loot:
    """What he took at one time: keys of one epoch, or of two where a rekey was under way."""

    def __init__(self, path):
        self.path, self.epochs = path, {}  # kid: epoch
        with open(path) as f:
            for what, way, epoch, _, _, kid, _ in (x.split() for x in f if x[0] in "uc"):
                if way == "up":
                    self.epochs[bytes.fromhex(kid)] = int(epoch)


class Thief:
    def __init__(self, program, device, account, verifier, rng):
        self.program, self.device, self.account = program, device, account
        self.verifier, self.rng = verifier, rng
        self.loot, self.made, self.taken = [], 0, 0

    def run(self, *arguments):
        done = subprocess.run([self.program, *arguments], capture_output=True, text=True,
                              env=self.device.environment)
        if done.returncode not in (0, 1, 2) or "Sanitizer" in done.stderr:
            raise Failed(f"the thief of {self.device.name}: {done}")
        return done

    def steal(self):
        """False: there were no keys yet, or the agent died under his hands."""
        path = self.device.path(f"loot.{len(self.loot)}")
        done = self.run("steal", "--pid", str(self.device.process.pid), "--state",
                        self.device.path("state"), "--out", path)
        if done.returncode or not os.path.exists(path):
            return False
        self.loot.append(Loot(path))
        return True

    # Where he forges.

    def place(self, how, sent):
        """Options of one message; None: there is no such place. sent: by the device, under the keys
        that he has."""
        last, rng = sent[-1], self.rng
        if how == "replace":
            m = rng.choice(sent[-30:])
            return self.inside(m, m.seq)
        if how == "gap":
            used = {m.seq for m in sent}
            m = rng.choice(sent)
            left = [s for s in range(m.gen_start, m.gen_start + 64) if s not in used]
            return self.inside(m, rng.choice(left)) if left else None
        if how == "far":
            gen, seq = last.gen + rng.randint(2, 8), last.seq + rng.randint(20, 150)
            return dict(gen=gen, seq=seq, gen_start=seq, epoch_start=last.epoch_start)
        seq = last.seq + (1 if how == "next" else rng.randint(1, 60))
        if seq < last.gen_start + 64:
            return self.inside(last, seq)
        return dict(gen=last.gen + 1, seq=seq, gen_start=seq, epoch_start=last.epoch_start)

    @staticmethod
    def inside(m, seq):
        return dict(gen=m.gen, seq=seq, gen_start=m.gen_start, epoch_start=m.epoch_start)

    def forge(self, how):
        """One message. late: with the oldest keys that he has, anywhere."""
        if not self.loot:
            return
        loot = self.loot[0] if how == "late" else self.loot[-1]
        if how == "late":
            how = self.rng.choice(WAYS[:5])
        sent = [m for m in list(self.account.own.values()) if m.kid in loot.epochs]
        if not sent:
            return
        sent.sort(key=lambda m: m.seq)
        where = self.place(how, sent)
        if where:
            self.send(loot, loot.epochs[sent[-1].kid], how, where)

    def send(self, loot, epoch, how, where):
        self.made += 1
        text = f"forged {self.made} {how} for {self.device.name}"
        options = dict(where, epoch=epoch, id=self.identity(), text=text, keys=loot.path,
                       verifier=f"https://127.0.0.1:{self.verifier.port}")
        done = self.run("send", *(x for k, v in options.items()
                                  for x in ("--" + k.replace("_", "-"), str(v))))
        made, _, rest = done.stdout.partition("\n")  # behind it: what he read of the answer
        said = dict(x.split("=", 1) for x in [*made.split(), *rest.split("\n")[:1]] if "=" in x)
        if "leaf" not in said:
            return  # he has no key of that generation
        taken = said.get("http") == "200"
        self.taken += taken
        leaf = bytes.fromhex(said["leaf"])
        self.account.forged[leaf] = Forgery(int(said["epoch"]), int(said["gen"]), int(said["seq"]),
                                            how, taken)

    def identity(self):
        """Nobody's, or one that the device used or will use."""
        ids = list(self.account.queued)
        if not ids or self.rng.random() < 0.5:
            return 10 ** 12 + self.made
        return max(1, ids[-1] + self.rng.randint(-4, 6))
