"""Puts a stack right after an operation that was interrupted: stale locks and pending operations."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Set
from pathlib import Path

from sandbox.cloud import Store

from .engine import Engine
from .stacks import STACKS, Stack
from .terminal import SandboxError, say
from .workspace import Workspace


def repair(engine: Engine) -> None:
    """Removes the locks of dead processes, then settles the steps that they left half done."""
    _unlock(engine)
    pending = engine.export().get("pending_operations") or []
    if not pending:
        return
    say(f"{engine.stack.name}: an operation was interrupted in {len(pending)} step(s); repairing the state")
    engine.settle()
    _remove_orphans(engine, {each["resource"]["type"] for each in pending if each["type"] == "creating"})


def restore_checkpoint(workspace: Workspace, stack: Stack) -> None:
    """Puts the last whole state back where a killed engine left half a file; Pulumi keeps it beside the new one."""
    state = Engine(workspace, stack).checkpoint
    if not state.exists():
        return
    try:
        json.loads(state.read_text())
    except json.JSONDecodeError:
        say(f"{stack.name}: the state was being written when the engine was killed; taking the one before")
        backup = state.with_name(f"{state.name}.bak")
        backup.replace(state) if backup.exists() else state.unlink()


def _remove_orphans(engine: Engine, types: Set[str]) -> None:
    """What was created in the instant before the end, and no state knows: an operator deletes it by hand."""
    every = (Engine(engine.workspace, stack) for stack in STACKS)
    known = {each.get("id") for other in every if other.exists() for each in other.resources()}
    store = Store(engine.workspace.store)
    for record in store.resources():
        if record.type in types and record.id not in known:
            say(f"{engine.stack.name}: removing what was left half made: {record.type} {record.id}")
            store.remove(record.region, record.type, record.id)


def _unlock(engine: Engine) -> None:
    locks = tuple(_locks(engine))
    if not locks:
        return
    for lock in locks:
        holder = json.loads(lock.read_text())
        if holder["hostname"] != socket.gethostname() or _alive(holder["pid"]):
            raise SandboxError(
                f"Stack {engine.stack.name} is locked by process {holder['pid']} on {holder['hostname']}, "
                f"since {holder['timestamp']}: wait until it is done, or end it."
            )
    say(f"{engine.stack.name}: removing the lock of an operation that died")
    engine.ask("cancel", "--yes", engine.stack.name, stack=False)


def _locks(engine: Engine) -> Iterator[Path]:
    locks = engine.workspace.state / ".pulumi" / "locks" / "organization"
    yield from (locks / engine.stack.project / engine.stack.name).glob("*.json")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # somebody else's
    status = Path(f"/proc/{pid}/stat")  # a zombie answers the signal too; where there is no /proc, so be it
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")
