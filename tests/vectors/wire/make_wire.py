#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the messages of docs/protocol.md by an independent CBOR encoder (cbor2, canonical): each as
NAME_CASE.cbor, and beside it NAME.refused with one line for each encoding that must be refused:

    CODE WHERE HEX

CODE and WHERE are what the error record must say. The seeds of the fuzz targets come from the same
messages. Nothing is random: the files are frozen, and a run changes none of them.

    make_wire.py            (Debian: python3-cbor2)
"""
import copy
import hashlib
import hmac
import pathlib
import struct

import cbor2

HERE = pathlib.Path(__file__).resolve().parent
CORPUS = HERE.parent.parent / "fuzz" / "corpus"


def fill(n, first):
    """n bytes that count up from first."""
    return bytes((first + i) & 255 for i in range(n))


def pcrs(*banks):
    """TPML_PCR_SELECTION: (hash identifier, bits)."""
    return struct.pack(">I", len(banks)) + b"".join(
        struct.pack(">HB", h, 3) + bits.to_bytes(3, "little") for h, bits in banks)


SHA1, SHA256, SHA384, SHA512 = 0x0004, 0x000B, 0x000C, 0x000D
ALL = 0xFFFFFF
TENANT = "factory-7"
U64 = 2**64 - 1
U32 = 2**32 - 1

# A number that cannot be written in its shortest form, and others that cbor2 would not write.
LONG_ZERO = bytes.fromhex("1800")


class Raw:
    """Stands for these bytes wherever it is put."""
    def __init__(self, data):
        self.data = data


def encode(item):
    """cbor2's canonical encoding, with Raw in its place."""
    if isinstance(item, Raw):
        return item.data
    if isinstance(item, (list, tuple)):
        return head(4, len(item)) + b"".join(encode(i) for i in item)
    if isinstance(item, dict):
        pairs = sorted((encode(k), encode(v)) for k, v in item.items())
        return head(5, len(pairs)) + b"".join(k + v for k, v in pairs)
    return cbor2.dumps(item, canonical=True)


def head(major, n):
    first = bytearray(cbor2.dumps(n, canonical=True))
    first[0] |= major << 5
    return bytes(first)


class Message:
    def __init__(self, name, prefix, fields=None):
        self.name, self.prefix, self.fields = name, prefix, fields
        self.taken, self.refused, self.seeds = {}, [], {}

    def take(self, case, item, seed=True):
        data = encode(item)
        plain = item if not has_raw(item) else None
        if plain is not None:
            assert data == cbor2.dumps(plain, canonical=True), (self.name, case)
        self.taken[case] = (item, data, seed)

    def refuse(self, code, where, item):
        data = item if isinstance(item, bytes) else encode(item)
        self.refused.append((code, f"{self.prefix}.{where}", data))

    def but(self, case, *path_and_value):
        """A copy of a taken message with one field put in place."""
        *path, value = path_and_value
        item = copy.deepcopy(self.taken[case][0])
        at = item
        for step in path[:-1]:
            at = at[self.index(step)]
        at[self.index(path[-1])] = value
        return item

    def without(self, case, key):
        item = copy.deepcopy(self.taken[case][0])
        del item[key]
        return item

    def index(self, step):
        return self.fields.index(step) if self.fields and isinstance(step, str) else step

    def refuse_as(self, where, case, *path, range_=(), form=()):
        for value in range_:
            self.refuse("range", where, self.but(case, *path, value))
        for value in form:
            self.refuse("form", where, self.but(case, *path, value))

    def refuse_map(self, case, needed):
        """What every map refuses: a missing, an unknown and a repeated field, and what follows."""
        item, data, _ = self.taken[case]
        for key, where in needed.items():
            self.refuse("form", where, self.without(case, key))
        self.refuse("trailing", "end", data + b"\0")
        self.refuse("short", "map", b"")
        self.refuse("form", "map", encode(list(item.values())))
        self.refuse("form", "map", b"\xbf" + data[1:] + b"\xff")

    def write(self):
        for case, (_, data, seed) in self.taken.items():
            (HERE / f"{self.name}_{case}.cbor").write_bytes(data)
        with open(HERE / f"{self.name}.refused", "w") as out:
            for code, where, data in self.refused:
                out.write(f"{code} {where} {data.hex() or '-'}\n")
        corpus = CORPUS / self.name
        corpus.mkdir(parents=True, exist_ok=True)
        for case, (_, data, seed) in self.taken.items():
            if seed:
                (corpus / case).write_bytes(data)
        seen = set()
        for code, where, data in self.refused:
            kind = f"refused_{code}_{where.split('.', 1)[1]}"
            if kind not in seen and 0 < len(data) < 2048:
                seen.add(kind)
                (corpus / kind).write_bytes(data)


def has_raw(item):
    if isinstance(item, dict):
        return any(has_raw(v) for v in list(item.values()) + list(item.keys()))
    if isinstance(item, (list, tuple)):
        return any(has_raw(i) for i in item)
    return isinstance(item, Raw)


