"""Writes components/settings/orderable.json: what RDS for PostgreSQL and ElastiCache for
Valkey can be ordered as.

The figures are AWS's, as cfn-lint collects them from AWS's APIs. The program reads this small
extract because the whole collection takes longer to load than the rest of a preview.

    python -m tools.orderable
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from components.regions import ZONE_IDS

TARGET: Final = Path(__file__).parent.parent / "components" / "settings" / "orderable.json"
CACHE: Final = "aws_elasticache_cachecluster"
MAJOR_VERSIONS: Final = ("17", "18")


def _schema(name: str, of: str = "aws_rds_dbinstance") -> dict[str, Any]:
    source = files(f"cfnlint.data.schemas.extensions.{of}").joinpath(name)
    schema: dict[str, Any] = json.loads(source.read_text())
    return schema


def _concerns_postgres(condition: dict[str, Any]) -> bool:
    engine = condition["if"]["properties"].get("Engine", {})
    return "postgres" in (engine.get("const"), *engine.get("enum", ()))


def versions() -> list[str]:
    """PostgreSQL versions that RDS offers: majors and minors."""
    found = [
        version
        for condition in _schema("engine_version.json")["allOf"]
        if _concerns_postgres(condition)
        for version in condition["then"]["properties"].get("EngineVersion", {}).get("enum", [])
    ]
    return sorted({v for v in found if v.split(".")[0] in MAJOR_VERSIONS and "." in v}, key=_numeric)


def _names(conditions: Iterable[dict[str, Any]]) -> set[str]:
    return {name for found in conditions for name in found["then"]["properties"]["DBInstanceClass"]["enum"]}


def classes_of_version(version: str) -> set[str]:
    """Instance classes that take a version of PostgreSQL, in whatever region."""
    return _names(
        condition
        for condition in _schema("db_instance_class.json")["allOf"]
        if _concerns_postgres(condition)
        and re.search(condition["if"]["properties"].get("EngineVersion", {}).get("pattern", "^$"), version)
    )


def classes_of_region(region: str) -> set[str]:
    """Instance classes that RDS offers for PostgreSQL in a region, in whatever version."""
    conditions = _schema("dbinstanceclass_enum.json")[region]["allOf"]
    return _names(condition for condition in conditions if _concerns_postgres(condition))


def cache_versions() -> list[str]:
    """Versions of Valkey that ElastiCache offers."""
    conditions = _schema("engine_version.json", CACHE)["allOf"]
    [valkey] = [c for c in conditions if c["if"]["properties"]["Engine"].get("const") == "valkey"]
    return sorted(valkey["then"]["properties"]["EngineVersion"]["enum"], key=_numeric)


def cache_node_types(region: str) -> list[str]:
    """Node types that ElastiCache offers in a region."""
    return sorted(_schema("cachenodetype_enum.json", CACHE)[region]["enum"])


def _numeric(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def render() -> str:
    """The file's text."""
    offered = versions()
    taken = classes_of_version(offered[-1])
    classes = {region: sorted(classes_of_region(region) & taken) for region in sorted(ZONE_IDS)}
    document = {
        "versions": offered,
        "classes": classes,
        "cacheVersions": cache_versions(),
        "cacheNodeTypes": {region: cache_node_types(region) for region in sorted(ZONE_IDS)},
    }
    return json.dumps(document, indent=1) + "\n"


if __name__ == "__main__":
    TARGET.write_text(render())
