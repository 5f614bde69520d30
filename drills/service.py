"""The reference service as a process of its own."""

from __future__ import annotations

import json
import ssl
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

from drills.processes import ENVIRONMENT, Process, free_port, running
from sandbox.cli.pins import REPO

HOST = "localhost"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the service answered."""

    status: int
    text: str
    headers: dict[str, str]

    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningService:
    """One that runs, asked over HTTPS with its name verified."""

    process: Process
    port: int
    bundle: Path

    @property
    def url(self) -> str:
        """Where it is."""
        return f"https://{HOST}:{self.port}"

    def ask(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Reply:
        """One request on a connection of its own."""
        context = ssl.create_default_context(cafile=str(self.bundle))
        connection = HTTPSConnection(HOST, self.port, timeout=15, context=context)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), dict(headers or {}))
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, answer.read().decode(), names)
        finally:
            connection.close()

    def is_ready(self) -> bool:
        """Whether it would take orders."""
        try:
            return self.ask("GET", "/health/ready").status == 200
        except OSError:
            return False


@contextmanager
def running_service(directory: Path, environment: Mapping[str, str], bundle: Path) -> Iterator[RunningService]:
    """Start it with this environment, and wait until it answers, ready or not."""
    port = free_port()
    own = ENVIRONMENT | {"LISTEN_ADDRESS": "127.0.0.1", "LISTEN_PORT": str(port)}

    def is_up() -> bool:
        try:
            return service.ask("GET", "/health/live").status == 200
        except OSError:
            return False

    service = RunningService(process=None, port=port, bundle=bundle)  # type: ignore[arg-type]
    command = [sys.executable, "-m", "service"]
    log = directory / f"service-{port}.log"
    with running("service", command, log, is_up=is_up, environment=own | dict(environment), directory=REPO) as process:
        yield RunningService(process=process, port=port, bundle=bundle)
