"""tools.toml, typed."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class PulumiPin:
    """How the Pulumi CLI is found, installed or built."""

    version: str
    minimum: str
    command: str
    installer: str
    module: str
    package: str


def pulumi_pin() -> PulumiPin:
    """The entry for the Pulumi CLI."""
    tools = tomllib.loads((REPO / "sandbox" / "tools.toml").read_text())["tools"]
    return PulumiPin(**tools["pulumi"])


def cache_directory() -> Path:
    """Per user and outside the clone: a second clone need not build anything again."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).resolve() / "trading-platform"
