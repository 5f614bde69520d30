"""Tears the sandbox down as an operator would: protection off by configuration, destroy, check."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from sandbox.cloud import Store

from .engine import Engine, EngineError
from .repair import repair, restore_checkpoint
from .stacks import BOOTSTRAP, DR, PRIMARY, STACKS, Stack
from .terminal import SandboxError, console, headline, say
from .up import is_standby
from .workspace import Workspace


def tear_down(workspace: Workspace, *, switch_on_regions: bool = False) -> None:
    """From any state: half built, interrupted, promoted, or never begun."""
    store = Store(workspace.store)
    _reach_all_regions(store, switch_on_regions)
    for stack in STACKS:
        restore_checkpoint(workspace, stack)
    stacks = [stack for stack in _order(workspace) if Engine(workspace, stack).exists()]
    if not stacks:
        say("no stack to tear down")
    for stack in stacks:
        repair(Engine(workspace, stack))
    for stack in stacks:
        if _is_protected(workspace, stack):
            _unprotect(workspace, stack)
    for stack in stacks:
        _destroy(workspace, stack)
    _verify(workspace, stacks, store)
    for stack in stacks:
        Engine(workspace, stack).remove()
    _clear(workspace)
    _report_retained(store)


def _order(workspace: Workspace) -> list[Stack]:
    """A standby before what it follows; the bootstrap outlives both."""
    return [*sorted((DR, PRIMARY), key=lambda stack: not is_standby(workspace, stack)), BOOTSTRAP]


def _is_protected(workspace: Workspace, stack: Stack) -> bool:
    """False when an earlier teardown came further: another `up` would build anew what it destroyed."""
    resources = Engine(workspace, stack).resources()
    switched_off = workspace.setting(stack, stack.protection) == "off"
    return any(each.get("protect") for each in resources) or bool(resources and not switched_off)


def _destroy(workspace: Workspace, stack: Stack) -> None:
    engine = Engine(workspace, stack)
    headline(f"{stack.name}: destroy")
    try:
        engine.destroy()
    except EngineError:
        # AWS's own protection may still be on where an earlier teardown was interrupted.
        say(f"{stack.name}: trying once more, from a state that is settled and unprotected")
        repair(engine)
        _unprotect(workspace, stack)
        engine.destroy()


def _unprotect(workspace: Workspace, stack: Stack) -> None:
    engine = Engine(workspace, stack)
    headline(f"{stack.name}: protection off")
    workspace.set(stack, stack.protection, "off")
    try:
        engine.up(policies=False)
    except EngineError:
        # A standby whose peer is gone already cannot read it. Promoted, it needs only what it has cached.
        if not (is_standby(workspace, stack) and workspace.setting(stack, f"{stack.project}:peer")):
            raise
        say(f"{stack.name}: its peer cannot be read; promoting it, so that it needs none")
        workspace.set(stack, f"{stack.project}:role", "active")
        engine.up(policies=False)


def _reach_all_regions(store: Store, switch_on: bool) -> None:
    for region in store.regions_off():
        if not switch_on:
            raise SandboxError(
                f"Region {region} is switched off: nothing in it can be deleted.\n"
                f"Switch it on: python -m sandbox region on {region} (or `down --switch-on-regions`)."
            )
        store.switch_on(region)
        say(f"switched on {region}")


def _verify(workspace: Workspace, stacks: Sequence[Stack], store: Store) -> None:
    for stack in stacks:
        if left := Engine(workspace, stack).resources():
            urns = ", ".join(each["urn"] for each in left)
            raise SandboxError(f"Stack {stack.name} still has {len(left)} resources: {urns}")
    if unknown := store.resources():
        names = [f"  - {each.type} {each.id} ({each.region or 'global'})" for each in unknown]
        raise SandboxError(
            f"The emulated AWS still holds {len(unknown)} resource(s) that no stack knows:\n"
            + "\n".join(names)
            + "\nTo throw the sandbox away as it is: python -m sandbox down --wipe"
        )


def _clear(workspace: Workspace) -> None:
    """Everything goes except the emulated AWS itself: what it retains would be there on AWS too."""
    for entry in workspace.home.iterdir():
        if entry.name.startswith(workspace.store.name):
            continue
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def _report_retained(store: Store) -> None:
    retained = store.retained()
    say("both states and the emulated AWS are empty" + (", except what AWS keeps too:" if retained else ""))
    for each in retained:
        console.print(f"  {each.kind}: {each.id} ({each.region})", markup=False)