def refuse_tenant(m, case, *path):
    m.refuse_as("tenant", case, *path, range_=["t" * 33],
                form=["", "Factory", "a/b", b"factory", "-a", "ä", Raw(b"\x61\xff")])


def refuse_bytes(m, where, case, *path, n):
    m.refuse_as(where, case, *path, range_=[fill(n - 1, 1), fill(n + 1, 1), b""], form=["a" * n, 7])


def refuse_up_to(m, where, case, *path, most):
    m.refuse_as(where, case, *path, range_=[b"", fill(most + 1, 1)], form=["text", None])


def refuse_u64(m, where, case, *path):
    m.refuse_as(where, case, *path, form=[-1, b"", Raw(LONG_ZERO), Raw(b"\xf9\x3c\x00")])


def refuse_u32(m, where, case, *path):
    m.refuse_as(where, case, *path, range_=[U32 + 1, U64], form=[-1])


def refuse_suites(m, case, *path):
    m.refuse_as("suites", case, *path, range_=[[], list(range(1, 18)), [65536]],
                form=[[1, 1], [0], [-1], 1, {}])


def refuse_logs(m, case, *path):
    m.refuse_as("logs", case, *path,
                range_=[{}, {1: b"", 2: b"", 3: b"", 4: b"", 5: b""}],
                form=[{-1: b""}, {"a": b""}, {1: "text"}, [], Raw(bytes.fromhex("a201400140")),
                      Raw(bytes.fromhex("a202400140"))])


def refuse_ima(m, case, *path):
    m.refuse_as("ima", case, *path, range_=[[0], [0, b"x", 1], [0, b""]],
                form=[[-1, b"x"], [0, "x"], {}])


# ---- challenge -----------------------------------------------------------------------------------

challenge_req = Message("challenge_req", "challenge")
challenge_req.take("full", {1: TENANT, 2: fill(32, 0x20), 3: "pawl/1 attest"})
challenge_req.take("rekey", {1: "t" * 32, 2: fill(32, 0), 3: "pawl/1 rekey"})
challenge_req.take("resync", {1: "0", 2: fill(32, 0xE0), 3: "pawl/1 resync"})
challenge_req.refuse_map("full", {1: "tenant", 2: "device_id", 3: "label"})
challenge_req.refuse("range", "map", challenge_req.but("full", 4, 0))
challenge_req.refuse("form", "tenant", {0: 0, 1: TENANT, 2: fill(32, 0x20)})
refuse_tenant(challenge_req, "full", 1)
refuse_bytes(challenge_req, "device_id", "full", 2, n=32)
challenge_req.refuse_as("label", "full", 3, range_=["pawl/1 attest...."],
                        form=["pawl/1 enrol", "pawl/2 attest", "", b"pawl/1 attest"])

challenge_ans = Message("challenge_ans", "challenge")
challenge_ans.take("full", {1: fill(32, 0x40), 2: pcrs((SHA256, 0x0000FF), (SHA1, 1)), 3: [1, 0x103]})
challenge_ans.take("most", {
    1: fill(32, 0xFF), 2: pcrs((SHA1, ALL), (SHA256, ALL), (SHA384, ALL), (SHA512, ALL)),
    3: [65535 - i for i in range(16)]})
challenge_ans.refuse_map("full", {1: "nonce", 2: "pcrs", 3: "suites"})
challenge_ans.refuse("range", "map", challenge_ans.but("full", 4, 0))
refuse_bytes(challenge_ans, "nonce", "full", 1, n=32)
challenge_ans.refuse_as("pcrs", "full", 2, range_=[b"", fill(29, 0)], form=["text"])
challenge_ans.refuse("form", "pcrs.pcrSelect.hash",
                     challenge_ans.but("full", 2, pcrs((SHA256, 1), (SHA256, 2))))
challenge_ans.refuse("unsupported", "pcrs.pcrSelect.hash",
                     challenge_ans.but("full", 2, pcrs((0x0012, 1))))
challenge_ans.refuse("trailing", "pcrs.end",
                     challenge_ans.but("full", 2, pcrs((SHA256, 1)) + b"\0"))
refuse_suites(challenge_ans, "full", 3)

# ---- enrol ---------------------------------------------------------------------------------------

enrol_req = Message("enrol_req", "enrol")
LEAST = {1: TENANT, 2: [1], 3: fill(90, 1), 5: fill(88, 2), 6: fill(86, 3), 7: fill(120, 4),
         8: fill(72, 5), 9: fill(32, 6), 11: {}}
enrol_req.take("least", LEAST)
enrol_req.take("full", {**LEAST, 2: [1, 2], 4: [fill(40, 7), fill(50, 8)],
                        10: [fill(8, 9), fill(32, 10)],
                        11: {"slot": "A-17", "model": "edge 3", "serial": "Nr. 4711 ü", "os": ""}})
