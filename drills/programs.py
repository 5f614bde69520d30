"""The real programs: those on PATH if they are new enough, else those of one Debian suite in the user's cache.

PostgreSQL and pgBouncer refuse to run as root. For root they run as nobody, for anyone else as that user, in the
cached tree through a mount namespace, which needs no rights where user namespaces are allowed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from drills import tree
from sandbox.cli.pins import REPO

NOBODY: Final = 65_534

_VERSION: Final = re.compile(r"\b(\d+(?:\.\d+)+|\d+)\b")


class UnavailableError(Exception):
    """Why the programs cannot be had on this machine."""


def runs_as() -> tuple[int, int]:
    """User and group of every program."""
    return (NOBODY, NOBODY) if os.geteuid() == 0 else (os.geteuid(), os.getegid())


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One program: how it is started, where its directory is, and what it is."""

    name: str
    prefix: tuple[str, ...]
    binary: Path
    version: str
    pinned: str
    origin: str

    def command(self, *arguments: str | Path, beside: str | None = None) -> list[str]:
        """The command line; `beside` names another program of the same directory."""
        binary = self.binary if beside is None else self.binary.with_name(beside)
        return [*self.prefix, str(binary), *map(str, arguments)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """All that a data path consists of."""

    postgres: Program
    pgbouncer: Program
    valkey: Program

    def describe(self) -> str:
        """What was found, and what was there when the pins were written."""
        return "\n".join(
            f"{each.name} {each.version} (pinned {each.pinned}), {each.origin}"
            for each in (self.postgres, self.pgbouncer, self.valkey)
        )


def acquire() -> Programs:
    """Find or fetch them. Raises UnavailableError with the reason of each way that failed."""
    pins = tomllib.loads((REPO / "sandbox" / "tools.toml").read_text())["tools"]
    return Programs(**{name: _acquire(name, pins) for name in ("postgres", "pgbouncer", "valkey")})


def _acquire(name: str, pins: dict[str, Any]) -> Program:
    pin, suite = pins[name], pins["dataplane"]
    user, group = runs_as()
    found = []
    for binary in _on_path(pin["commands"], pin["places"]):
        version = _version([str(binary), "--version"])
        if _number(version) >= _number(pin["minimum"]):
            as_user = ("setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups")
            lowered: tuple[str, ...] = as_user if os.geteuid() == 0 else ()
            pinned = pin["version"]
            return Program(name=name, prefix=lowered, binary=binary, version=version, pinned=pinned, origin=str(binary))
        found.append(f"{binary} is {version or 'of no known version'}, older than {pin['minimum']}")
    try:
        root = tree.provide(suite["suite"], suite["packages"], Path(suite["keyring"]), user=user, group=group)
    except tree.UnavailableError as reason:
        raise UnavailableError(f"{name}: {'; '.join(found) or 'not on PATH'}; {reason}") from reason
    prefix = tree.enter(root, user=user, group=group)
    places = [Path(place) / command for place in pin["places"] for command in pin["commands"]]
    inside = next((place for place in places if (root / place.relative_to("/")).exists()), places[0])
    version = _version([*prefix, str(inside), "--version"])
    if _number(version) < _number(pin["minimum"]):
        raise UnavailableError(f"{name}: {suite['suite']} has {version or 'none'}, older than {pin['minimum']}")
    origin = f"from {suite['suite']}"
    return Program(name=name, prefix=prefix, binary=inside, version=version, pinned=pin["version"], origin=origin)


def _on_path(commands: Sequence[str], places: Sequence[str]) -> list[Path]:
    path = os.pathsep.join([*os.get_exec_path(), *places])
    # Resolved: PostgreSQL looks for its other programs beside itself.
    return [Path(found).resolve() for command in commands if (found := shutil.which(command, path=path))]


def _version(command: list[str]) -> str:
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = _VERSION.search(answer)
    return found[1] if found else ""


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part)
