"""What AWS refuses or does in silence (G-items), and who watches each: docs/g-items.md, written by policy_docs.

Each line: what it is; where the sandbox emulates it ("" where it does not); and, where no rule and no emulation can
stand in, why. Rules name their G-items themselves.
"""

from __future__ import annotations

from typing import Final

from policies.rules import RULES

_DB: Final = "database.py"
_EDGE: Final = "edge.py"
_PROGRAM: Final = "what the program registers, held by tests"
_RUNBOOK: Final = "an operation, not a resource: the runbook's"
_PODS: Final = "inside a pod's configuration, which AWS resources do not show"

ITEMS: Final[dict[str, tuple[str, str, str]]] = {
    "G1": ("cross-region source by ARN", f"{_DB} _replica", ""),
    "G2": ("replica's key of its own region", f"{_DB} _replica", ""),
    "G3": ("source and replica both encrypted; a key never changes", f"{_DB} _replica", ""),
    "G4": ("source needs backups", f"{_DB} _source_can_replicate", ""),
    "G5": ("what a replica inherits", f"{_DB} _nothing_inherited_is_given", ""),
    "G6": ("RDS-managed password blocks replicas", f"{_DB} _source_can_replicate", ""),
    "G7": (
        "no parameter group at a PostgreSQL replica's creation",
        "",
        "the provider holds it back and modifies (6.x)",
    ),
    "G8": ("replica's limits not below the source's", "", ""),
    "G9": ("allocated_storage ignored at creation", f"{_DB} _inherit", ""),
    "G10": ("no Database Insights mode at a replica's creation", "", ""),
    "G11": ("standby and backups on the replica", "", ""),
    "G12": ("a replica in backing-up cannot be promoted", "", ""),
    "G13": ("promotion reboots", "", "time; measured by the drill"),
    "G14": ("promotion applies every other change too", f"{_DB} _promote", ""),
    "G15": ("properties that replace on promotion", f"{_DB} replace_on", ""),
    "G16": ("no source for an existing writer", f"{_DB} _promote", ""),
    "G17": ("deleting the source orphans replicas", f"{_DB} _deleted", _RUNBOOK),
    "G18": ("final snapshot flips with the role", f"{_DB} _deletable", ""),
    "G19": ("automated backups die with the instance", f"{_DB} _deleted", ""),
    "G20": ("caller allowed in both regions", "", "permissions of whoever runs Pulumi; not in the graph"),
    "G21": ("creation takes hours", "", f"custom timeouts: {_PROGRAM} (tests/test_database.py)"),
    "G22": ("no replica of a replica across regions", f"{_DB} _source_can_replicate", ""),
    "G23": ("slots fill the writer's disk", "", ""),
    "G24": ("lag on an idle writer", "", ""),
    "G25": ("reports against replay", "", f"{_PROGRAM} (parameters by audience)"),
    "G26": ("minor versions move apart", "", ""),
    "G27": (
        "zone and Multi-AZ exclude each other",
        f"{_DB} _zone",
        "outputs always have a zone; the graph after up cannot tell",
    ),
    "G28": ("static parameters", f"{_DB} _parameters", ""),
    "G29": ("rds.force_ssl; verify-full in the pooler", "", ""),
    "G30": ("multi-Region keys do not help RDS", "", ""),
    "G31": ("a lost key is a lost database", "", ""),
    "G32": ("Performance Insights retention", f"{_DB} _insights", ""),
    "G33": ("gp3 below 400 GiB", f"{_DB} _storage", ""),
    "G34": ("identifiers and passwords", f"{_DB} _identifier, _password", ""),
    "G35": ("apply_immediately", "", "a decision per change: trading:database applyImmediately"),
    "G36": ("automated backups replicated in the destination", f"{_DB} _backups_region", ""),
    "G37": ("AWS Backup against automated backups", "", ""),
    "G38": ("automated snapshots cannot be copied by name", "", "the program copies none; backups are replicated"),
    "G39": ("topic keys must admit publishers", "", ""),
    "G40": ("log groups made first", "monitoring.py, security.py (key must name the logs service)", ""),
    "G41": ("RDS Proxy", "", "not used (ADR: pgBouncer)"),
    "G42": ("addresses must not overlap", "", ""),
    "G43": ("orderable versions and classes", "", ""),
    "G44": ("access logs to SSE-S3 only", f"{_EDGE} _access_logs", ""),
    "G45": ("names", f"{_EDGE} _name, limits.py", ""),
    "G46": ("two zones, a /27 each", f"{_EDGE} _subnets", ""),
    "G47": ("aws-waf-logs-", "", ""),
    "G48": ("WAF may block health checkers", "", "WAF's statements; tested with the web ACL"),
    "G49": ("certificates: region, validation, issued", f"{_EDGE} _validated, _record_once", ""),
    "G50": ("health checks' metrics in us-east-1", "", ""),
    "G51": ("request_interval; inverted checks start unhealthy", f"{_EDGE} replace_on, _check_shape", ""),
    "G52": ("an empty target group is unhealthy", "", f"{_PROGRAM}: aliases do not evaluate target health"),
    "G53": ("both unhealthy answers primary", "", ""),
    "G54": ("private addresses; missing data", f"{_EDGE} _check_shape", ""),
    "G54a": ("plain alarms only", "", ""),
    "G54b": ("a check must not ask its own name", "", ""),
    "G55": ("aliases have no TTL", f"{_EDGE} _record_shape", ""),
    "G56": ("set identifiers", f"{_EDGE} _record_shape", ""),
    "G57": ("Global Accelerator ignores a dial of 0", "", "not used"),
    "G58": ("zonal shift needs capacity", "", ""),
    "G59": ("target groups are slow by default", "", ""),
    "G60": ("pulumi-eks's defaults", "", ""),
    "G61": ("zonal shift of EKS", "", ""),
    "G62": ("zonal shift does not evict", "", ""),
    "G63": ("order of add-ons", "eks.py", f"order: {_PROGRAM}"),
    "G64": ("webhook port 9443", "", f"{_PROGRAM}: the path solver"),
    "G65": ("TargetGroupBinding", "", f"{_PROGRAM}: the application tier's tests"),
    "G66": ("order of deletion", "network.py, eks.py (blocks)", _RUNBOOK),
    "G67": ("security groups for pods", "", "not used"),
    "G68": ("IMDS hop limit", "", ""),
    "G69": ("cache failover needs replicas", "cache.py _failover", ""),
    "G70": ("AUTH token and users", "cache.py _access", ""),
    "G71": ("cache TLS", "cache.py replace_on", ""),
    "G72": ("Global Datastore", "", "not used: the cache starts empty"),
    "G73": ("cache's final snapshot", "", ""),
    "G74": ("network ACLs are stateless", "", "besides the rule, the path solver (components/network/reachability.py)"),
    "G75": ("inline and separate rules", "", ""),
    "G76": ("interface endpoints", "", ""),
    "G77": ("quota of Elastic IPs", "", ""),
    "G78": (
        "IAM is eventually consistent",
        "",
        "time; no role is made on the day (tests/test_failover_dns.py, tests/test_database.py)",
    ),
    "G79": ("state's region in its URL", "", "backend URL, no resource: bootstrap's tests"),
    "G80": ("secrets: replicas, names, hosts", "security.py", ""),
    "G81": ("default tags", "", ""),
    "G82": ("five replicas", "", ""),
    "G83": ("pgBouncer's timeouts", "", _PODS),
    "G84": ("pgBouncer's login", "", _PODS),
    "G85": ("pgBouncer is single-threaded", "", _PODS),
}

HEAD: Final = """# What AWS refuses, or does in silence

Made by `python -m tools.policy_docs`; do not edit. For every item: the rules that judge it from the graph, where
the sandbox emulates it (sandbox/cloud/types), and otherwise why neither can.

| item | what | rules | emulated | otherwise |
|---|---|---|---|---|
"""


def unwatched() -> list[str]:
    """Items with neither rule nor emulation nor a reason."""
    watched = {reference for rule in RULES for reference in rule.references}
    return [item for item, (_, where, why) in ITEMS.items() if item not in watched and not where and not why]


def render() -> str:
    """The file's text."""
    lines = []
    for item, (what, where, why) in ITEMS.items():
        rules = ", ".join(f"`{rule.id}`" for rule in RULES if item in rule.references)
        lines.append(f"| {item} | {what} | {rules} | {where} | {why} |")
    return HEAD + "\n".join(lines) + "\n"