enrol_req.take("most", {
    **LEAST, 1: "t" * 32, 2: list(range(1, 17)), 3: fill(768, 1), 4: [fill(4096, i) for i in range(4)],
    5: fill(768, 2), 6: fill(768, 3), 7: fill(512, 4), 8: fill(520, 5),
    11: {f"{i:02}": "v" * (256 if i == 0 else 100) for i in range(31)} | {"k" * 256: ""}}, seed=False)
NEEDED = {1: "tenant", 2: "suites", 3: "ek_public", 5: "ak_public", 6: "td_public",
          7: "certify_attest", 8: "certify_sig", 9: "verifier_id", 11: "facts"}
enrol_req.refuse_map("full", NEEDED)
enrol_req.refuse("range", "map", enrol_req.but("full", 12, 0))
enrol_req.refuse("trailing", "map", enrol_req.but("least", 12, 0))
enrol_req.refuse("form", "tenant", enrol_req.but("least", 0, 0))
refuse_tenant(enrol_req, "full", 1)
refuse_suites(enrol_req, "full", 2)
refuse_up_to(enrol_req, "ek_public", "full", 3, most=768)
enrol_req.refuse_as("ek_cert", "full", 4, range_=[[], [b"x"] * 5, [b""], [fill(4097, 0)]],
                    form=[["x"], b"x", {}])
refuse_up_to(enrol_req, "ak_public", "full", 5, most=768)
refuse_up_to(enrol_req, "td_public", "full", 6, most=768)
refuse_up_to(enrol_req, "certify_attest", "full", 7, most=512)
refuse_up_to(enrol_req, "certify_sig", "full", 8, most=520)
refuse_bytes(enrol_req, "verifier_id", "full", 9, n=32)
enrol_req.refuse_as("token", "full", 10, range_=[[], [fill(8, 9)], [fill(8, 9), fill(32, 10), 0]],
                    form=[{}, b""])
refuse_bytes(enrol_req, "token_id", "full", 10, 0, n=8)
refuse_bytes(enrol_req, "token_mac", "full", 10, 1, n=32)
enrol_req.refuse_as("facts", "full", 11,
                    range_=[{f"{i}": "" for i in range(33)}, {"": "x"}, {"k" * 257: ""},
                            {"k": "v" * 257}],
                    form=[{1: "x"}, {b"k": "x"}, {"k": 1}, {"k": b"v"}, [], {"k": {}},
                          Raw(bytes.fromhex("a2616160616160")), Raw(bytes.fromhex("a2616260616160")),
                          Raw(bytes.fromhex("a262616160616260")), Raw(bytes.fromhex("a1616b61ff")),
                          Raw(bytes.fromhex("a1616b6100")), Raw(bytes.fromhex("bf616b60ff"))])
enrol_req.refuse("range", "size", enrol_req.but("most", 11, {f"{i:02}": "v" * 256 for i in range(32)}))

enrol_ans = Message("enrol_ans", "enrol")
enrol_ans.take("full", {1: fill(32, 0x10), 2: pcrs((SHA1, ALL), (SHA256, ALL), (SHA384, ALL),
                                                   (SHA512, ALL)),
                        3: [1], 4: fill(300, 0x11), 5: fill(68, 0x12), 6: fill(70, 0x13)})
enrol_ans.take("most", {1: fill(32, 0), 2: pcrs(), 3: [2], 4: fill(20480, 1), 5: fill(132, 2),
                        6: fill(512, 3)}, seed=False)
enrol_ans.refuse_map("full", {1: "nonce", 2: "pcrs", 3: "suites", 4: "cookie", 5: "id_object",
                              6: "encrypted_secret"})
enrol_ans.refuse("range", "map", enrol_ans.but("full", 7, 0))
refuse_bytes(enrol_ans, "nonce", "full", 1, n=32)
enrol_ans.refuse_as("pcrs", "full", 2, range_=[b"", fill(29, 0)], form=["text"])
enrol_ans.refuse("range", "pcrs.pcrSelect.sizeofSelect",
                 enrol_ans.but("full", 2, bytes.fromhex("00000001000b02ffff")))
refuse_suites(enrol_ans, "full", 3)
refuse_up_to(enrol_ans, "cookie", "full", 4, most=20480)
refuse_up_to(enrol_ans, "id_object", "full", 5, most=132)
refuse_up_to(enrol_ans, "encrypted_secret", "full", 6, most=512)

# ---- A1 ------------------------------------------------------------------------------------------

A1 = ["label", "suite", "tenant", "verifier_id", "device_id", "ak_name", "td_name", "nonce_V",
      "attempt", "base_epoch", "base_kid", "new_epoch", "E_D", "boot_id", "os_boot", "nv_counter",
      "reason", "LOG", "SND", "RCV", "receipt_verdict", "next_s"]
SHA256_NAME = b"\x00\x0b"


