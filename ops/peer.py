"""`make peer`: caches what the standby stack knows of its peer in that stack's own configuration.

While all is well the standby reads its peer through a StackReference and publishes what it read as the
output `peer`. A promotion must not need the other region, so an active stack reads only the copy that this
command wrote to `<project>:peer`. It works wherever `pulumi` works: on the sandbox or on AWS.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

OUTPUT = "peer"


class PeerError(Exception):
    """The peer could not be cached; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Change:
    """One cached value that was not what the standby sees."""

    name: str
    old: Any
    new: Any

    def __str__(self) -> str:
        return f"{self.name}: {_shown(self.old)} -> {_shown(self.new)}"


def cache_peer(stack: str, directory: Path, environment: Mapping[str, str] | None = None) -> tuple[Change, ...]:
    """Makes the configuration equal to the output; returns what had to change."""

    def pulumi(*arguments: str) -> str:
        # A list, never a shell line: values are passed as they are.
        command = ["pulumi", *arguments, "--stack", stack, "--non-interactive"]
        try:
            answer = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True)
        except FileNotFoundError as error:
            hint = "install the Pulumi CLI; for the sandbox: `. .sandbox/activate` first"
            raise PeerError(f"No `pulumi` on PATH, or no directory {directory}: {hint}.") from error
        if answer.returncode:
            what = f"`pulumi {' '.join(arguments[:2])}`"
            raise PeerError(f"{what} failed for stack {stack}: {answer.stderr.strip()}")
        return answer.stdout

    outputs = json.loads(pulumi("stack", "output", "--json"))
    if OUTPUT not in outputs:
        raise PeerError(
            f"Stack {stack} has no output `{OUTPUT}`: only a standby that was brought up publishes it.\n"
            f"Run `pulumi up -s {stack}` with role: standby first, or name the standby stack with --stack."
        )
    key, cached = _cached(json.loads(pulumi("config", "--json")))
    new, old = dict(_leaves(outputs[OUTPUT])), dict(_leaves(cached))
    changed = {path: value for path, value in new.items() if path not in old or old[path] != value}
    if changed:
        values = [f"--plaintext={key}{path}={_text(value)}" for path, value in changed.items()]
        pulumi("config", "set-all", "--path", *values)
    for path, value in changed.items():
        if isinstance(value, str) and _reads_as_another_type(value):
            pulumi("config", "set", "--path", "--type", "string", f"{key}{path}", value)
    stale = sorted(old.keys() - new.keys(), reverse=True)  # the last item of a list first
    for path in stale:
        pulumi("config", "rm", "--path", f"{key}{path}")
    return tuple(Change(path.lstrip("."), old.get(path), new.get(path)) for path in (*changed, *stale))


def _cached(config: Mapping[str, Any]) -> tuple[str, Any]:
    """The full key, whose namespace is the project, and what is cached under it now."""
    for key in config:
        if key.endswith(f":{OUTPUT}Stack"):
            return (own := key.removesuffix("Stack")), config.get(own, {}).get("objectValue", {})
    raise PeerError(
        "This stack has no `peerStack` in its configuration: it follows nobody, so there is no peer to cache."
    )


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every plain value with its path as `pulumi config set --path` writes it."""
    match value:
        case dict() if value:
            for key, each in value.items():
                yield from _leaves(each, f"{path}.{key}" if key.isidentifier() else f'{path}["{key}"]')
        case list() if value:
            for index, each in enumerate(value):
                yield from _leaves(each, f"{path}[{index}]")
        case dict() | list() | None:
            return
        case _:
            yield path, value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _reads_as_another_type(text: str) -> bool:
    """With a path Pulumi takes text for what it looks like: an account id would become a number."""
    return text in ("true", "false") or text.removeprefix("-").isdecimal()


def _shown(value: Any) -> str:
    return "(nothing)" if value is None else json.dumps(value)


def main(
    stack: Annotated[str, typer.Option(help="The standby stack.")] = "dr",
    cwd: Annotated[Path, typer.Option(help="The directory of the Pulumi project.")] = Path(),
) -> None:
    """Copy the standby's output `peer` into its own configuration, for the day it is promoted."""
    console = Console(highlight=False, soft_wrap=True)
    try:
        changes = cache_peer(stack, cwd)
    except PeerError as error:
        console.print(f"[bold red]error[/] {error}")
        raise typer.Exit(1) from error
    for change in changes:
        console.print(f"{stack}: {change}", markup=False)
    console.print(f"{stack}: the peer cache {'is fresh now' if changes else 'was fresh already'}", markup=False)


if __name__ == "__main__":
    typer.run(main)
