# SPDX-License-Identifier: Apache-2.0
"""A server that is none of ours: bad_server.py PORT CERT KEY MODE. Prints `ready`, serves for ever.

http      speaks HTTP without TLS             garbage   answers bytes that are no HTTP
silent    takes the request and says nothing  oversize  answers 16 MiB
headers   headers without end                 slow      a byte of its answer each second
html      200 and a web page                  redirect  302 to another place
mute      accepts the connection, no TLS      jwks      a signing key that nobody pinned
"""
import socket
import ssl
import sys
import threading
import time

port, cert, key, mode = sys.argv[1:]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"


def answer(s):
    if mode == "garbage":
        s.sendall(bytes(range(1, 256)) * 4)
    elif mode == "silent":
        s.recv(1)
    elif mode == "oversize":
        s.sendall(HEAD % (b"application/json", 16 << 20) + bytes(16 << 20))
    elif mode == "headers":
        s.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            s.sendall(b"X-Pad: " + b"a" * 1000 + b"\r\n")
    elif mode == "slow":
        for b in HEAD % (b"application/json", 1000) + bytes(1000):
            s.sendall(bytes([b]))
            time.sleep(1)
    elif mode == "redirect":
        s.sendall(b"HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
    elif mode == "jwks":
        text = (b'{"keys":[{"kty":"EC","crv":"P-256","alg":"ES256","kid":"x","use":"sig",'
                b'"x":"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY",'
                b'"y":"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"}]}')
        s.sendall(HEAD % (b"application/jwk-set+json", len(text)) + text)
    else:
        text = b"<html>It works!</html>"
        s.sendall(HEAD % (b"text/html", len(text)) + text)


def serve(s):
    try:
        if mode == "mute":
            s.recv(1 << 16)
            time.sleep(600)
        if mode != "http":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(cert, key)
            s = context.wrap_socket(s, server_side=True)
        s.recv(1 << 16)
        answer(s)
        s.recv(1 << 16)
    except OSError:
        pass
    s.close()


listener = socket.create_server(("127.0.0.1", int(port)), backlog=16)
print("ready", flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
