# SPDX-License-Identifier: Apache-2.0
"""Servers of PostgreSQL with their disks, for tests of what outlives one. Imported, never run;
where no PostgreSQL is installed the program ends with 77."""
import glob
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

BIN = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda p: int(p.split("/")[-2]))
if not BIN:
    print("skipped: PostgreSQL is not installed")
    sys.exit(77)
ROOT = pathlib.Path(tempfile.mkdtemp(prefix="pawl-e2e-postgres-", dir="/tmp"))
AS = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
if AS:
    shutil.chown(ROOT, "postgres")


def postgres(program, *args):
    return subprocess.run([*AS, f"{BIN[-1]}/{program}", *args], cwd=ROOT, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout


class Server:
    """One of several that share a directory of sockets, each by its port."""

    def __init__(self, port):
        self.port, self.data = port, ROOT / f"data{port}"
        self.conninfo = f"host={ROOT} port={port} user=pawl"

    def make(self):
        postgres("initdb", "-D", str(self.data), "-U", "pawl", "-A", "trust", "-E", "UTF8",
                 "--locale=C", "-N")
        self.start()
        self.ask("CREATE DATABASE pawl", "postgres")

    def start(self, *settings):
        options = f"-p {self.port} -c listen_addresses= -c unix_socket_directories={ROOT} " \
                  "-c max_connections=60 -c shared_buffers=32MB -c wal_receiver_status_interval=1"
        for setting in settings:
            options += f" -c {setting}"
        postgres("pg_ctl", "-D", str(self.data), "-s", "-w", "-l", f"{self.data}.log", "-o", options,
                 "start")

    def crash(self):
        postgres("pg_ctl", "-D", str(self.data), "-s", "-m", "immediate", "stop")

    def promote(self):
        postgres("pg_ctl", "-D", str(self.data), "-s", "-w", "promote")

    def copy_of(self, other):
        postgres("pg_basebackup", "-D", str(self.data), "-d",
                 f"{other.conninfo} application_name=s{self.port}", "-R", "-c", "fast", "-N")

    def wait_for_standby(self, other):
        """From here on nothing is acknowledged that `other` does not have."""
        self.ask(f"ALTER SYSTEM SET synchronous_standby_names = 's{other.port}'", "postgres")
        self.ask("SELECT pg_reload_conf()", "postgres")

    def is_synchronous(self):
        return self.ask("SELECT sync_state FROM pg_stat_replication", "postgres") == "sync"

    def ask(self, sql, database="pawl"):
        return postgres("psql", "-X", "-A", "-t", "-d", f"{self.conninfo} dbname={database}", "-c",
                        sql).strip()


def conninfo(*servers):
    """Of whichever takes writes."""
    return f"host={','.join([str(ROOT)] * len(servers))} port=" \
           f"{','.join(str(s.port) for s in servers)} user=pawl dbname=pawl"


def remove_all():
    for data in ROOT.glob("data*/postmaster.pid"):
        subprocess.run([*AS, f"{BIN[-1]}/pg_ctl", "-D", str(data.parent), "-s", "-m", "immediate",
                        "stop"], cwd=ROOT, check=False)
    shutil.rmtree(ROOT)
