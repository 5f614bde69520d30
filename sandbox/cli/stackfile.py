"""Stack files: the committed ones are copied into the sandbox, where the user's own settings survive."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

Config = dict[str, Any]


def merge(base: Mapping[str, Any], committed: Mapping[str, Any], own: Mapping[str, Any]) -> Config:
    """Three ways, key by key: what the user set, added or removed stays; the rest follows the commit.

    `base` is the committed configuration as it was copied last time.
    """
    merged = dict(own)
    for key in (*base, *committed):
        untouched = own.get(key) == base.get(key)
        if untouched and key in committed:
            merged[key] = committed[key]
        elif untouched:
            merged.pop(key, None)
    return merged


def read(path: Path) -> dict[str, Any]:
    """The whole file; empty where there is none."""
    return yaml.safe_load(path.read_text()) or {} if path.exists() else {}


def read_config(path: Path) -> Config:
    """The configuration in the file."""
    return dict(read(path).get("config") or {})


def write_config(path: Path, config: Mapping[str, Any]) -> None:
    """Replaces the configuration and leaves the rest of the file (Pulumi's encryption salt) alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(read(path) | {"config": dict(config)}, sort_keys=False))
