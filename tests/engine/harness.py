"""What the engine tests do with a sandbox."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from sandbox.cli.engine import Engine
from sandbox.cli.pins import REPO
from sandbox.cli.stacks import BOOTSTRAP, DR, PRIMARY
from sandbox.cli.workspace import Workspace
from sandbox.cloud import Store


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A sandbox, driven as a user drives one."""

    workspace: Workspace

    @property
    def store(self) -> Store:
        return Store(self.workspace.store)

    @property
    def bootstrap(self) -> Engine:
        return Engine(self.workspace, BOOTSTRAP)

    @property
    def primary(self) -> Engine:
        return Engine(self.workspace, PRIMARY)

    @property
    def dr(self) -> Engine:
        return Engine(self.workspace, DR)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`python -m sandbox`, as a user types it."""
        return subprocess.run(self._command(*arguments), cwd=REPO, capture_output=True, text=True)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """The same, not waited for, in a session of its own that can be killed."""
        quiet = subprocess.DEVNULL
        return subprocess.Popen(self._command(*arguments), cwd=REPO, stdout=quiet, stderr=quiet, start_new_session=True)

    def pulumi(self, line: str) -> subprocess.CompletedProcess[str]:
        """A line in a shell that sourced `activate`, as a user types it."""
        script = f'. "{self.workspace.home}/activate" && cd "{self.workspace.home}" && {line}'
        return subprocess.run(["sh", "-c", script], capture_output=True, text=True)

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "sandbox", *arguments, f"--home={self.workspace.home}"]


def kill(process: subprocess.Popen[bytes]) -> None:
    """As a power cut does: the engine, its plugins and the program, all in the session that `start` opened."""
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # gone meanwhile
        if int(fields[3]) == process.pid:
            os.kill(int(status.parent.name), signal.SIGKILL)
    process.wait()
