"""Runs the real Pulumi engine on one stack of a workspace; its progress goes to the terminal as it is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .stacks import Stack
from .terminal import SandboxError
from .workspace import Workspace


@dataclass(frozen=True, slots=True)
class Changes:
    """What an operation did, as the engine counted it: {"same": 290, "update": 1}."""

    counts: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def unchanged(self) -> bool:
        """Whether the engine only found what it expected."""
        return not self.counts.keys() - {"same", "read"}


class EngineError(SandboxError):
    """The engine refused or failed; what it said is on the terminal already."""


@dataclass(frozen=True, slots=True)
class Engine:
    """`pulumi` for one stack."""

    workspace: Workspace
    stack: Stack

    def preview(self, *, policies: bool = True) -> Changes:
        """Shows what `up` would change, judged by the policies."""
        return self._operate("preview", *self._policy_pack(policies))

    def up(self, *, policies: bool = True) -> Changes:
        """Without its own preview: ours, with the policies, came before."""
        return self._operate("up", "--yes", "--skip-preview", *self._policy_pack(policies))

    def refresh(self) -> Changes:
        """Reads what is really there into the state."""
        return self._operate("refresh", "--yes", "--skip-preview")

    def settle(self) -> Changes:
        """Asks the providers what became of interrupted steps, and forgets creations that never ended."""
        return self._operate("refresh", "--yes", "--skip-preview", "--clear-pending-creates")

    def destroy(self) -> Changes:
        """With its preview: without one, dependents are deleted before a protected resource is met."""
        return self._operate("destroy", "--yes")

    def create(self) -> None:
        """Creates the stack if there is none."""
        self.ask("stack", "select", "--create", self.stack.name, stack=False)

    @property
    def checkpoint(self) -> Path:
        """The file that the local backend keeps the stack's state in."""
        return self.workspace.state / ".pulumi" / "stacks" / self.stack.project / f"{self.stack.name}.json"

    def exists(self) -> bool:
        """Whether the stack has a state."""
        return self.checkpoint.exists()

    def export(self) -> dict[str, Any]:
        """The stack's state; secrets stay encrypted."""
        return dict(json.loads(self.ask("stack", "export")).get("deployment") or {})

    def resources(self) -> list[dict[str, Any]]:
        """What the state holds, without Pulumi's own (stacks, providers, references)."""
        every = self.export().get("resources") or []
        return [each for each in every if not each["type"].startswith("pulumi:")]

    def outputs(self) -> dict[str, Any]:
        """The stack outputs; secrets masked."""
        return dict(json.loads(self.ask("stack", "output", "--json")))

    def remove(self) -> None:
        """Forgets the empty stack and its configuration."""
        self.ask("stack", "rm", "--yes")

    def plan(self) -> list[dict[str, Any]]:
        """A preview's steps, those that change nothing included."""
        return list(json.loads(self.ask("preview", "--json"))["steps"])

    def ask(self, *arguments: str, stack: bool = True) -> str:
        """A quick command: its answer, or an error with all that it said."""
        answer = subprocess.run(
            self._command(arguments, stack),
            cwd=self.workspace.project(self.stack),
            env=self.workspace.environment(),
            capture_output=True,
            text=True,
        )
        if answer.returncode:
            said = (answer.stderr + answer.stdout).strip()
            raise SandboxError(f"`pulumi {' '.join(arguments)}` failed for stack {self.stack.name}:\n{said}")
        return answer.stdout

    def _operate(self, verb: str, *options: str) -> Changes:
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as scratch, _interrupts_left_to_the_engine():
            log = Path(scratch) / "events"
            status = subprocess.run(
                self._command((verb, *options, f"--event-log={log}"), stack=True),
                cwd=self.workspace.project(self.stack),
                env=self.workspace.environment() | {"PULUMI_DEBUG_COMMANDS": "true"},  # unlocks --event-log
            ).returncode
            if status:
                raise EngineError(f"`pulumi {verb}` failed for stack {self.stack.name}: see above for the reason.")
            return Changes(_counts(log), time.monotonic() - started)

    def _command(self, arguments: tuple[str, ...], stack: bool) -> list[str]:
        # The wrapper by its path: a lookup would use the caller's PATH, not the sandbox's.
        command = [str(self.workspace.bin / "pulumi"), *arguments]
        return [*command, f"--stack={self.stack.name}"] if stack else command

    def _policy_pack(self, wanted: bool) -> tuple[str, ...]:
        return (f"--policy-pack={os.fspath(self.workspace.policies)}",) if wanted else ()


@contextmanager
def _interrupts_left_to_the_engine() -> Iterator[None]:
    """On Ctrl-C the engine ends its step and saves the state; Python would kill it after a quarter second."""
    previous = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


def _counts(log: Path) -> Mapping[str, int]:
    """From the engine's own event log: what it prints is for people and changes between versions."""
    for line in log.read_text().splitlines():
        if summary := json.loads(line).get("summaryEvent"):
            return dict(summary["resourceChanges"])
    return {}
