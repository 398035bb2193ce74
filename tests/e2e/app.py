#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An application that knows nothing of libpawl: the socket's frames by another CBOR library.

  app.py [--as USER [--group GID]] SOCKET ask JSON..      requests one after the other, an answer each
                                                          ({"hex": ".."} stands for bytes)
  app.py SOCKET ahead N                                   N sends ahead of their answers
  app.py SOCKET raw HEX                                   one packet as it is
  app.py SOCKET follow N                                  N messages as they come, each taken
  app.py SOCKET watch N                                   N incidents as they begin and end
  app.py SOCKET lazy                                      asks much, reads nothing, stays

Answers are printed as JSON, a line each; null: the agent closed the connection."""
import json
import os
import pwd
import signal
import socket
import sys

import cbor2


def become(user, group):
    os.setgroups([int(group)] if group else [])
    os.setgid(pwd.getpwnam(user).pw_gid)
    os.setuid(pwd.getpwnam(user).pw_uid)


def bytes_in(item):
    if isinstance(item, dict):
        return bytes.fromhex(item["hex"])
    return [bytes_in(i) for i in item] if isinstance(item, list) else item


def show(answer):
    print(json.dumps(answer, default=bytes.hex), flush=True)


class App:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(90)
        self.socket.connect(path)

    def put(self, *request):
        self.socket.send(cbor2.dumps(list(request), canonical=True))

    def get(self):
        try:
            packet = self.socket.recv(65536)
        except ConnectionResetError:
            return None
        return cbor2.loads(packet) if packet else None

    def ask(self, *request):
        try:
            self.put(*request)
        except BrokenPipeError:
            pass  # it may have said why
        return self.get()


def main(args):
    if args[0] == "--as":
        group = args[3] if args[2] == "--group" else None
        become(args[1], group)
        args = args[4 if group else 2:]
    try:
        app = App(args[0])
    except PermissionError:
        return show("no permission")
    if args[1] == "ask":
        for request in args[2:]:
            show(app.ask(*bytes_in(json.loads(request))))
    elif args[1] == "ahead":
        for i in range(int(args[2])):
            app.put("send", b"ahead %d" % i, True) if i else app.put("send", b"ahead 0")
        for _ in range(int(args[2])):
            show(app.get())
    elif args[1] == "raw":
        app.socket.send(bytes.fromhex(args[2]))
        show(app.get())
        show(app.get())
    elif args[1] == "follow":
        show(app.ask("follow"))
        for _ in range(int(args[2])):
            message = app.get()
            show([message[0], message[2].decode()])
            app.put("taken", message[1])
            show(app.get())
    elif args[1] == "watch":
        show(app.ask("watch"))
        for _ in range(int(args[2])):
            show(app.get())
    elif args[1] == "lazy":
        app.socket.setblocking(False)
        try:
            while True:
                app.put("status")
        except BlockingIOError:
            show("full")
        signal.pause()


main(sys.argv[1:])
