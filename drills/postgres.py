"""PostgreSQL as the platform runs it: its parameters, TLS only, SCRAM only, and a master that is no superuser."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg

from components.database.logins import scram_verifier
from drills.certificates import Authority
from drills.processes import ENVIRONMENT, Process, free_port, give, running, until, write
from drills.programs import Program

DATABASE: Final = "trading"
MASTER: Final = "trading_admin"
REPLICATION: Final = "replication"

# Like RDS's master: makes roles and databases, hands pg_monitor on, and is no superuser.
_ROLES: Final = (
    f"CREATE ROLE {MASTER} LOGIN CREATEROLE CREATEDB PASSWORD '{{master}}'",
    f"GRANT pg_monitor TO {MASTER} WITH ADMIN OPTION",
    f"CREATE ROLE {REPLICATION} LOGIN REPLICATION PASSWORD '{{replication}}'",
    f"CREATE DATABASE {DATABASE} OWNER {MASTER}",
)

_HBA: Final = """
local   all          postgres                 trust
hostssl all          all         127.0.0.1/32 scram-sha-256
hostssl all          all         ::1/128      scram-sha-256
hostssl replication  replication 127.0.0.1/32 scram-sha-256
"""


class FailedError(Exception):
    """A program of PostgreSQL failed; the message is what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One PostgreSQL that runs. host: the name in its certificate, which leads to 127.0.0.1."""

    process: Process
    host: str
    port: int
    data: Path
    sockets: Path
    bundle: Path

    def connect(self, user: str, password: str, **more: Any) -> psycopg.Connection:
        """Straight to it, over TLS, its name verified; commits by itself."""
        arguments: dict[str, Any] = {
            "host": self.host,
            "hostaddr": "127.0.0.1",
            "port": self.port,
            "dbname": DATABASE,
            "user": user,
            "password": password,
            "sslmode": "verify-full",
            "sslrootcert": str(self.bundle),
            "autocommit": True,
        }
        return psycopg.connect(**arguments | more)

    def ask(self, query: str, *parameters: object) -> Any:
        """The first value of the first row, or None; asked by the superuser on the unix socket."""
        with psycopg.connect(
            host=str(self.sockets), port=self.port, user="postgres", dbname="postgres", autocommit=True
        ) as connection:
            cursor = connection.execute(query.encode(), parameters or None)
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None


class Cluster:
    """Makes a writer, and standbys of it."""

    def __init__(self, program: Program, directory: Path, authority: Authority, parameters: Mapping[str, str]) -> None:
        self._program = program
        self._directory = directory
        self._authority = authority
        self._parameters = parameters

    @contextmanager
    def writer(self, *, master_password: str, replication_password: str) -> Iterator[Server]:
        """A new cluster with the master and an empty database."""
        data = self._directory / "writer"
        self._run("initdb", "--pgdata", data, "--username=postgres", "--auth=trust", "--no-sync",
                  "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--encoding=UTF8")  # fmt: skip
        write(data / "pg_hba.conf", _HBA)
        with self._start("writer", data) as server:
            verifiers = {"master": master_password, "replication": replication_password}
            verifiers = {name: scram_verifier(password, os.urandom(16)) for name, password in verifiers.items()}
            for statement in _ROLES:
                server.ask(statement.format(**verifiers))
            yield server

    @contextmanager
    def standby(self, name: str, of: Server, *, replication_password: str) -> Iterator[Server]:
        """A copy of the writer that follows it under this name."""
        data = self._directory / name
        passfile = write(self._directory / f"{name}.pgpass", f"*:*:*:*:{replication_password}\n")
        source = (
            f"host={of.host} hostaddr=127.0.0.1 port={of.port} user={REPLICATION} passfile={passfile}"
            f" sslmode=verify-full sslrootcert={of.bundle} application_name={name}"
        )
        self._run("pg_basebackup", "--pgdata", data, "--dbname", source, "--write-recovery-conf", "--checkpoint=fast",
                  "--no-sync")  # fmt: skip
        with self._start(name, data) as server:
            found = "SELECT count(*) FROM pg_stat_replication WHERE application_name = %s AND state = 'streaming'"
            until(lambda: of.ask(found, name) == 1, 20, f"{name} follows its writer")
            yield server

    @contextmanager
    def _start(self, name: str, data: Path) -> Iterator[Server]:
        host, port = f"{name}.localhost", free_port()
        sockets = self._directory / f"{name}-socket"
        sockets.mkdir()
        give(sockets, 0o700)
        certificate, key = self._authority.issue(name, host)
        own = {
            "listen_addresses": "127.0.0.1,::1",  # pgBouncer takes either for *.localhost
            "port": str(port),
            "unix_socket_directories": str(sockets),
            "ssl": "on",
            "ssl_cert_file": str(certificate),
            "ssl_key_file": str(key),
            "cluster_name": name,
            "shared_buffers": "64MB",
            "wal_keep_size": "256MB",
        }
        lines = [f"{key} = '{value}'" for key, value in {**self._parameters, **own}.items()]
        write(data / "postgresql.conf", "\n".join(lines) + "\n")
        with running(
            f"PostgreSQL {name}",
            self._program.command("-D", data),
            self._directory / f"{name}.log",
            is_up=lambda: _is_ready(sockets, port),
            stop=signal.SIGQUIT,  # at once: its data goes with it
        ) as process:
            yield Server(
                process=process, host=host, port=port, data=data, sockets=sockets, bundle=self._authority.bundle
            )

    def _run(self, program: str, *arguments: str | Path) -> None:
        command = self._program.command(*arguments, beside=program)
        done = subprocess.run(command, cwd="/", env=ENVIRONMENT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise FailedError(f"{program}: {done.stderr.strip()}")


def make_synchronous(writer: Server, standby: str) -> None:
    """Let commits wait for this standby. After the copies: they would inherit it, and wait for themselves."""
    writer.ask(f"ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 ({standby})'")
    writer.ask("SELECT pg_reload_conf()")
    is_sync = "SELECT sync_state FROM pg_stat_replication WHERE application_name = %s"
    until(lambda: writer.ask(is_sync, standby) == "sync", 10, f"{standby} is synchronous")


def _is_ready(sockets: Path, port: int) -> bool:
    try:
        psycopg.connect(host=str(sockets), port=port, user="postgres", dbname="postgres").close()
    except psycopg.OperationalError:
        return False
    return True
