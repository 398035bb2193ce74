#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves: `pawlctl store migrate sqlite-to-postgres` moves a verifier whose device, on a real
(software) TPM, attests, rekeys and exchanges messages on without noticing, and a consumer of the
feed goes on with its cursor. While a verifier serves the directory it is refused, and so is a
database that is not empty; one that was killed on the way left nothing there and is run again.

migrate.py AGENT VERIFIER PAWLCTL, as for survival.py. Exit code 77 where no PostgreSQL is."""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
SERVER = os.environ.get("PAWL_TEST_POSTGRES")
if not SERVER:
    for tool in ("swtpm", "tpm2_getcap", "openssl"):
        if not shutil.which(tool):
            print(f"skipped: no {tool}")
            sys.exit(77)
    # Once more, beside a PostgreSQL.
    os.environ["PAWL_MIGRATE_PROGRAMS"] = "\n".join(sys.argv[1:])
    runner = os.path.join(HERE, "..", "unit", "verifier", "with_postgres")
    os.execv(runner, [runner, os.path.abspath(__file__)])

from survival_world import World, make_authority

PROGRAMS = os.environ["PAWL_MIGRATE_PROGRAMS"].split("\n")


def psql(sql, database="postgres"):
    program = sorted(glob.glob("/usr/lib/postgresql/*/bin/psql"))[-1]
    return subprocess.run([program, "-X", "-A", "-t", "-d", f"{SERVER} dbname={database}", "-c",
                           sql], check=True, capture_output=True, text=True).stdout.strip()


def migrate(w, database, state="v", **inject):
    """By the name that a user has for it."""
    e = w.environment(inject)
    e["PATH"] = w.path("bin") + ":" + e["PATH"]
    return subprocess.run([PROGRAMS[2], "store", "migrate", "sqlite-to-postgres", "--state",
                           w.path(state), "--to", f"{SERVER} dbname={database}"],
                          capture_output=True, text=True, env=e, check=False)


def refused(done, why):
    assert done.returncode != 0 and why in done.stderr, done


def ini(w, state="v"):
    with open(w.path(state, "verifier.ini")) as f:
        return f.read()


def texts(w, after):
    page = w.operator("GET", f"messages?limit=1000&after={after}&type=message")
    return [x["text"] for x in page["messages"]], page["next"]


def killed_on_the_way(w):
    """At a table in the middle: all is as it was, and goes on."""
    before = ini(w)
    assert migrate(w, "first", at=5).returncode != 0
    assert psql("SELECT count(*) FROM device", "first") == "0"
    assert ini(w) == before and os.path.exists(w.path("v", "pawl.db"))
    assert not glob.glob(w.path("v", "*.migrated"))
    w.start_verifier()
    w.answered("attest")
    w.stop_verifier()
    print("ok: one that is killed leaves nothing that looks whole", flush=True)


def killed_at_the_end(w):
    """Of a copy: what has moved is not served by mistake, nor with an empty store."""
    shutil.copytree(w.path("v"), w.path("copy"), ignore=shutil.ignore_patterns("*.sock"))
    tables = int(psql("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
                      " AND relkind IN ('r', 'p') AND NOT relispartition AND relname NOT IN"
                      " ('schema_version', 'device_ak', 'feed_number', 'verifier', 'history')",
                      "first"))
    assert migrate(w, "second", "copy", at=tables + 2).returncode != 0
    done = subprocess.run([PROGRAMS[1], "serve", w.path("copy")], capture_output=True, text=True,
                          check=False, env=w.environment({}))
    refused(done, "verifier.ini needs store = postgres")
    assert not os.path.exists(w.path("copy", "pawl.db"))
    refused(migrate(w, "second"), "the database is not empty")
    print("ok: a file that has moved is not served, and nothing comes on top of it", flush=True)


def moves(w):
    done = migrate(w, "first")
    assert done.returncode == 0, done
    assert f"store = postgres\npostgres = {SERVER} dbname=first\n" in ini(w), ini(w)
    assert os.path.exists(w.path("v", "pawl.db.migrated"))
    assert not os.path.exists(w.path("v", "pawl.db"))
    refused(migrate(w, "first"), "is postgres already")


def run():
    with World(PROGRAMS) as w:
        os.mkdir(w.path("bin"))
        os.symlink(os.path.abspath(PROGRAMS[1]), w.path("bin", "pawl-verifier"))
        for name in ("first", "second"):
            psql(f"CREATE DATABASE {name}")
        w.start_verifier()
        w.enrol()
        w.exchange()
        seen, cursor = texts(w, "")
        assert seen
        refused(migrate(w, "first"), "a verifier serves it already")
        w.stop_verifier()

        killed_on_the_way(w)
        killed_at_the_end(w)
        moves(w)
        w.incidents = True  # which are asked for below: there is no file any more
        w.start_verifier()
        w.check()
        assert w.operator("GET", "incidents")["incidents"] == []
        new, _ = texts(w, cursor)
        assert new and not set(new) & set(seen), (new, seen)
        print("ok: the device and a consumer go on without noticing", flush=True)
        w.stop_verifier()


def main():
    home = tempfile.mkdtemp(prefix="pawl-migrate-")
    try:
        make_authority(os.path.join(home, "ca"))
        run()
    finally:
        shutil.rmtree(home)
    return 0


if __name__ == "__main__":
    sys.exit(main())
