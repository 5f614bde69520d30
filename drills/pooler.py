"""pgBouncer on the file that the platform renders, unmodified."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from components.app_tier.pgbouncer import Pooler, PoolerFiles, hba_conf, pgbouncer_ini, userlist
from drills.certificates import Authority
from drills.processes import Process, answers, give, running, write
from drills.programs import Program

HOST = "localhost"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningPooler:
    """One pgBouncer that runs, and what it was rendered from."""

    process: Process
    pooler: Pooler
    bundle: Path

    @property
    def port(self) -> int:
        """On 127.0.0.1."""
        return self.pooler.listen_port

    def connect(self, user: str, password: str, **more: Any) -> psycopg.Connection:
        """As the service does: over TLS, its name verified; commits by itself."""
        arguments: dict[str, Any] = {
            "host": HOST,
            "hostaddr": "127.0.0.1",
            "port": self.port,
            "dbname": self.pooler.database_name,
            "user": user,
            "password": password,
            "sslmode": "verify-full",
            "sslrootcert": str(self.bundle),
            "autocommit": True,
        }
        return psycopg.connect(**arguments | more)

    def console(self, user: str, password: str) -> psycopg.Connection:
        """pgBouncer's own database, on the unix socket; it speaks the simple protocol only."""
        return psycopg.connect(
            host=self.pooler.socket_directory,
            port=self.port,
            dbname="pgbouncer",
            user=user,
            password=password,
            autocommit=True,
            prepare_threshold=None,
            cursor_factory=psycopg.ClientCursor,
        )

    def reload(self) -> None:
        """Read every file anew."""
        self.process.tell(signal.SIGHUP)


def files(directory: Path, authority: Authority, *, server_ca: Path, passwords: Mapping[str, str]) -> PoolerFiles:
    """Write what pgBouncer reads besides its ini."""
    certificate, key = authority.issue("pooler", HOST)
    sockets = directory / "pooler-socket"
    sockets.mkdir()
    give(sockets)
    return PoolerFiles(
        hba=str(write(directory / "pooler-hba.conf", hba_conf())),
        users=str(write(directory / "pooler-users.txt", userlist(passwords))),
        tls_certificate=str(certificate),
        tls_key=str(key),
        server_ca=str(server_ca),
        sockets=str(sockets),
    )


@contextmanager
def running_pooler(program: Program, directory: Path, pooler: Pooler, bundle: Path) -> Iterator[RunningPooler]:
    """Start one process."""
    sockets = Path(pooler.socket_directory)
    if not sockets.exists():
        sockets.mkdir()
        give(sockets)
    name = f"pgbouncer-{pooler.process}"
    ini = write(directory / f"{name}.ini", pgbouncer_ini(pooler))
    socket = sockets / f".s.PGSQL.{pooler.listen_port}"
    with running(
        name,
        program.command(ini),
        directory / f"{name}.log",
        is_up=lambda: socket.exists() and answers(pooler.listen_port),
        stop=signal.SIGQUIT,  # at once: SIGTERM waits for its clients
    ) as process:
        yield RunningPooler(process=process, pooler=pooler, bundle=bundle)
