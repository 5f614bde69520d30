"""The programs that are compared, each in a sandbox of its own with a stack that was never brought up."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.cli.engine import Engine
from sandbox.cli.pins import REPO
from sandbox.cli.stacks import BOOTSTRAP, PRIMARY
from sandbox.cli.tools import Cli
from sandbox.cli.workspace import HOSTED_ZONE, Workspace, account_values

from .flat import empty_program, flat_program


@dataclass(frozen=True, slots=True)
class Programs:
    """Engines that preview the same resources from a different program."""

    ours: Engine
    flat: Engine
    empty: Engine
    bare: Engine
    resources: int


def prepare(directory: Path, cli: Cli) -> Programs:
    """Brings the primary up once, to learn its resources, then writes the other programs from its state."""
    model, values = _model(directory, cli)
    resources = [each for each in model if not each["type"].startswith("pulumi:")]

    def engine(name: str, program: str | None) -> Engine:
        source = REPO if program is None else _source(directory / f"{name}-program", program)
        workspace = Workspace(directory / name, source)
        workspace.prepare(cli)
        workspace.configure(PRIMARY, values)
        engine = Engine(workspace, PRIMARY)
        engine.create()
        return engine

    return Programs(
        ours=engine("ours", None),
        flat=engine("flat", flat_program(resources)),
        empty=engine("empty", _on_path(empty_program(resources))),
        bare=engine("bare", ""),
        resources=sum(bool(each.get("custom")) for each in resources),
    )


def _model(directory: Path, cli: Cli) -> tuple[list[dict[str, Any]], Mapping[str, Any]]:
    workspace = Workspace(directory / "model")
    workspace.prepare(cli)
    bootstrap, primary = Engine(workspace, BOOTSTRAP), Engine(workspace, PRIMARY)
    workspace.configure(BOOTSTRAP, account_values(BOOTSTRAP))
    bootstrap.create()
    bootstrap.up(policies=False)
    values = account_values(PRIMARY, bootstrap.outputs().get(HOSTED_ZONE))
    workspace.configure(PRIMARY, values)
    primary.create()
    primary.up(policies=False)
    shown = json.loads(primary.ask("stack", "export", "--show-secrets"))
    return list(shown["deployment"]["resources"]), values


def _source(directory: Path, program: str) -> Path:
    """A project like ours around another program: the same settings, so the same provider."""
    directory.mkdir()
    for file in ("Pulumi.yaml", f"Pulumi.{PRIMARY.name}.yaml"):
        shutil.copy(REPO / file, directory / file)
    (directory / "__main__.py").write_text(program)
    return directory


def _on_path(program: str) -> str:
    return f"import sys\nsys.path.insert(0, {str(REPO)!r})\n{program}"
