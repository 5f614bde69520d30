"""One site survives a zone, and stands without the other site."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from ipaddress import ip_network

from policies.graph import Graph, Node, strings
from policies.rule import Rule, Violation, at_least, every
from policies.rules.mission_database import zones
from policies.rules.security_edge import is_application, is_public
from policies.rules.security_network import group_rules
from policies.tokens import (
    ALARM,
    BACKUP_REPLICATION,
    CACHE_SUBNETS,
    DATABASE,
    DB_SUBNETS,
    HEALTH_CHECK,
    INTERNET_GATEWAY,
    LOAD_BALANCERS,
    NAT_GATEWAY,
    NODE_GROUP,
    ROUTE,
    ROUTE_TABLE,
    ROUTE_TABLE_ASSOCIATION,
    SCALING_GROUP,
    SECRET,
    SECURITY_GROUP,
    SUBNET,
    SUBSCRIPTION,
    TABLE,
    TOPIC,
    WEB_ACL,
    WEB_ACL_ASSOCIATION,
)

_rule = partial(Rule, family="mission")

REQUIRED_TAGS = ("Project", "Site", "ManagedBy")
ABROAD = re.compile(r"^arn:aws:[a-z0-9-]+:([a-z]{2}-[a-z]+-\d):")
MAY_POINT_ABROAD = {
    (DATABASE, "replicas"),  # what AWS reports of its followers after a refresh: it needs none of them
    (DATABASE, "replicateSourceDb"),  # what a replica follows
    (SECRET, "replicas"),  # copies, under keys of their regions
    (TABLE, "replicas"),
    (BACKUP_REPLICATION, "sourceDbInstanceArn"),  # what is copied
}


def _routes(graph: Graph, subnet: Node) -> Iterator[Node]:
    for association in graph.referrers(subnet, "subnetId", ROUTE_TABLE_ASSOCIATION):
        for table in graph.targets(association, "routeTableId", ROUTE_TABLE):
            yield from graph.referrers(table, "routeTableId", ROUTE)


def is_public_subnet(graph: Graph, subnet: Node) -> bool:
    """Whether a subnet has a route to an internet gateway."""
    return any(graph.targets(route, "gatewayId", INTERNET_GATEWAY) for route in _routes(graph, subnet))


def _gateways_elsewhere(graph: Graph) -> Iterator[Violation]:
    for subnet in graph.of(SUBNET):
        for route in _routes(graph, subnet):
            for nat in graph.targets(route, "natGatewayId", NAT_GATEWAY):
                own = subnet.get("availabilityZoneId") or subnet.get("availabilityZone")
                if nat.get("availabilityMode") != "regional" and own not in zones(graph, nat, "subnetId"):
                    yield Violation(subnet, "its way out leads through another zone")


def _world_reaches_inside(graph: Graph) -> Iterator[Violation]:
    public = {
        group.urn
        for balancer in graph.of(*LOAD_BALANCERS)
        if is_public(graph, balancer)
        for group in graph.targets(balancer, "securityGroups", SECURITY_GROUP)
    }
    for node, rule in group_rules(graph, "ingress"):
        groups = [node] if node.type == SECURITY_GROUP else graph.targets(node, "securityGroupId", SECURITY_GROUP)
        if rule["world"] and not (groups and {g.urn for g in groups} <= public):
            yield Violation(node, "the internet reaches something that is no public load balancer")


def _private_addresses(graph: Graph) -> Iterator[Violation]:
    for node, rule in group_rules(graph, "ingress"):
        blocks = [ip_network(c, strict=False) for c in rule["cidrs"] if isinstance(c, str) and c and "/" in c]
        if any(block.is_private and block.prefixlen for block in blocks):
            yield Violation(node, "it names addresses inside the network; name the security group instead")


def _pointing_abroad(graph: Graph) -> Iterator[Violation]:
    for node in graph.nodes:
        if node.region is None or not node.type.startswith("aws:"):
            continue
        for name, value in node.props.items():
            if (node.type, name) in MAY_POINT_ABROAD or name in ("arn", "policy", "assumeRolePolicy"):
                continue
            owners = {graph.by_urn[u].region for u in node.relations.get(name, ()) if u in graph.by_urn}
            named = {m[1] for text in strings(value) if (m := ABROAD.match(text))}
            if any(region not in (None, node.region) for region in owners | named):
                yield Violation(node, f"{name} depends on another region")


def _tags_of(node: Node) -> set[str]:
    found = node.get("tagsAll") if node.has("tagsAll") else node.get("tags")
    if isinstance(found, list):  # an Auto Scaling group lists them
        return {t.get("key") for t in found}
    return set(found) if isinstance(found, dict) else set()


def _untagged(graph: Graph) -> Iterator[Violation]:
    for node in graph.nodes:
        tagged = node.type == SCALING_GROUP or "tagsAll" in node.props
        if node.type.startswith("aws:") and tagged and not set(REQUIRED_TAGS) <= _tags_of(node):
            yield Violation(node, f"a tag of {', '.join(REQUIRED_TAGS)} is missing")


def _reaches_somebody(graph: Graph, alarm: Node) -> bool:
    followed = graph.referrers(alarm, "cloudwatchAlarmName", HEALTH_CHECK)
    return alarm.get("actionsEnabled") is not False and (alarm.has("alarmActions") or bool(followed))


def _nodes_spread(graph: Graph) -> Iterator[Violation]:
    groups = graph.of(NODE_GROUP)
    found: set[object] = set().union(*(zones(graph, g, "subnetIds") for g in groups)) if groups else set()
    if groups and len(found) < 2:
        yield Violation(groups[0], "all nodes are in one zone")


def _nodes_start(graph: Graph, node: Node) -> bool:
    return at_least(node.get("scalingConfig.minSize"), 1)


def _all_private(graph: Graph, node: Node, path: str) -> bool:
    subnets = graph.targets(node, path, SUBNET)
    return bool(subnets) and not any(is_public_subnet(graph, s) for s in subnets)


NAT_PER_ZONE = _rule(
    id="nat-per-zone",
    severity="high",
    protects="Each zone has its own way out.",
    why="A zone that leaves through another one dies with it.",
    references=("M10",),
    fix="Route each private subnet to the NAT gateway of its zone, or use a regional one.",
    check=_gateways_elsewhere,
)

WORLD_ONLY_ALB = _rule(
    id="world-reaches-load-balancers-only",
    severity="critical",
    protects="Only public load balancers face the internet.",
    why="Everything else is protected by not being reachable.",
    references=("M11",),
    fix="Name the security group of the one that may connect.",
    check=_world_reaches_inside,
)

GROUPS_NOT_ADDRESSES = _rule(
    id="group-names-groups",
    severity="high",
    protects="Inside the network, security groups name each other, never addresses.",
    why="A block of addresses lets in whatever is started there next.",
    references=("M12",),
    fix="Set referenced_security_group_id.",
    check=_private_addresses,
)

ALB_FIREWALL = _rule(
    id="alb-behind-firewall",
    severity="critical",
    protects="Every public load balancer has a web ACL.",
    why="What is tried against every address on the internet reaches the application otherwise.",
    references=("M13", "fsbp:ELB.16", "ckv:CKV2_AWS_28"),
    fix="Add an aws.wafv2.WebAclAssociation.",
    check=every(
        LOAD_BALANCERS,
        lambda g, n: any(g.refers(a, "webAclArn", WEB_ACL) for a in g.referrers(n, "resourceArn", WEB_ACL_ASSOCIATION)),
        "no web ACL is associated with it",
        where=lambda g, n: is_public(g, n) and is_application(g, n),
    ),
)

ALB_ZONES = _rule(
    id="alb-two-zones",
    severity="critical",
    protects="Load balancers stand in two zones or more.",
    why="The loss of one would close the site.",
    references=("fsbp:ELB.13", "G46"),
    fix="Give it a subnet in each zone.",
    check=every(
        LOAD_BALANCERS,
        lambda g, n: len(zones(g, n, "subnets") | zones(g, n, "subnetMappings")) >= 2,
        "At least two subnets in two different Availability Zones must be specified",
    ),
)

ALB_SHIFTS = _rule(
    id="alb-zonal-shift",
    severity="medium",
    protects="Clients can be moved away from a sick zone.",
    why="A zone that is slow, not dead, passes every health check.",
    references=("G58",),
    fix="Set enable_zonal_shift.",
    check=every(
        LOAD_BALANCERS,
        lambda g, n: n.get("enableZonalShift") is True,
        "enable_zonal_shift is not set",
        where=is_application,
    ),
)

APP_ZONES = _rule(
    id="app-two-zones",
    severity="critical",
    protects="The application runs in two zones or more.",
    why="The loss of one would stop it.",
    references=("M8", "fsbp:AutoScaling.2"),
    fix="Give it a subnet in each zone.",
    check=every(
        SCALING_GROUP,
        lambda g, n: len(zones(g, n, "vpcZoneIdentifiers")) >= 2,
        "its subnets are in one zone",
        where=lambda g, n: not n.has("tags") or "eks:cluster-name" not in _tags_of(n),
    ),
)

NODE_ZONES = _rule(
    id="nodes-two-zones",
    severity="critical",
    protects="Nodes stand in two zones or more.",
    why="The loss of one would stop every pod.",
    references=("M8",),
    fix="Add a node group in the other zone.",
    check=_nodes_spread,
)

CAPACITY = _rule(
    id="app-capacity-per-zone",
    severity="critical",
    protects="Machines run in every zone before they are needed.",
    why="A zone that starts from nothing starts when everybody else does, and AWS may have none left.",
    references=("M9", "G58"),
    fix="Set min_size to one a zone at least, two where one must carry all.",
    check=every(
        SCALING_GROUP,
        lambda g, n: at_least(n.get("minSize"), max(2, len(zones(g, n, "vpcZoneIdentifiers")))),
        "min_size is below one a zone",
    ),
)

NODE_CAPACITY = _rule(
    id="nodes-capacity",
    severity="critical",
    protects="Every node group has nodes before they are needed.",
    why="Warm capacity is what makes the loss of a zone a non-event.",
    references=("M9",),
    fix="Set scaling_config.min_size to 1 or more.",
    check=every(NODE_GROUP, _nodes_start, "min_size is 0"),
)

SCALING_HEALTH = _rule(
    id="app-replaced-when-sick",
    severity="high",
    protects="A machine whose application does not answer is replaced.",
    why="EC2's own check sees a running machine only.",
    references=("fsbp:AutoScaling.1", "ckv:CKV2_AWS_15"),
    fix='Set health_check_type to "ELB".',
    check=every(
        SCALING_GROUP,
        lambda g, n: n.get("healthCheckType") == "ELB",
        'health_check_type is not "ELB"',
        where=lambda g, n: n.has("targetGroupArns"),
    ),
)

APP_PRIVATE = _rule(
    id="app-in-private-subnets",
    severity="high",
    protects="Machines stand in subnets without a way in from the internet.",
    why="A wrong security group is then not yet a way in.",
    references=("M23",),
    fix="Use the application tier's subnets.",
    check=every(
        (SCALING_GROUP, NODE_GROUP),
        lambda g, n: _all_private(g, n, "vpcZoneIdentifiers" if n.type == SCALING_GROUP else "subnetIds"),
        "a subnet has a route to the internet gateway",
    ),
)

DATA_PRIVATE = _rule(
    id="data-in-private-subnets",
    severity="critical",
    protects="Databases and caches stand in subnets without a route to the internet.",
    why="Data cannot leave where there is no way.",
    references=("M23", "fsbp:RDS.46", "ckv:CKV2_AWS_35"),
    fix="Use the data tier's subnets.",
    check=every(
        (DB_SUBNETS, CACHE_SUBNETS),
        lambda g, n: _all_private(g, n, "subnetIds"),
        "a subnet has a route to the internet gateway",
    ),
)

INDEPENDENT = _rule(
    id="site-independent",
    severity="critical",
    protects="Nothing in one region depends on another, but for the database's source and copies.",
    why="A site that needs the other one dies with it.",
    references=("M19", "adr:0002"),
    fix="Make it in the region that uses it.",
    check=_pointing_abroad,
)

TAGGED = _rule(
    id="tagged",
    severity="medium",
    protects=f"Everything carries the tags {', '.join(REQUIRED_TAGS)}.",
    why="Costs, rights and the answer to whose this is hang on them.",
    references=("M18", "G81"),
    fix="Set aws:defaultTags; an Auto Scaling group needs its own.",
    check=_untagged,
)

ALARM_ACTS = _rule(
    id="alarm-reaches-somebody",
    severity="high",
    protects="Every alarm tells a topic, or moves traffic.",
    why="One that nobody hears is decoration.",
    references=("M5", "ckv:CKV_AWS_319", "cfn-guard:cloudwatch_alarm_action_check"),
    fix="Set alarm_actions.",
    check=every(ALARM, _reaches_somebody, "it tells nobody, and no health check follows it"),
)

TOPIC_HEARD = _rule(
    id="topic-has-subscriber",
    severity="high",
    protects="Somebody listens to every topic.",
    why="An alarm that nobody receives did not happen.",
    references=("M24",),
    fix="Add an aws.sns.TopicSubscription to the paging service.",
    check=every(TOPIC, lambda g, n: g.referrers(n, "topic", SUBSCRIPTION), "nobody is subscribed"),
)

RULES = (
    NAT_PER_ZONE,
    WORLD_ONLY_ALB,
    GROUPS_NOT_ADDRESSES,
    ALB_FIREWALL,
    ALB_ZONES,
    ALB_SHIFTS,
    APP_ZONES,
    NODE_ZONES,
    CAPACITY,
    NODE_CAPACITY,
    SCALING_HEALTH,
    APP_PRIVATE,
    DATA_PRIVATE,
    INDEPENDENT,
    TAGGED,
    ALARM_ACTS,
    TOPIC_HEARD,
)
