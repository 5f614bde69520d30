"""VPCs, subnets, security groups, network ACLs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from policies.graph import Graph, Node
from policies.rule import Rule, Violation, every
from policies.tokens import (
    DEFAULT_SECURITY_GROUP,
    EIP,
    FLOW_LOG,
    GROUP_EGRESS,
    GROUP_INGRESS,
    NAT_GATEWAY,
    NETWORK_ACL,
    NETWORK_ACL_RULE,
    SECURITY_GROUP,
    SECURITY_GROUP_RULE,
    SUBNET,
    VPC,
)

_rule = partial(Rule, family="security")

WORLD = ("0.0.0.0/0", "::/0")
ADMIN_PORTS = (22, 3389)
WEB_PORTS = (80, 443)
SDK_DESCRIPTION = "Managed by Pulumi"
"""What the SDK fills in, so that a description is always there and says nothing."""

RULE_TYPES = (GROUP_INGRESS, GROUP_EGRESS, SECURITY_GROUP_RULE)


def group_rules(graph: Graph, direction: str) -> Iterator[tuple[Node, dict[str, Any]]]:
    """Every rule of one direction ("ingress" or "egress") in any of the three ways to write one."""
    for node in graph.of(GROUP_INGRESS if direction == "ingress" else GROUP_EGRESS):
        cidrs = [node.get("cidrIpv4"), node.get("cidrIpv6")]
        yield node, _rule_of(node.get("ipProtocol"), node.get("fromPort"), node.get("toPort"), cidrs)
    for node in graph.of(SECURITY_GROUP_RULE):
        if node.get("type") == direction:
            cidrs = [*node.items("cidrBlocks"), *node.items("ipv6CidrBlocks")]
            yield node, _rule_of(node.get("protocol"), node.get("fromPort"), node.get("toPort"), cidrs)
    for node in graph.of(SECURITY_GROUP, DEFAULT_SECURITY_GROUP):
        for inline in node.items(direction):
            cidrs = [*(inline.get("cidrBlocks") or ()), *(inline.get("ipv6CidrBlocks") or ())]
            yield node, _rule_of(inline.get("protocol"), inline.get("fromPort"), inline.get("toPort"), cidrs)


def _rule_of(protocol: Any, first: Any, last: Any, cidrs: list[Any]) -> dict[str, Any]:
    every_port = protocol in ("-1", -1, "all") or not isinstance(first, int) or not isinstance(last, int)
    ports = (0, 65_535) if every_port else (first, last)
    return {"world": any(cidr in WORLD for cidr in cidrs), "cidrs": cidrs, "ports": ports, "all": every_port}


def _world_reaches_admin_ports(graph: Graph) -> Iterator[Violation]:
    for node, rule in group_rules(graph, "ingress"):
        if rule["world"] and any(rule["ports"][0] <= port <= rule["ports"][1] for port in ADMIN_PORTS):
            yield Violation(node, "the internet reaches SSH or RDP")


def _world_reaches_other_ports(graph: Graph) -> Iterator[Violation]:
    for node, rule in group_rules(graph, "ingress"):
        if rule["world"] and not (rule["ports"][0] == rule["ports"][1] and rule["ports"][0] in WEB_PORTS):
            yield Violation(node, "the internet reaches a port other than 80 and 443")


def _everything_leaves(graph: Graph) -> Iterator[Violation]:
    for node, rule in group_rules(graph, "egress"):
        if rule["world"] and rule["all"]:
            yield Violation(node, "every protocol and port may leave to anywhere")


def _both_kinds_of_rules(graph: Graph) -> Iterator[Violation]:
    for node in graph.of(SECURITY_GROUP):
        alone = graph.referrers(node, "securityGroupId", *RULE_TYPES)
        # AWS reports a group's rules in its outputs too, however they were made: more than the resources were inline.
        if alone and len(node.items("ingress")) + len(node.items("egress")) > len(alone):
            yield Violation(node, "inline rules and rule resources overwrite each other; keep the latter")


def _is_attached(graph: Graph, group: Node) -> bool:
    paths = ("securityGroups", "securityGroupIds", "vpcSecurityGroupIds", "vpcConfig", "networkInterfaces")
    others = (node for node in graph.nodes if node.type not in (*RULE_TYPES, SECURITY_GROUP))
    return any(group in graph.targets(node, path, SECURITY_GROUP) for node in others for path in paths)


def _acl_opens_admin_ports(graph: Graph) -> Iterator[Violation]:
    for node in graph.of(NETWORK_ACL_RULE):
        if node.get("egress") is True or node.get("ruleAction") == "deny":
            continue
        if node.get("cidrBlock") not in WORLD and node.get("ipv6CidrBlock") not in WORLD:
            continue
        rule = _rule_of(node.get("protocol"), node.get("fromPort"), node.get("toPort"), [])
        if any(rule["ports"][0] <= port <= rule["ports"][1] for port in ADMIN_PORTS):
            yield Violation(node, "the internet reaches SSH or RDP through the network ACL")


FLOW_LOGS = _rule(
    id="vpc-flow-logs",
    severity="high",
    protects="Every VPC records its connections.",
    why="Without a record nobody can say afterwards who connected to what.",
    references=("fsbp:EC2.6", "cis3:3.7", "ckv:CKV2_AWS_11"),
    fix="Add an aws.ec2.FlowLog with trafficType ALL or REJECT for the VPC.",
    check=every(
        VPC,
        lambda g, n: any(f.get("trafficType") in ("ALL", "REJECT") for f in g.referrers(n, "vpcId", FLOW_LOG)),
        "no flow log records this VPC",
    ),
)

DEFAULT_GROUP_EMPTY = _rule(
    id="vpc-default-group-empty",
    severity="high",
    protects="A VPC's default security group lets nothing pass.",
    why="Whatever is made without a group gets the default one, which lets its members talk and leave freely.",
    references=("fsbp:EC2.2", "cis3:5.4", "ckv:CKV2_AWS_12"),
    fix="Adopt it with aws.ec2.DefaultSecurityGroup without rules.",
    check=every(
        VPC,
        lambda g, n: any(
            not d.has("ingress") and not d.has("egress") for d in g.referrers(n, "vpcId", DEFAULT_SECURITY_GROUP)
        ),
        "the default security group is not adopted, or has rules",
    ),
)

NO_PUBLIC_ADDRESS = _rule(
    id="subnet-no-automatic-public-address",
    severity="medium",
    protects="No subnet hands out public addresses by itself.",
    why="A machine started there by mistake would be on the internet.",
    references=("fsbp:EC2.15", "ckv:CKV_AWS_130"),
    fix="Set map_public_ip_on_launch to False.",
    check=every(
        SUBNET,
        lambda g, n: n.get("mapPublicIpOnLaunch") in (False, None),
        "map_public_ip_on_launch is set",
    ),
)

NO_ADMIN_FROM_WORLD = _rule(
    id="group-no-admin-from-world",
    severity="critical",
    protects="Nobody on the internet reaches SSH or RDP.",
    why="Both are guessed at within minutes of being open.",
    references=("fsbp:EC2.13", "fsbp:EC2.14", "cis3:5.2", "cis3:5.3", "ckv:CKV_AWS_24", "ckv:CKV_AWS_25"),
    fix="Reach machines through Session Manager; remove the rule.",
    check=_world_reaches_admin_ports,
)

ONLY_WEB_FROM_WORLD = _rule(
    id="group-only-web-from-world",
    severity="critical",
    protects="The internet reaches no port but 80 and 443.",
    why="Every other port belongs to something that is not made to face the internet.",
    references=("fsbp:EC2.18", "fsbp:EC2.19", "ckv:CKV_AWS_260", "ckv:CKV_AWS_277"),
    fix="Name the security group of the one that may connect instead of addresses.",
    check=_world_reaches_other_ports,
)

NO_FREE_EGRESS = _rule(
    id="group-no-free-egress",
    severity="high",
    protects="No security group lets everything out to anywhere.",
    why="What breaks in calls home on any port it likes.",
    references=("ckv:CKV_AWS_382", "trivy:AWS-0104"),
    fix="Name the ports, and the security group of the other end.",
    check=_everything_leaves,
)

GROUP_DESCRIBED = _rule(
    id="group-described",
    severity="low",
    protects="Every security group and rule says what it is for.",
    why="Nobody dares to remove a rule that nobody can explain.",
    references=("ckv:CKV_AWS_23",),
    fix='Give it a description of its own; the SDK\'s "Managed by Pulumi" is none.',
    check=every(
        (SECURITY_GROUP, *RULE_TYPES),
        lambda g, n: n.has("description") and n.get("description") != SDK_DESCRIPTION,
        "it has no description of its own",
    ),
)

ONE_KIND_OF_RULES = _rule(
    id="group-one-kind-of-rules",
    severity="medium",
    protects="A security group has inline rules or rule resources, never both.",
    why="Each run of one removes what the other made.",
    references=("awsguard:security-group-management-conflict", "G75"),
    fix="Remove the inline rules.",
    check=_both_kinds_of_rules,
)

GROUP_IN_USE = _rule(
    id="group-in-use",
    severity="low",
    protects="Every security group belongs to something.",
    why="A group that guards nothing is an open door waiting for a house.",
    references=("ckv:CKV2_AWS_5",),
    fix="Remove it, or attach it.",
    check=every(SECURITY_GROUP, _is_attached, "nothing is in this group"),
)

ACL_ATTACHED = _rule(
    id="acl-attached",
    severity="medium",
    protects="Every network ACL guards a subnet.",
    why="An ACL without subnets guards nothing, and its subnets have the default one.",
    references=("fsbp:EC2.16", "ckv:CKV2_AWS_1"),
    fix="Give it subnet_ids.",
    check=every(NETWORK_ACL, lambda g, n: g.targets(n, "subnetIds", SUBNET), "it guards no subnet"),
)

ACL_NO_ADMIN = _rule(
    id="acl-no-admin-from-world",
    severity="medium",
    protects="No network ACL lets the internet reach SSH or RDP.",
    why="The second fence, for the day when a security group is wrong.",
    references=("fsbp:EC2.21", "cis3:5.1", "ckv:CKV_AWS_231", "ckv:CKV_AWS_232"),
    fix="Narrow the ports, or the addresses.",
    check=_acl_opens_admin_ports,
)

EIP_USED = _rule(
    id="eip-used",
    severity="low",
    protects="Every Elastic IP is used.",
    why="An idle one costs money, and counts towards the quota of five that the other region needs.",
    references=("fsbp:EC2.12", "ckv:CKV2_AWS_19", "G77"),
    fix="Release it, or attach it.",
    check=every(
        EIP,
        lambda g, n: n.has("instance") or g.referrers(n, "allocationId", NAT_GATEWAY),
        "nothing uses it",
    ),
)

RULES = (
    FLOW_LOGS,
    DEFAULT_GROUP_EMPTY,
    NO_PUBLIC_ADDRESS,
    NO_ADMIN_FROM_WORLD,
    ONLY_WEB_FROM_WORLD,
    NO_FREE_EGRESS,
    GROUP_DESCRIBED,
    ONE_KIND_OF_RULES,
    GROUP_IN_USE,
    ACL_ATTACHED,
    ACL_NO_ADMIN,
    EIP_USED,
)
