"""The short summary at the end of `up`: what stands where, its endpoints, and what to try next."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from .engine import Engine
from .stacks import REGIONAL
from .terminal import console
from .up import Result
from .workspace import Workspace

_DONE = {"create": "created", "update": "updated", "delete": "deleted", "same": "unchanged"}
_WIDEST = 120


def print_summary(workspace: Workspace, results: Sequence[Result], seconds: float) -> None:
    """Print what stands where, the endpoints, and what to try next."""
    console.print()
    console.print(_stacks(workspace, results, seconds))
    _print_outputs(workspace)
    _next_steps(workspace.home)


def _stacks(workspace: Workspace, results: Sequence[Result], seconds: float) -> Table:
    table = Table(title="What stands where", title_justify="left")
    for heading in ("stack", "region", "role", "resources", "this run", "seconds"):
        table.add_column(heading, justify="right" if heading in ("resources", "seconds") else "left")
    for result in results:
        stack = result.stack
        resources = len(Engine(workspace, stack).resources())
        did = ", ".join(f"{count} {_DONE.get(verb, verb)}" for verb, count in result.changes.counts.items())
        region = str(workspace.setting(stack, "aws:region") or "")
        role = str(workspace.setting(stack, f"{stack.project}:role") or "")
        table.add_row(stack.name, region, role, str(resources), did, f"{result.seconds:.1f}")
    table.add_section()
    table.add_row("all", "", "", "", "", f"{seconds:.1f}")
    return table


def _print_outputs(workspace: Workspace) -> None:
    """As lines, not in a table: an endpoint must be copied in one piece."""
    for stack in REGIONAL:
        console.print(f"[italic]Outputs of {stack.name}[/]")
        for name, value in Engine(workspace, stack).outputs().items():
            if isinstance(value, str | int | float):
                console.print(f"  {name:<24} {_short(value)}", markup=False)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _WIDEST else f"{text[:_WIDEST]}..."


def _next_steps(home: Path) -> None:
    shown = os.path.relpath(home)
    shown = str(home) if shown.startswith("..") else shown
    steps = {
        f". {shown}/activate; cd {shown}": "and plain pulumi works on the sandbox",
        "pulumi preview -s primary": "a real diff",
        "pulumi stack output -s dr": "what the standby publishes",
        "python -m sandbox region off eu-central-1": "lose the primary region",
        "pulumi config set trading:role active -s dr": "promote the standby (in the sandbox's directory)",
        "pulumi up -s dr": "... which needs nothing of the lost region",
        "python -m sandbox log --region eu-central-1": "every API call that was addressed to it",
        "make sandbox-down": "tear everything down",
    }
    console.print("[italic]Try next[/]")
    for command, meaning in steps.items():
        console.print(f"  {command:<45} # {meaning}", markup=False)
