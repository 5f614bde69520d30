"""Draws the architecture from what was registered: docs/architecture.puml, and its picture.

    python -m tools.diagram     # from the sandbox's three stacks; draws the .svg too where plantuml is installed

Only what a resource says is drawn: a part that no stack registers is not in the picture. Ids are left out, so that
the same program always gives the same text.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pulumi_aws as aws

from components.network.flows import FLOWS, Flow, Party
from components.network.plan import Tier
from components.resource_types import type_of

TARGET: Final = Path(__file__).parent.parent / "docs" / "architecture.puml"
WEB_ACL: Final = "aws:wafv2/webAcl:WebAcl"  # by token: the SDK's module of it is slow to import
Resource = tuple[str, Mapping[str, Any]]

_STYLE: Final = """\
skinparam defaultFontName sans-serif
skinparam shadowing false
skinparam roundCorner 12
skinparam ArrowColor #37474f
skinparam ArrowFontSize 11
skinparam nodesep 40
skinparam ranksep 55
skinparam rectangle {
  BackgroundColor<<region>> #f5f9ff
  BorderColor<<region>> #1565c0
  BackgroundColor<<zone>> #ffffff
  BorderColor<<zone>> #90a4ae
  BackgroundColor<<global>> #fffdf5
  BorderColor<<global>> #f9a825
  BackgroundColor<<part>> #e8f5e9
  BorderColor<<part>> #2e7d32
}
skinparam database {
  BackgroundColor #ede7f6
  BorderColor #4527a0
}
hide stereotype"""


@dataclass(frozen=True, slots=True)
class Stack:
    """What one stack registered, (type, properties), and the region it stands in."""

    name: str
    region: str
    role: str
    resources: tuple[Resource, ...]

    def of(self, resource_class: Any) -> list[Mapping[str, Any]]:
        """Properties of the resources of one class, ordered by what they say."""
        found = [properties for type_, properties in self.resources if type_ == type_of(resource_class)]
        return sorted(found, key=lambda p: str(p.get("name") or p.get("identifier") or p.get("cidrBlock") or ""))


def render(bootstrap: Stack, primary: Stack, dr: Stack) -> str:
    """The diagram's text."""
    lines = ["@startuml", "title Trading platform: two regions, one program", _STYLE, ""]
    lines += ['actor "Clients" as clients', ""]
    lines += _dns(primary, dr)
    for site in (primary, dr):
        lines += _site(site)
    lines += _bootstrap(bootstrap)
    lines += _between(primary, dr)
    return "\n".join([*lines, "@enduml", ""])


def _dns(primary: Stack, dr: Stack) -> list[str]:
    pair = [r for r in dr.of(aws.route53.Record) if r.get("failoverRoutingPolicies")]
    name = pair[0]["name"]
    lines = ['rectangle "Route 53" <<global>> {', f'  rectangle "{name}" <<part>> as failover']
    for site in (primary, dr):
        facts = "takes writes (HTTPS /health/writable)\\nand the fence names it"
        lines.append(f'  rectangle "healthy while {site.name}\\n{facts}" <<part>> as check_{site.name}')
    lines += ["}", "clients -down-> failover : DNS"]
    kinds = {r["setIdentifier"]: r["failoverRoutingPolicies"][0]["type"] for r in pair}
    lines += [f"failover -down-> check_{site.name} : {kinds[site.name]}" for site in (primary, dr)]
    return [*lines, ""]


