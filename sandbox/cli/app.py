"""`python -m sandbox`: the platform on the real Pulumi engine and an emulated AWS, with no account."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from ops.peer import PeerError
from sandbox.cloud import Store

from .down import tear_down
from .engine import EngineError
from .pins import REPO
from .summary import print_summary
from .terminal import SandboxError, console, say
from .tools import acquire
from .up import bring_up
from .workspace import Workspace

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
region_app = typer.Typer(no_args_is_help=True, help="Make a region unreachable, or reachable again.")
app.add_typer(region_app, name="region")

Home = Annotated[
    Path,
    typer.Option(envvar="TRADING_SANDBOX_HOME", help="Where the sandbox lives.", show_default=".sandbox"),
]
HOME = REPO / ".sandbox"


@app.command()
def up(
    home: Home = HOME,
    fresh_config: Annotated[
        bool, typer.Option(help="Copy the committed stack files anew: your settings in the sandbox are lost.")
    ] = False,
    expect_no_changes: Annotated[bool, typer.Option(help="Fail if anything changes.")] = False,
) -> None:
    """Build the bootstrap, the primary region and the DR region; again: report no changes.

    The committed stack files are copied into the sandbox. Later runs bring in what has changed in the
    committed files, key by key, and leave alone every key that you changed in the sandbox.
    """
    with _reported():
        started = time.monotonic()
        workspace = Workspace(home.resolve())
        workspace.prepare(acquire())
        results = bring_up(workspace, fresh_config=fresh_config)
        print_summary(workspace, results, time.monotonic() - started)
        changed = [result.stack.name for result in results if not result.changes.unchanged]
        if expect_no_changes and changed:
            raise SandboxError(f"Expected no changes, but these stacks changed: {', '.join(changed)}")


@app.command()
def down(
    home: Home = HOME,
    switch_on_regions: Annotated[bool, typer.Option(help="Switch regions on that are off.")] = False,
    wipe: Annotated[bool, typer.Option(help="Throw everything away, destroying nothing first.")] = False,
) -> None:
    """Turn protection off, destroy dr, primary and the bootstrap, and check that nothing is left."""
    with _reported():
        workspace = Workspace(home.resolve())
        if wipe and workspace.home.exists() and not workspace.store.exists():
            raise SandboxError(f"{workspace.home} holds no emulated AWS, so it is no sandbox: nothing was removed")
        if wipe:
            shutil.rmtree(workspace.home, ignore_errors=True)
            say(f"removed {workspace.home}")
        elif not workspace.home.exists():
            say("there is no sandbox: nothing to tear down")
        else:
            workspace.prepare(acquire())
            try:
                tear_down(workspace, switch_on_regions=switch_on_regions)
            except EngineError as error:
                hint = "To throw the sandbox away as it is: python -m sandbox down --wipe"
                raise SandboxError(f"{error}\n{hint}") from error


@region_app.command("off")
def region_off(region: str, home: Home = HOME) -> None:
    """Every call to the region fails from now on, as an endpoint time-out does."""
    _store(home).switch_off(region)
    say(f"{region} is off")


@region_app.command("on")
def region_on(region: str, home: Home = HOME) -> None:
    """The region answers again."""
    _store(home).switch_on(region)
    say(f"{region} is on")


@app.command()
def regions(home: Home = HOME) -> None:
    """The regions that are switched off."""
    off = _store(home).regions_off()
    say(f"switched off: {', '.join(off)}" if off else "every region is on")


@app.command()
def log(
    home: Home = HOME,
    region: Annotated[str | None, typer.Option(help="Only calls addressed to this region.")] = None,
    clear: Annotated[bool, typer.Option(help="Empty the log.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per call.")] = False,
) -> None:
    """Every API operation that the emulated AWS was asked for."""
    store = _store(home)
    if clear:
        store.clear_operations()
        say("the operation log is empty")
        return
    operations = [each for each in store.operations() if region in (None, each.region)]
    if as_json:
        for each in operations:
            sys.stdout.write(json.dumps(asdict(each)) + "\n")
        return
    table = Table("time", "region", "service", "operation", "type", "id", "error")
    for each in operations:
        when = datetime.fromtimestamp(each.time, UTC).strftime("%H:%M:%S")
        table.add_row(when, each.region, each.service, each.operation, each.type, each.id, each.error)
    console.print(table)


@contextmanager
def _reported() -> Iterator[None]:
    """What the user can set right is one clear message, never a traceback."""
    try:
        yield
    except (SandboxError, PeerError) as error:
        console.print("[bold red]error[/]", end=" ")
        console.print(str(error), markup=False)
        raise typer.Exit(1) from error


def _store(home: Path) -> Store:
    workspace = Workspace(home.resolve())
    if not workspace.store.exists():
        console.print(f"[bold red]error[/] there is no sandbox in {workspace.home}: run `make sandbox` first")
        raise typer.Exit(1)
    return Store(workspace.store)
