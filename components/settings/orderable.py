"""What RDS for PostgreSQL and ElastiCache for Valkey can be ordered as.

The figures lie beside this file (see tools/orderable.py).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any


def versions() -> tuple[str, ...]:
    """Versions with their minor, oldest first."""
    return tuple(_figures()["versions"])


def instance_classes(region: str) -> frozenset[str]:
    """Instance classes that a region offers; none for a region that the platform does not support."""
    return frozenset(_figures()["classes"].get(region, ()))


def cache_versions() -> tuple[str, ...]:
    """Versions of Valkey, oldest first."""
    return tuple(_figures()["cacheVersions"])


def cache_node_types(region: str) -> frozenset[str]:
    """ElastiCache node types that a region offers; none for a region that the platform does not support."""
    return frozenset(_figures()["cacheNodeTypes"].get(region, ()))


def family_hint(name: str, offered: frozenset[str]) -> str:
    """For an error: what of a name's family is on offer instead; empty where nothing is."""
    family = ".".join(name.split(".")[:2])
    others = sorted(other for other in offered if other.startswith(f"{family}."))
    return f"; of {family} it offers {', '.join(others)}" if others else ""


@cache
def _figures() -> dict[str, Any]:
    figures: dict[str, Any] = json.loads((Path(__file__).parent / "orderable.json").read_text())
    return figures