def _site(site: Stack) -> list[str]:
    [vpc] = site.of(aws.ec2.Vpc)
    lines = [
        f'rectangle "**{site.name}** ({site.role}) - {site.region} - {vpc["cidrBlock"]}" <<region>> as {site.name} {{'
    ]
    edge = "WAF and Application Load Balancer" if _registers(site, WEB_ACL) else "Application Load Balancer"
    lines.append(f'  rectangle "{edge}\\n{_probe(site)}" <<part>> as alb_{site.name}')
    subnets = site.of(aws.ec2.Subnet)
    zones = sorted({s["availabilityZoneId"] for s in subnets})
    [database, *others] = site.of(aws.rds.Instance)
    for place, zone in enumerate(zones):
        alias = _alias(site, zone)
        cidr = {s["tags"]["Tier"]: s["cidrBlock"] for s in subnets if s["availabilityZoneId"] == zone}
        lines.append(f'  rectangle "zone {zone}" <<zone>> as zone_{alias} {{')
        lines.append(f'    rectangle "NAT gateway\\n{Tier.PUBLIC} {cidr[Tier.PUBLIC]}" <<part>> as nat_{alias}')
        lines.append(f'    rectangle "app tier\\n{cidr[Tier.APP]}" <<part>> as app_{alias}')
        if place < 2:
            kind = ("writer" if site.role == "active" else "replica") if place == 0 else "synchronous standby"
            what = f"{database['identifier']}\\n{database['instanceClass']}" if place == 0 else "no reads, no writes"
            lines.append(f'    database "PostgreSQL {kind}\\n{what}\\n{cidr[Tier.DATA]}" as db_{alias}')
        lines.append("  }")
    lines += [f'  database "PostgreSQL for reports\\n{o["identifier"]}" as reports_{site.name}' for o in others]
    caches = site.of(aws.elasticache.ReplicationGroup)
    lines += [f'  database "{c["engine"]} {c["engineVersion"]}\\nevery zone" as cache_{site.name}' for c in caches]
    lines += ["}", ""]
    first, second = (_alias(site, zone) for zone in zones[:2])
    lines.append(f"check_{site.name} -down-> alb_{site.name} : {_label(Party.INTERNET, Party.LOAD_BALANCER)}")
    for zone in zones:
        alias = _alias(site, zone)
        lines.append(f"alb_{site.name} -down-> app_{alias} : {_label(Party.LOAD_BALANCER, Party.APP)}")
        lines.append(f"app_{alias} -down-> db_{first} : {_label(Party.APP, Party.DATABASE)}")
        lines += [f"app_{alias} -down-> cache_{site.name} : {_label(Party.APP, Party.CACHE)}" for _ in caches]
        lines.append(f"app_{alias} -[#9e9e9e]-> nat_{alias} : {_label(Party.APP, Party.INTERNET)}")
    lines.append(f"db_{first} -[#4527a0,bold]-> db_{second} : synchronous, by storage")
    return [*lines, ""]


def _bootstrap(bootstrap: Stack) -> list[str]:
    [table] = bootstrap.of(aws.dynamodb.Table)
    lines = [f'rectangle "**bootstrap** - {bootstrap.region}" <<region>> as bootstrap {{']
    if bootstrap.of(aws.s3.Bucket):
        lines.append('  rectangle "Pulumi state and its key" <<part>> as state')
    regions = [table["region"], *(replica["regionName"] for replica in table["replicas"])]
    witness = table["globalTableWitness"]["regionName"]
    lines.append(f'  database "fence: who may write\\n{" + ".join(regions)}\\nwitness {witness}" as fence')
    return [*lines, "}", ""]


def _between(primary: Stack, dr: Stack) -> list[str]:
    source = _alias(primary, min(s["availabilityZoneId"] for s in primary.of(aws.ec2.Subnet)))
    target = _alias(dr, min(s["availabilityZoneId"] for s in dr.of(aws.ec2.Subnet)))
    lines = [f"db_{source} -[#c62828,bold]-> db_{target} : asynchronous, TLS, across regions"]
    lines += [f"check_{site.name} -[#f9a825,dashed]-> fence : metric, every minute" for site in (primary, dr)]
    return [*lines, ""]


def _registers(site: Stack, type_: str) -> bool:
    return any(found == type_ for found, _ in site.resources)


def _probe(site: Stack) -> str:
    [record] = [r for r in site.of(aws.route53.Record) if r.get("aliases") and not r.get("failoverRoutingPolicies")]
    return str(record["name"])


def _alias(site: Stack, zone: str) -> str:
    return f"{site.name}_{zone.replace('-', '_')}"


def _label(source: Party, target: Party) -> str:
    flow: Flow = next(f for f in FLOWS if (f.source, f.target) == (source, target))
    return f"TLS {flow.port}"


def _deployed(name: str) -> Stack:
    """A stack of the sandbox, as its state says."""
    from sandbox.cli.app import HOME
    from sandbox.cli.engine import Engine
    from sandbox.cli.stacks import STACKS
    from sandbox.cli.workspace import Workspace

    workspace = Workspace(HOME)
    stack = next(stack for stack in STACKS if stack.name == name)
    engine = Engine(workspace, stack)
    resources = [(r["type"], {**r.get("inputs", {}), **r.get("outputs", {})}) for r in engine.resources()]
    region = workspace.setting(stack, "aws:region")
    return Stack(name, str(region), str(engine.outputs().get("role", "")), tuple(resources))


def main() -> None:
    """Write the text, and draw it where plantuml is installed."""
    TARGET.write_text(render(*(_deployed(name) for name in ("bootstrap", "primary", "dr"))))
    if shutil.which("plantuml"):
        subprocess.run(["plantuml", "-tsvg", str(TARGET)], check=True)


if __name__ == "__main__":
    main()
