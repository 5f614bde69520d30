"""Gets a Pulumi CLI: on PATH, then in the cache, then by Pulumi's installer, then by a pinned Go build."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from semver import VersionInfo

from . import build, install
from .pins import PulumiPin, pulumi_pin
from .terminal import SandboxError, say

LANGUAGE_HOST = "pulumi-language-python"


class UnavailableError(Exception):
    """Why one of the ways leads nowhere on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cli:
    """A usable Pulumi CLI."""

    binary: Path
    version: str
    stand_in: bool
    """True for our own Go build, which has no Python language host; an official CLI's is never shadowed."""


Way = Callable[[PulumiPin], Cli]


def on_path(pin: PulumiPin) -> Cli:
    """An official installation, new enough and complete."""
    path = _foreign_path()
    found = shutil.which(pin.command, path=path)
    if found is None:
        raise UnavailableError(f"no `{pin.command}` on PATH")
    version = _version(found)
    if version is None or VersionInfo.parse(version) < VersionInfo.parse(pin.minimum):
        raise UnavailableError(f"{found} is version {version or 'unknown'}, older than {pin.minimum}")
    beside = Path(found).resolve().parent / LANGUAGE_HOST
    if not beside.exists() and not shutil.which(LANGUAGE_HOST, path=path):
        raise UnavailableError(f"{found} has no {LANGUAGE_HOST} beside it: not a complete installation")
    # The path as found, not as resolved: version managers put a shim there that must keep its name.
    return Cli(binary=Path(found), version=version, stand_in=False)


def cached(pin: PulumiPin) -> Cli:
    """What an earlier run installed or built."""
    for binary, stand_in in ((install.binary(pin), False), (build.binary(pin), True)):
        if binary.exists():
            return Cli(binary=binary, version=pin.version, stand_in=stand_in)
    raise UnavailableError("nothing cached yet")


def installed(pin: PulumiPin) -> Cli:
    """Pulumi's own installer, into the cache."""
    say(f"installing Pulumi {pin.version} with Pulumi's installer …")
    try:
        return Cli(binary=install.run(pin), version=pin.version, stand_in=False)
    except subprocess.SubprocessError as error:
        raise UnavailableError(install.reason(error)) from error


def built(pin: PulumiPin) -> Cli:
    """The pinned Go module, compiled into the cache."""
    if shutil.which("go") is None:
        raise UnavailableError("no `go` on PATH")
    say(f"building Pulumi {pin.version} from its Go modules (about two minutes, once per user) …")
    try:
        return Cli(binary=build.run(pin), version=pin.version, stand_in=True)
    except (subprocess.SubprocessError, OSError) as error:
        raise UnavailableError(f"the build failed: {build.reason(error)}") from error


WAYS: Mapping[str, Way] = {
    "on PATH": on_path,
    "in the cache": cached,
    "Pulumi's installer": installed,
    "a Go build": built,
}


def acquire(ways: Mapping[str, Way] = WAYS) -> Cli:
    """The first way that works. Each step that fails is announced; when all do, one error names them."""
    pin = pulumi_pin()
    failures: list[str] = []
    for name, way in ways.items():
        try:
            cli = way(pin)
        except UnavailableError as reason:
            failures.append(f"{name}: {reason}")
            say(f"Pulumi CLI {name}: {reason}")
            continue
        say(f"Pulumi CLI {cli.version} ({name}): {cli.binary}")
        return cli
    raise SandboxError(
        f"No Pulumi CLI can be had (wanted: {pin.minimum} or later).\n"
        + "\n".join(f"  - {failure}" for failure in failures)
        + "\nDo one of these: put an official `pulumi` on PATH; let this machine reach Pulumi's download"
        + " site; or put `go` on PATH and let it reach a Go module proxy (GOPROXY)."
    )


def _foreign_path() -> str:
    """PATH without the sandbox's own directory, which an activated shell has in front."""
    own = Path(os.environ.get("TRADING_SANDBOX_HOME", "/nonexistent")) / "bin"
    return os.pathsep.join(each for each in os.get_exec_path() if Path(each) != own)


def _version(binary: str) -> str | None:
    environment = os.environ | {"PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        answer = subprocess.run([binary, "version"], env=environment, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = answer.stdout.strip().removeprefix("v")
    return version if VersionInfo.is_valid(version) else None
