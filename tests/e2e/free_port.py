#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A TCP port of loopback for a server that has to know it before it listens, and that keeps it while
it is stopped. It is below those that the kernel gives by itself (ip_local_port_range): of these any
could be another program's meanwhile, as the end of a connection it made. Imported, or run: prints it.
"""
import random
import socket


def free_port():
    while True:
        port = random.SystemRandom().randrange(10000, 32768)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


if __name__ == "__main__":
    print(free_port())
