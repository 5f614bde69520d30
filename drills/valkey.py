"""Valkey (or Redis) as ElastiCache runs it: TLS only, a user of its own, no default user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from drills.certificates import Authority
from drills.processes import Process, answers, free_port, running, write
from drills.programs import Program

HOST: Final = "localhost"
USER: Final = "app"


@contextmanager
def running_valkey(
    program: Program, directory: Path, authority: Authority, password: str, port: int | None = None
) -> Iterator[tuple[Process, int]]:
    """The process and its port."""
    port = port or free_port()
    certificate, key = authority.issue("valkey", HOST)
    lines = (
        "bind 127.0.0.1",
        "port 0",
        f"tls-port {port}",
        f"tls-cert-file {certificate}",
        f"tls-key-file {key}",
        f"tls-ca-cert-file {authority.bundle}",
        "tls-auth-clients no",
        "maxmemory-policy volatile-lru",
        f"dir {directory}",
        'save ""',
        "user default off",
        f"user {USER} on >{password} ~* &* +@all -@admin -@dangerous",
    )
    configuration = write(directory / "valkey.conf", "\n".join(lines) + "\n")
    log = directory / "valkey.log"
    with running("Valkey", program.command(configuration), log, is_up=lambda: answers(port)) as process:
        yield process, port
