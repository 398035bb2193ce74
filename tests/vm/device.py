# SPDX-License-Identifier: Apache-2.0
"""The agent in a machine, and what the verifier says of it. The same for every board. Imported,
never run."""
import hashlib
import json

INI = "/data/agent.ini"
SETTINGS = "state = /data/state\nsocket = off\n"  # before `join` adds the verifier
PARTS = ("identity", "boot-log", "runtime")
AGENT_SAID = (0, 1)  # a verdict came, affirming or not


class Device:
    def __init__(self, world):
        self.world, self.id, self.machine = world, None, None

    def agent(self, *arguments):
        return self.machine.sh(" ".join(("pawl-agent", "--config", INI) + arguments))

    def enrol(self):
        """From a join string to a device that an operator has approved."""
        self.machine.good(f"pawl-agent --config {INI} join '{self.world.join}'")
        done = self.agent("enroll")
        assert done.code == 0, done
        self.id = self.world.new_device()
        self.world.ctl("device", "approve", self.id)

    def attest(self):
        """One round, whatever it takes: what the verifier says of the device now."""
        done = self.agent("attest")
        assert done.code in AGENT_SAID, done
        shown = self.world.device(self.id)
        print(f"   {done.out}")
        return shown

    def learn(self, policy):
        self.world.ctl("policy", "learn", policy, "--device", self.id)
        self.world.ctl("policy", "assign", policy, "--device", self.id)

    def allow_programs(self, policy, tree, texts):
        """And in its next version nothing may run but these files and those of the image."""
        rules = json.loads(self.world.ctl("policy", "show", policy))
        rules["version"] += 1
        rules["ima"] = json.loads(self.world.ctl("allowlist", "--tree", tree))
        files = rules["ima"]["files"]
        for name, text in texts.items():
            files[name] = ["sha256:" + hashlib.sha256(text.encode()).hexdigest()]
        rules["ima"]["policies"] = files["/etc/ima/ima-policy"]
        path = self.world.path(f"{policy}.json")
        with open(path, "w") as f:
            json.dump(rules, f)
        self.world.ctl("policy", "add", path)


def reasons(shown):
    """What was found, by the code of the reason."""
    found = {}
    for x in shown["reasons"]:
        found.setdefault(x["code"], []).append(x["detail"])
    return {code: "; ".join(details) for code, details in found.items()}


def affirmed(shown, parts=PARTS):
    """Nothing is wrong, and these parts were looked at."""
    assert shown["status"] == "affirming", (shown["status"], shown["reasons"])
    missing = {x: shown["coverage"][x] for x in parts if shown["coverage"][x] != "covered"}
    assert not missing, (missing, shown["reasons"])


def refused(shown, status, reason, but_not):
    """For this reason, and not for those, which would hide that it was missed."""
    assert shown["status"] == status, (shown["status"], shown["reasons"])
    found = reasons(shown)
    assert reason in found, (reason, shown["reasons"])
    assert not found.keys() & set(but_not), shown["reasons"]