def snd_gen(i):
    return [70000 + i // 8, i % 8, 4_000_000 + 64 * i, 4_000_063 + 64 * i, 64, fill(32, i)]


def rcv_gen(i):
    return [70000, i, 5_000_000 + 64 * i, fill(8, i), fill(32, i)]


a1 = Message("a1", "a1", A1)
a1.take("enrol", ["pawl/1 enrol", 1, TENANT, fill(32, 1), fill(32, 2), SHA256_NAME + fill(32, 3),
                  SHA256_NAME + fill(32, 4), fill(32, 5), 1, 0, bytes(8), 0, b"", fill(8, 6),
                  fill(8, 7), 0, 1, [], [0, 0, 0, 0, 0, 0, [], []], [0, []], [b"", 0, [], 0], 0])
a1.take("full", ["pawl/1 rekey", 0x101, TENANT, fill(32, 1), fill(32, 2), SHA256_NAME + fill(32, 3),
                 b"\x00\x0c" + fill(48, 4), fill(32, 5), 66, 7, fill(8, 8), 8, b"\x04" + fill(64, 9),
                 fill(8, 6), fill(8, 7), 99, 6, [[1, 65000, fill(32, 10)], [2, 0, fill(32, 11)]],
                 [1000, 7, 3, 900, 800, 1024, [[7, 2, 830, 893, 64, fill(32, 12)],
                                               [7, 3, 900, 1000, 60, fill(32, 13)]],
                  [[894, 899], [1001, 1001]]],
                 [500, [[7, 0, 437, fill(8, 14), fill(32, 15)], [7, 1, 500, b"\x01", fill(32, 16)]]],
                 [fill(32, 17), 2, [[7, 2], [7, 3]], 0], 330])
a1.take("most", [
    "pawl/1 resync", 4, "t" * 32, fill(32, 1), fill(32, 2), SHA256_NAME + fill(32, 3),
    SHA256_NAME + fill(32, 4), fill(32, 5), U64, U64, fill(8, 8), U64, b"\x04" + fill(64, 9),
    fill(8, 6), fill(8, 7), U64, 0, [[i, U64, fill(32, i)] for i in range(1, 5)],
    [U64, U64, U32, U64, U64, U64, [snd_gen(i) for i in range(320)],
     [[6_000_000 + 2 * i, 6_000_000 + 2 * i] for i in range(16)]],
    [U64, [rcv_gen(i) for i in range(64)]],
    [fill(32, 17), 3, [[70000 + i, i] for i in range(32)], U64], 31 * 86400], seed=False)
a1_full = a1.taken["full"][1]
a1.refuse("range", "array", encode(a1.taken["full"][0] + [0]))
a1.refuse("range", "array", encode(a1.taken["full"][0][:-1]))
a1.refuse("form", "array", encode(dict(enumerate(a1.taken["full"][0]))))
a1.refuse("trailing", "end", a1_full + b"\0")
a1.refuse("short", "array", b"")
a1.refuse("range", "size", a1.but("most", "SND", 6, [
    [U64, U32, U64, U64, 64, fill(32, i)] for i in range(320)]))
a1.refuse_as("label", "full", "label", range_=["pawl/1 attest...."], form=["", "pawl/1 Rekey", b"x"])
a1.refuse_as("suite", "full", "suite", range_=[65536], form=[-1, b""])
refuse_tenant(a1, "full", "tenant")
for field, n in [("verifier_id", 32), ("device_id", 32), ("nonce_V", 32), ("base_kid", 8),
                 ("boot_id", 8), ("os_boot", 8)]:
    refuse_bytes(a1, field, "full", field, n=n)
for field in ["ak_name", "td_name"]:
    a1.refuse_as(field, "full", field, range_=[b"", fill(33, 0), fill(35, 0), fill(49, 0), fill(51, 0)],
                 form=["a" * 34])
for field in ["attempt", "base_epoch", "new_epoch", "nv_counter"]:
    refuse_u64(a1, field, "full", field)
a1.refuse_as("E_D", "full", "E_D", range_=[fill(64, 4), fill(66, 4), b"\x04"],
             form=[b"\x02" + fill(64, 9), b"\x00" * 65, None])
a1.refuse_as("reason", "full", "reason", range_=[7, U64], form=[-1])
a1.refuse_as("LOG", "full", "LOG", range_=[[[i, 0, bytes(32)] for i in range(5)], [[1, 2]], [[]]],
             form=[{}, [1]])
a1.refuse_as("LOG.type", "full", "LOG",
             form=[[[1, 0, bytes(32)], [1, 0, bytes(32)]], [[2, 0, bytes(32)], [1, 0, bytes(32)]],
                   [[-1, 0, bytes(32)]]])
refuse_u64(a1, "LOG.length", "full", "LOG", 0, 1)
refuse_bytes(a1, "LOG.sha256", "full", "LOG", 0, 2, n=32)
a1.refuse_as("SND", "full", "SND", range_=[[], [0] * 7, [0] * 9], form=[{}])
for i, field in enumerate(["seq_hi", "epoch", "gen", "gen_start_seq", "epoch_start_seq",
                           "reserved_hi"]):
    refuse_u64(a1, "SND." + field, "full", "SND", i)
refuse_u32(a1, "SND.gen", "full", "SND", 2)
a1.refuse_as("SND.generations", "full", "SND", 6, range_=[[snd_gen(0)] * 321], form=[{}])
a1.refuse_as("SND.generation", "full", "SND", 6, 0, range_=[snd_gen(0)[:-1], snd_gen(0) + [0]],
             form=[7])
for i, field in enumerate(["epoch", "gen", "first_seq", "last_seq", "count"]):
    refuse_u64(a1, "SND.generation." + field, "full", "SND", 6, 0, i)
refuse_u32(a1, "SND.generation.gen", "full", "SND", 6, 0, 1)
a1.refuse_as("SND.generation.count", "full", "SND", 6, 0, 4, range_=[65])
refuse_bytes(a1, "SND.generation.digest", "full", "SND", 6, 0, 5, n=32)
a1.refuse_as("SND.unknown", "full", "SND", 7, range_=[[[0, 0]] * 17, [[0]], [[0, 1, 2]]],
             form=[{}, [0]])
refuse_u64(a1, "SND.unknown.lo", "full", "SND", 7, 0, 0)
refuse_u64(a1, "SND.unknown.hi", "full", "SND", 7, 0, 1)
a1.refuse_as("SND.unknown.hi", "full", "SND", 7, 0, range_=[[2, 1]])
a1.refuse_as("RCV", "full", "RCV", range_=[[], [0], [0, [], 0]], form=[{}])
refuse_u64(a1, "RCV.seq_hi_down", "full", "RCV", 0)
a1.refuse_as("RCV.generations", "full", "RCV", 1, range_=[[rcv_gen(0)] * 65], form=[{}])
a1.refuse_as("RCV.generation", "full", "RCV", 1, 0, range_=[rcv_gen(0)[:-1], rcv_gen(0) + [0]],
             form=[7])
for i, field in enumerate(["epoch", "gen", "first_seq"]):
    refuse_u64(a1, "RCV.generation." + field, "full", "RCV", 1, 0, i)
refuse_u32(a1, "RCV.generation.gen", "full", "RCV", 1, 0, 1)
a1.refuse_as("RCV.generation.bitmap", "full", "RCV", 1, 0, 3, range_=[fill(9, 0)], form=["x", 0])
refuse_bytes(a1, "RCV.generation.digest", "full", "RCV", 1, 0, 4, n=32)
a1.refuse_as("receipt_verdict", "full", "receipt_verdict", range_=[[], [b"", 0, []]], form=[{}])
a1.refuse_as("receipt_verdict.receipt_hash", "full", "receipt_verdict", 0,
             range_=[fill(31, 0), fill(33, 0), b"\0"], form=["x" * 32])
a1.refuse_as("receipt_verdict.verdict", "full", "receipt_verdict", 1, range_=[4], form=[-1])
a1.refuse_as("receipt_verdict.verdict", "full", "receipt_verdict", form=[[b"", 1, [], 0]])
a1.refuse_as("receipt_verdict.pairs", "full", "receipt_verdict", 2, range_=[[[0, 0]] * 33], form=[{}])
a1.refuse_as("receipt_verdict.pair", "full", "receipt_verdict", 2, range_=[[[0]], [[0, 0, 0]]],
             form=[[0]])
refuse_u64(a1, "receipt_verdict.pair.epoch", "full", "receipt_verdict", 2, 0, 0)
refuse_u64(a1, "receipt_verdict.pair.gen", "full", "receipt_verdict", 2, 0, 1)
refuse_u32(a1, "receipt_verdict.pair.gen", "full", "receipt_verdict", 2, 0, 1)
refuse_u64(a1, "receipt_verdict.ahead_seq", "full", "receipt_verdict", 3)
refuse_u64(a1, "next_s", "full", "next_s")
a1.refuse_as("next_s", "full", "next_s", range_=[31 * 86400 + 1, U64])

# ---- evidence ------------------------------------------------------------------------------------

evidence = Message("evidence", "evidence")
LEAST = {1: fill(100, 1), 2: fill(90, 2), 3: fill(70, 3), 4: b""}
evidence.take("least", LEAST)
evidence.take("no_values", {**LEAST, 5: []})
evidence.take("full", {**LEAST, 4: fill(32, 4), 5: [fill(20, 5), fill(32, 6), fill(48, 7), fill(64, 8)],
                       6: {1: fill(60, 9), 2: b""}, 7: [300, fill(50, 10)], 8: fill(80, 11),
                       9: [fill(88, 12), fill(90, 13), fill(70, 14)]})
evidence.take("most", {**LEAST, 1: fill(24576, 1), 2: fill(512, 2), 3: fill(520, 3), 4: fill(32, 4),
                       5: [fill(64, i) for i in range(96)],
                       6: {1: fill(90000, 9), 2: b"x", 3: b"x", U64: b""},
                       7: [U64, fill(90000, 10)], 8: fill(20480, 11),
                       9: [fill(768, 12), fill(512, 13), fill(520, 14)]}, seed=False)
evidence.refuse_map("full", {1: "A1", 2: "attest", 3: "signature", 4: "mac_base"})
evidence.refuse("range", "map", evidence.but("full", 10, 0))
evidence.refuse("trailing", "map", evidence.but("least", 10, 0))
refuse_up_to(evidence, "A1", "full", 1, most=24576)
refuse_up_to(evidence, "attest", "full", 2, most=512)
refuse_up_to(evidence, "signature", "full", 3, most=520)
evidence.refuse_as("mac_base", "full", 4, range_=[fill(31, 0), fill(33, 0), b"\0"], form=["x" * 32])
evidence.refuse_as("pcr_values", "full", 5,
                   range_=[[fill(32, 0)] * 97, [b""], [fill(19, 0)], [fill(33, 0)], [fill(65, 0)]],
                   form=[{}, ["x" * 32], b""])
refuse_logs(evidence, "full", 6)
refuse_ima(evidence, "full", 7)
refuse_up_to(evidence, "cookie", "full", 8, most=20480)
evidence.refuse_as("app_key", "full", 9, range_=[[], [b"x", b"x"], [b"x"] * 4], form=[{}, b"", 0])
for i, part in enumerate(("public", "attest", "signature")):
    evidence.refuse_as("app_key." + part, "full", 9, i, range_=[b"", fill(800, 0)], form=["x", 0])

# ---- supply --------------------------------------------------------------------------------------

supply = Message("supply", "supply")
supply.take("least", {1: fill(40, 1)})
supply.take("full", {1: fill(40, 1), 6: {1: fill(30, 2)}, 7: [0, fill(20, 3)],
                     8: [[0, 7, 2, fill(48, 4)], [1, 8, 0, fill(16, 5)]]})
supply.take("most", {1: fill(4096, 1), 8: [[i % 2, U64, U32, fill(16, i)] for i in range(319)] +
                     [[1, U64, U32, fill(1024, 0)]]}, seed=False)
supply.refuse_map("full", {1: "ticket"})
supply.refuse("range", "map", supply.but("full", 9, 0))
supply.refuse("trailing", "map", supply.but("least", 2, 0))
refuse_up_to(supply, "ticket", "full", 1, most=4096)
refuse_logs(supply, "full", 6)
refuse_ima(supply, "full", 7)
supply.refuse_as("leaves", "full", 8, range_=[[], [[0, 0, 0, fill(16, 0)]] * 321, [[0, 0, 0]], [[]]],
                 form=[{}, [0]])
supply.refuse_as("leaves.dir", "full", 8, 0, 0, range_=[2, U64], form=[-1])
refuse_u64(supply, "leaves.epoch", "full", 8, 0, 1)
refuse_u32(supply, "leaves.gen", "full", 8, 0, 2)
supply.refuse_as("leaves.leaves", "full", 8, 0, 3,
                 range_=[b"", fill(15, 0), fill(17, 0), fill(1040, 0)], form=["x" * 16])

# ---- result --------------------------------------------------------------------------------------

result = Message("result", "result")
EAR = "eyJhbGciOiJFUzI1NiJ9.eyJpYXQiOjF9.c2lnbmF0dXJl"
RECEIPT = ["pawl/1 receipt", fill(32, 1), fill(32, 2), 500, [[7, 0, 437, fill(8, 3), fill(32, 4)]]]
result.take("least", {1: EAR})
result.take("full", {1: EAR, 2: fill(32, 5), 3: RECEIPT,
                     4: {1: [1, 2], 2: 77, 3: [[0, 7, 1], [1, 8, U32]], 4: True, 5: True},
                     5: fill(24, 6)})
result.take("want_pcr_values", {1: EAR, 4: {5: True}})
result.take("most", {1: "e" * 4096, 2: fill(32, 5),
                     3: RECEIPT[:4] + [[[70000, i, 5_000_000 + 64 * i, fill(8, i), fill(32, i)]
                                        for i in range(320)]],
                     4: {1: [1, 2, 3, U64], 2: U64, 3: [[1, U64, U32]] * 32, 4: True},
                     5: fill(4096, 6)}, seed=False)
result.refuse_map("full", {1: "EAR"})
result.refuse("range", "map", result.but("full", 6, 0))
result.refuse("trailing", "map", result.but("least", 6, 0))
result.refuse_as("EAR", "full", 1, range_=["", "e" * 4097], form=[EAR.encode(), Raw(b"\x61\xff")])
refuse_bytes(result, "conf_V", "full", 2, n=32)
result.refuse_as("receipt", "full", 3, range_=[[[[[[[[[0]]]]]]]]],
                 form=[b"", "x", {}, 0, None, [0.5], [Raw(LONG_ZERO)], [{1: {}, 2: Raw(b"\xf7")}]])
result.refuse_as("want", "full", 4, range_=[{}, {i: True for i in range(1, 7)}], form=[[], True])
result.refuse("trailing", "want", result.but("full", 4, {6: True}))
result.refuse_as("want.logs", "full", 4, 1, range_=[[], [1, 2, 3, 4, 5]],
                 form=[[1, 1], [2, 1], [-1], {}])
refuse_u64(result, "want.first_ima_entry", "full", 4, 2)
result.refuse_as("want.generations", "full", 4, 3, range_=[[], [[0, 0, 0]] * 33], form=[{}])
result.refuse_as("want.generation", "full", 4, 3, 0, range_=[[0, 0], [0, 0, 0, 0]], form=[{}])
result.refuse_as("want.generation.dir", "full", 4, 3, 0, 0, range_=[2])
refuse_u64(result, "want.generation.epoch", "full", 4, 3, 0, 1)
refuse_u32(result, "want.generation.gen", "full", 4, 3, 0, 2)
result.refuse_as("want.rekey_now", "full", 4, 4, form=[False, 1, None])
result.refuse_as("want.pcr_values", "full", 4, 5, form=[False, 1, None])
refuse_up_to(result, "ticket", "full", 5, most=4096)

# ---- receipt -------------------------------------------------------------------------------------

receipt = Message("receipt", "receipt")
receipt.take("least", ["pawl/1 receipt", fill(32, 1), fill(32, 2), 0, []])
receipt.take("full", RECEIPT[:3] + [500, [[7, 0, 437, fill(8, 3), fill(32, 4)],
                                          [7, 1, 500, b"\x01", fill(32, 5)],
                                          [8, 0, 501, b"", fill(32, 6)]]])
receipt.take("most", RECEIPT[:3] + [U64, [[U64 - 320 + i, U32, U64 - 64, fill(8, i), fill(32, i)]
                                          for i in range(320)]], seed=False)
receipt_full = receipt.taken["full"][1]
receipt.refuse("range", "array", receipt.taken["full"][0] + [0])
receipt.refuse("range", "array", receipt.taken["full"][0][:-1])
receipt.refuse("form", "array", dict(enumerate(receipt.taken["full"][0])))
receipt.refuse("trailing", "end", receipt_full + b"\0")
receipt.refuse("short", "array", b"")
receipt.refuse("form", "array", b"\x9f" + receipt_full[1:] + b"\xff")
receipt.refuse_as("title", "full", 0, range_=["pawl/1 receipts"],
                  form=["", "pawl/1 receip", "pawl/1 Receipt", b"pawl/1 receipt", 1])
refuse_bytes(receipt, "device_id", "full", 1, n=32)
refuse_bytes(receipt, "TH1", "full", 2, n=32)
refuse_u64(receipt, "seq_hi", "full", 3)
receipt.refuse_as("generations", "full", 4, range_=[[rcv_gen(0)] * 321], form=[{}, b""])
receipt.refuse_as("generation", "full", 4, 0, range_=[rcv_gen(0)[:-1], rcv_gen(0) + [0]], form=[7])
for i, field in enumerate(["epoch", "gen", "first_seq"]):
    refuse_u64(receipt, "generation." + field, "full", 4, 0, i)
refuse_u32(receipt, "generation.gen", "full", 4, 0, 1)
receipt.refuse_as("generation.bitmap", "full", 4, 0, 3, range_=[fill(9, 0)], form=["x", 0])
refuse_bytes(receipt, "generation.digest", "full", 4, 0, 4, n=32)

# ---- refusal -------------------------------------------------------------------------------------

refusal = Message("refusal", "refusal")
refusal.take("full", {1: fill(32, 1), 2: 4, 3: 66, 4: 8, 5: 33768, 6: 500, 7: 30})
refusal.take("no_retry", {1: fill(32, 1), 2: 1, 3: 0, 4: 0, 5: 0, 6: 0})
refusal.take("most", {1: fill(32, 1), 2: 8, 3: U64, 4: U64, 5: U64, 6: U64, 7: U64})
refusal.refuse_map("full", {1: "TH1", 2: "code", 3: "last_attempt", 4: "known_epoch",
                            5: "seq_floor_up", 6: "seq_floor_down"})
refusal.refuse("range", "map", refusal.but("full", 8, 0))
refusal.refuse("trailing", "map", refusal.but("no_retry", 8, 0))
refuse_bytes(refusal, "TH1", "full", 1, n=32)
refusal.refuse_as("code", "full", 2, range_=[0, 9, U64], form=[-1, "x"])
for key, field in [(3, "last_attempt"), (4, "known_epoch"), (5, "seq_floor_up"),
                   (6, "seq_floor_down"), (7, "retry_after_s")]:
    refuse_u64(refusal, field, "full", key)

# ---- messages ------------------------------------------------------------------------------------

messages_req = Message("messages_req", "messages")


def cose_encrypt(i):
    return cbor2.CBORTag(96, [b"\xa1\x01\x10", {5: fill(12, i)}, fill(20, i),
                              [[b"\xa1\x01\x29", {4: fill(12, i)}, b""]]])


class Tagged(Raw):
    """A tagged item, encoded whole."""
    def __init__(self, item):
        super().__init__(cbor2.dumps(item, canonical=True))


LEAST = {1: TENANT, 2: fill(32, 1), 3: []}
messages_req.take("least", LEAST)
messages_req.take("full", {**LEAST, 3: [Tagged(cose_encrypt(1)),
                                        Tagged(cbor2.CBORTag(16, [b"", {}, b"x"]))], 4: True})
messages_req.take("most", {**LEAST, 3: [Tagged(cbor2.CBORTag(16, []))] * 256}, seed=False)
messages_req.refuse_map("full", {1: "tenant", 2: "device_id", 3: "COSE"})
messages_req.refuse("range", "map", messages_req.but("full", 5, 0))
messages_req.refuse("trailing", "map", messages_req.but("least", 5, 0))
refuse_tenant(messages_req, "full", 1)
refuse_bytes(messages_req, "device_id", "full", 2, n=32)
messages_req.refuse_as(
    "COSE", "full", 3,
    range_=[[Tagged(cbor2.CBORTag(16, []))] * 257,
            [Raw(b"\xd0" + b"\x81" * 7 + b"\x00")]],
    form=[{}, [[]], [0], [None], b"", [Raw(b"\xd8\x10\x80")], [Raw(b"\xd0\x9f\xff")],
          [Raw(bytes.fromhex("d081a2020001 00"))]])
messages_req.refuse_as("want_nonce", "full", 4, form=[False, 1, None])

messages_ans = Message("messages_ans", "messages_ans")
messages_ans.take("least", {3: []})
messages_ans.take("full", {3: [Tagged(cose_encrypt(1)), Tagged(cbor2.CBORTag(16, [b"", {}, b"x"]))],
                           4: fill(32, 9)})
messages_ans.take("most", {3: [Tagged(cbor2.CBORTag(16, [i])) for i in range(256)],
                           4: fill(32, 9)}, seed=False)
messages_ans.refuse_map("full", {3: "COSE"})
messages_ans.refuse("range", "map", messages_ans.but("full", 5, 0))
messages_ans.refuse("trailing", "map", messages_ans.but("least", 5, 0))
messages_ans.refuse("form", "COSE", {1: TENANT, 3: []})
messages_ans.refuse_as(
    "COSE", "full", 3,
    range_=[[Tagged(cbor2.CBORTag(16, []))] * 257,
            [Raw(b"\xd0" + b"\x81" * 7 + b"\x00")]],
    form=[{}, [[]], [0], [None], b"", [Raw(b"\xd8\x10\x80")], [Raw(b"\xd0\x9f\xff")],
          [Raw(bytes.fromhex("d081a2020001 00"))]])
refuse_bytes(messages_ans, "nonce", "full", 4, n=32)
messages_ans.refuse_as("nonce", "full", 4, form=[True, None])

# ---- hashes and MACs over messages ---------------------------------------------------------------


def sha256(data):
    return hashlib.sha256(data).digest()


def hmac_sha256(key, data):
    return hmac.new(key, data, "sha256").digest()


TH1 = fill(32, 0x30)
IMA_FIELD = encode(evidence.taken["full"][0][7])
OTHERS = {
    "token_mac": hmac_sha256(fill(32, 0x80),
                             b"pawl/1 token" + sha256(encode(enrol_req.without("full", 10)))),
    "certify_nonce": sha256(encode(["pawl/1 certify", TENANT, fill(32, 6), b"\x00\x0c" + fill(48, 3),
                                    SHA256_NAME + fill(32, 4)])),
    "app_key_nonce": sha256(encode(["pawl/1 application key", TENANT, fill(32, 6), fill(32, 7)])),
    "os_boot": sha256(b"pawl/1 os boot" + b"6f3f4a0e-9d0b-4c11-8f0b-5a6d6c5a1b2c")[:8],
    "mac_base_ima": hmac_sha256(fill(32, 0x90), TH1 + sha256(IMA_FIELD)),
    "mac_base_no_ima": hmac_sha256(fill(32, 0x90), TH1 + sha256(b"")),
}
for name, data in OTHERS.items():
    (HERE / f"{name}.bin").write_bytes(data)

for message in [challenge_req, challenge_ans, enrol_req, enrol_ans, a1, evidence, supply, result,
                receipt, refusal, messages_req, messages_ans]:
    message.write()
    print(message.name, len(message.taken), "taken,", len(message.refused), "refused")
