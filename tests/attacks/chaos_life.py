# SPDX-License-Identifier: Apache-2.0
"""What one device lives through in a chaos run: a script of steps, drawn before it begins, and the
application that carries them out. Imported, never run.

Each step ends with a condition, never with a time, so that the order of a device's life is the same
in each run of a seed; what other devices do meanwhile is not."""
import socket

from chaos_truth import Feed
from chaos_world import LIMIT_S, Failed, until
from middle import decode, encode

PLACES = ("before", "inside", "behind")  # of a request: chaos_wire.py
TROUBLES = ("kill", "power", "tpm", "stop")


def script(rng, messages):
    """[(step, arguments ..)], until so many messages were sent."""
    steps = []
    while messages:
        n = min(messages, rng.randint(1, 12))
        messages -= n
        steps.append(("send", [rng.choice((8, 40, 200, 3000)) for _ in range(n)]))
        if rng.random() < 0.15 and messages > 20:
            steps.append(("push", rng.randint(1, 3)))
        if rng.random() < 0.12:
            steps.append(("demand",))
        x = rng.random()
        if x < 0.2:
            steps.append(("arm", rng.choices(TROUBLES[:3], (5, 3, 1))[0], rng.randint(1, 5),
                          rng.choice(PLACES)))
        elif x < 0.3:
            steps.append(("trouble", rng.choices(TROUBLES, (3, 3, 1, 4))[0], rng.randint(0, 20)))
        steps.append(("pace", rng.randint(0, 8)))
    return steps


class Gone(Exception):
    """The agent went away under the application."""


class Application:
    """docs/application-socket.md"""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(LIMIT_S)
        self.socket.connect(path)

    def close(self):
        self.socket.close()

    def put(self, *request):
        try:
            self.socket.send(encode(list(request)))
        except (BrokenPipeError, ConnectionError) as e:
            raise Gone from e

    def get(self):
        try:
            packet = self.socket.recv(65536)
        except ConnectionError as e:
            raise Gone from e
        if not packet:
            raise Gone
        return decode(packet)

    def ask(self, *request):
        self.put(*request)
        return self.get()


class Life:
    def __init__(self, device, account, verifier, traffic, steps, thief):
        self.device, self.account, self.verifier = device, account, verifier
        self.traffic, self.steps, self.thief = traffic, steps, thief
        self.app, self.texts, self.ids, self.pushes, self.demands = None, 0, [], 0, 0

    def run(self):
        for step, *arguments in self.steps:
            getattr(self, step)(*arguments)

    # The application.

    def patiently(self, do):
        """do(application), with the agent started and the socket connected again as it takes."""
        while True:
            try:
                if self.app is None:
                    self.connect()
                return do(self.app)
            except Gone:
                self.app.close()
                self.app = None

    def connect(self):
        def connected():
            if not self.device.runs():
                self.device.start()
            try:
                self.app = Application(self.device.socket())
                if self.app.ask("status")[1]["epoch"]:
                    return True
                self.app.close()  # it has not opened its keys yet
            except (FileNotFoundError, ConnectionRefusedError, Gone):
                pass
            return False
        until(f"{self.device.name} listens", connected)

    def text(self, size):
        self.texts += 1
        return f"{self.device.name} {self.texts} ".encode().ljust(size, b".")

    def send(self, sizes):
        """Ahead of the answers. What is put and not answered may be queued or not."""
        todo = [self.text(n) for n in sizes]

        def all_of_it(app):
            put = 0
            try:
                for body in todo:
                    app.put("send", body)
                    put += 1
                while put:
                    answer = app.get()
                    if answer[0] != "queued":
                        raise Failed(f"{self.device.name}: send is answered {answer}")
                    self.account.queued[answer[1]] = todo.pop(0)
                    self.ids.append(answer[1])
                    put -= 1
            finally:
                self.account.unsure.update(todo[:put])
                del todo[:put]
        while todo:
            self.patiently(all_of_it)

    def take(self, wait_ms):
        """One message of the downlink, if there is one. False: there is none, or the agent is between
        two sets of keys and says so."""
        def one(app):
            answer = app.ask("receive", 0, wait_ms)
            if answer[0] == "none" or answer[:2] == ["error", "state"]:
                return False
            _, number, body = answer
            self.account.seen(number, body)
            if app.ask("taken", number)[0] == "ok":
                self.account.taken.add(number)
            return True
        return self.patiently(one)

    def acknowledged(self):
        """0 while the agent is between two sets of keys."""
        answer = self.patiently(lambda app: app.ask("sent"))
        return 0 if answer[:2] == ["error", "state"] else answer[1]

    # The steps.

    def pace(self, ahead):
        """Until all but so many messages are with the verifier."""
        def is_so():
            self.take(100)
            return len(self.ids) <= ahead or self.acknowledged() >= self.ids[-1 - ahead]
        until(f"{self.device.name}: all but {ahead} messages are acknowledged", is_so, 0)

    def push(self, n):
        """From an operator."""
        for _ in range(n):
            self.pushes += 1
            text = f"for {self.device.name} {self.pushes}"
            try:
                path = f"devices/{self.device.id}/messages"
                number = int(self.verifier.ask("POST", path, {"text": text})["id"])
                self.account.pushed[number] = text.encode()
            except OSError:
                self.account.push_unsure.add(text.encode())

    def demand(self):
        self.demands += 1
        try:
            self.verifier.ask("POST", f"devices/{self.device.id}/rekey")
        except OSError:
            pass  # then not

    def arm(self, what, requests, place):
        self.device.wire.arm(requests, place, getattr(self.device, what))

    def trouble(self, what, others):
        """Now; and it stays away until others have moved on."""
        getattr(self.device, what)()
        if what != "tpm":
            self.traffic.wait_for_others(others)

    # The thief's.

    def steal(self):
        """As soon as there is something to steal."""
        def is_done():
            self.patiently(lambda app: app.ask("status"))
            return self.thief.steal()
        until(f"{self.device.name} is robbed", is_done, 0)

    def forge(self, how):
        self.thief.forge(how)

    # The end, on a quiet network.

    def settle(self):
        """All has arrived, both ways, and a quote under new keys covers all slots."""
        d = self.device
        d.wire.disarm()
        d.wire.rough = False
        self.pace(0)
        until(f"{d.name}: the downlink has arrived",
              lambda: [self.take(200)] and self.account.all_handed(), 0)
        slot, end = self.account.highest()
        while slot < end:  # a start goes on behind all slots that were reserved
            d.stop()
            self.send([8])
            self.pace(0)
            slot, _ = self.account.highest()
        epoch = self.verifier.ask_again("POST", f"devices/{d.id}/rekey")["epoch"]

        def is_closed():
            self.patiently(lambda app: app.ask("sent"))
            self.shown = self.verifier.get(f"devices/{d.id}")
            r = self.shown["ratchet"]
            return (r["epoch"] > epoch and r["pending"] is None and r["attested_slot"] >= slot
                    and self.shown["keys_status"] == "affirming")
        until(f"{d.name}: new keys, and a quote over all slots", is_closed, 0.3)
        if self.thief:
            until(f"{d.name}: what came in doubt is told", self.all_is_told, 0.5)
        d.stop()

    def all_is_told(self):
        self.patiently(lambda app: app.ask("sent"))
        entries = Feed(self.verifier.each("messages", f"messages?device={self.device.id}"))
        return not any(e.mark == "tainted" for e in entries.of(self.device.id)
                       if e.seq <= self.shown["ratchet"]["attested_slot"])

    def close(self):
        if self.app:
            self.app.close()
