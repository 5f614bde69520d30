"""A security group per party, and the rules that follow from the flows between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.network.flows import ANYWHERE, FLOWS, Flow, Party

DESCRIPTIONS: Mapping[Party, str] = {
    Party.LOAD_BALANCER: "Load balancers that face the internet",
    Party.APP: "Nodes, pods and poolers of the application tier",
    Party.ENDPOINTS: "Interface endpoints of AWS services",
    Party.DATABASE: "PostgreSQL",
    Party.CACHE: "Redis",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroupsArgs:
    """vpc_id: where; prefix: of the groups' names."""

    vpc_id: pulumi.Input[str]
    prefix: str


class SecurityGroups(pulumi.ComponentResource):
    """One security group per party; each flow is one egress rule at its source and one ingress rule at its target.

    Groups name each other, never addresses: what joins a group later is covered, what leaves it is not. A group
    that starts no flow has no egress rule at all.
    """

    ids: Mapping[Party, pulumi.Output[str]]

    def __init__(self, name: str, args: SecurityGroupsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("trading:network:SecurityGroups", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.ids = {
            party: aws.ec2.SecurityGroup(
                f"{name}-{party}",
                name=f"{args.prefix}-{party}",
                description=description,
                vpc_id=args.vpc_id,
                tags={"Name": f"{args.prefix}-{party}"},
                opts=child,
            ).id
            for party, description in DESCRIPTIONS.items()
        }
        for flow in FLOWS:
            if flow.source is not Party.INTERNET:
                aws.vpc.SecurityGroupEgressRule(
                    f"{name}-{flow.key}-egress",
                    security_group_id=self.ids[flow.source],
                    **self._peer(flow.target),
                    **_ports(flow),
                    opts=child,
                )
            if flow.target is not Party.INTERNET:
                aws.vpc.SecurityGroupIngressRule(
                    f"{name}-{flow.key}-ingress",
                    security_group_id=self.ids[flow.target],
                    **self._peer(flow.source),
                    **_ports(flow),
                    opts=child,
                )
        self.register_outputs({"ids": {str(party): group for party, group in self.ids.items()}})

    def __getitem__(self, party: Party) -> pulumi.Output[str]:
        """The id of one party's group."""
        return self.ids[party]

    def _peer(self, party: Party) -> dict[str, Any]:
        if party is Party.INTERNET:
            return {"cidr_ipv4": ANYWHERE}
        return {"referenced_security_group_id": self.ids[party]}


def _ports(flow: Flow) -> dict[str, Any]:
    if flow.port is None:
        return {"ip_protocol": "-1", "description": flow.why}
    return {"ip_protocol": "tcp", "from_port": flow.port, "to_port": flow.port, "description": flow.why}
