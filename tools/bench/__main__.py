"""`make bench`."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from sandbox.cli.terminal import SandboxError, console, say
from sandbox.cli.tools import acquire
from sandbox.cli.workspace import PROVIDERS

from .measure import Timing, interleaved, provider_start, registered, slowest_imports
from .programs import Programs, prepare

BAR = 1.3
OURS, FLAT, EMPTY, BARE = "ours", "flat", "empty program, same imports", "empty program, no imports"


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Counted rounds; each previews every program once.")] = 5,
) -> None:
    """Preview our program, a flat one with the same resources, and empty ones, in turn; compare."""
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
            programs = prepare(Path(scratch).resolve(), acquire())
            _compare(programs, rounds)
    except SandboxError as error:
        console.print(f"error: {error}", markup=False)
        raise typer.Exit(1) from error


def _compare(programs: Programs, rounds: int) -> None:
    _require_same(registered(programs.ours), registered(programs.flat))
    say(f"{programs.resources} resources, {rounds} interleaved rounds of previews of stacks never brought up")
    timings = interleaved(
        {OURS: programs.ours, FLAT: programs.flat, EMPTY: programs.empty, BARE: programs.bare}, rounds
    )
    ratio = timings[OURS].median / timings[FLAT].median
    console.print(_table(timings, programs.resources))
    _print_breakdown(programs, timings)
    verdict = f"ours is {ratio:.2f} x the flat program (bar: {BAR})"
    if ratio > BAR:
        raise SandboxError(verdict)
    say(verdict)


def _require_same(ours: Counter[str], flat: Counter[str]) -> None:
    if ours != flat:
        raise SandboxError(f"not the same resources: only ours {ours - flat}, only flat {flat - ours}")


def _table(timings: Mapping[str, Timing], resources: int) -> Table:
    table = Table(title="pulumi preview, seconds", title_justify="left")
    for heading in ("program", "min", "median", "max", "x flat", "ms per resource"):
        table.add_column(heading, justify="left" if heading == "program" else "right")
    floor = timings[EMPTY].median
    for name, timing in timings.items():
        each = 1000 * (timing.median - floor) / resources
        table.add_row(
            name,
            *(f"{value:.2f}" for value in (min(timing.seconds), timing.median, max(timing.seconds))),
            f"{timing.median / timings[FLAT].median:.2f}",
            f"{each:.2f}" if name in (OURS, FLAT) else "",
        )
    return table


def _print_breakdown(programs: Programs, timings: Mapping[str, Timing]) -> None:
    table = Table(title="Where the time goes", title_justify="left")
    table.add_column("part")
    table.add_column("seconds", justify="right")
    bare, empty, flat, ours = (timings[name].median for name in (BARE, EMPTY, FLAT, OURS))
    table.add_row("engine, language host, SDK (the bare program)", f"{bare:.2f}")
    table.add_row("the program's imports (empty - bare)", f"{empty - bare:.2f}")
    table.add_row("providers and registrations (flat - empty)", f"{flat - empty:.2f}")
    table.add_row("components, settings, outputs (ours - flat)", f"{ours - flat:.2f}")
    table.add_section()
    for package in PROVIDERS:
        seconds = provider_start(programs.ours.workspace, package)
        table.add_row(f"start of the {package} provider (in parallel with the program)", f"{seconds:.2f}")
    table.add_section()
    for package, seconds in slowest_imports(programs.empty.workspace.source / "__main__.py"):
        table.add_row(f"import {package}", f"{seconds:.2f}")
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
