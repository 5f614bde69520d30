"""Brings the sandbox up: bootstrap, then the active region, then the standby, then the peer cache."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ops.peer import cache_peer
from sandbox.cloud import Store

from .engine import Changes, Engine
from .repair import repair, restore_checkpoint
from .stacks import BOOTSTRAP, REGIONAL, STACKS, Stack
from .terminal import SandboxError, headline, say
from .workspace import HOSTED_ZONE, Workspace, account_values


@dataclass(frozen=True, slots=True)
class Result:
    """What one stack's `up` did."""

    stack: Stack
    changes: Changes
    seconds: float


def bring_up(workspace: Workspace, *, fresh_config: bool = False) -> tuple[Result, ...]:
    """Previews with the policies and applies, stack by stack. May be repeated; then nothing changes."""
    _require_all_regions(workspace)
    for stack in STACKS:
        restore_checkpoint(workspace, stack)
    workspace.configure(BOOTSTRAP, account_values(BOOTSTRAP), fresh=fresh_config)
    bootstrap = _apply(workspace, BOOTSTRAP)
    outputs = Engine(workspace, BOOTSTRAP).outputs()
    for stack in REGIONAL:
        workspace.configure(stack, account_values(stack, outputs.get(HOSTED_ZONE)), fresh=fresh_config)
    results = [bootstrap]
    for stack in sorted(REGIONAL, key=lambda stack: is_standby(workspace, stack)):
        results.append(_apply(workspace, stack))
        if is_standby(workspace, stack):
            _cache_peer(workspace, stack)
    return tuple(sorted(results, key=lambda result: STACKS.index(result.stack)))


def is_standby(workspace: Workspace, stack: Stack) -> bool:
    """A standby reads its peer, so it comes up after it and goes before it."""
    return bool(workspace.setting(stack, f"{stack.project}:role") == "standby")


def _apply(workspace: Workspace, stack: Stack) -> Result:
    engine = Engine(workspace, stack)
    started = time.monotonic()
    for key, value in workspace.own_settings(stack).items():
        if key not in (f"{stack.project}:peer",):
            say(f"{stack.name}: your own setting {key}: {value}")
    engine.create()
    repair(engine)
    headline(f"{stack.name}: preview with the policies")
    engine.preview()
    headline(f"{stack.name}: up")
    changes = engine.up()
    return Result(stack, changes, time.monotonic() - started)


def _cache_peer(workspace: Workspace, stack: Stack) -> None:
    for change in cache_peer(stack.name, workspace.project(stack), workspace.environment()):
        say(f"{stack.name}: peer cache: {change}")


def _require_all_regions(workspace: Workspace) -> None:
    if off := Store(workspace.store).regions_off():
        raise SandboxError(
            f"Switched off: {', '.join(off)}. Nothing can be built there.\n"
            + "\n".join(f"Switch on: python -m sandbox region on {region}" for region in off)
        )
