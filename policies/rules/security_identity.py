"""IAM: who may do what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from policies.documents import Statement, actions, documents, granted, is_anybody, resources, statements
from policies.graph import Graph
from policies.rule import Check, Rule, Violation, every
from policies.tokens import ACCESS_KEY, IAM_USER, ROLE, ROLE_POLICY_ATTACHMENT

_rule = partial(Rule, family="security")

SENSITIVE = ("iam:", "kms:decrypt", "secretsmanager:getsecretvalue", "sts:assumerole", "s3:getobject", "rds:delete")
ESCALATING = (
    "iam:attachrolepolicy",
    "iam:attachuserpolicy",
    "iam:createaccesskey",
    "iam:createpolicyversion",
    "iam:putrolepolicy",
    "iam:putuserpolicy",
    "iam:setdefaultpolicyversion",
    "iam:updateassumerolepolicy",
)


def _no_grant(bad: Callable[[Statement], bool], message: str) -> Check:
    def check(graph: Graph) -> Iterator[Violation]:
        seen = set()
        for node, statement in granted(graph):
            if bad(statement) and node.urn not in seen:
                seen.add(node.urn)
                yield Violation(node, message)

    return check


def _everywhere(statement: Statement) -> bool:
    return "*" in resources(statement) and not statement.get("Condition")


def _unreadable(graph: Graph) -> Iterator[Violation]:
    for node, text in documents(graph):
        if not statements(text):
            yield Violation(node, "its document is unknown before up, or no document; compose it from names")


NO_ADMIN = _rule(
    id="iam-no-star",
    severity="critical",
    protects="No policy allows everything.",
    why="Whoever takes the role takes the account.",
    references=("fsbp:IAM.1", "cis3:1.16", "ckv:CKV_AWS_62", "ckv:CKV_AWS_63", "ckv:CKV2_AWS_40"),
    fix="Name the actions.",
    check=_no_grant(lambda s: "*" in actions(s) or "*:*" in actions(s), "it allows every action"),
)

NO_SERVICE_STAR = _rule(
    id="iam-no-service-star",
    severity="high",
    protects="No policy allows everything of a service.",
    why="Reading comes with deleting.",
    references=("fsbp:IAM.21",),
    fix="Name the actions.",
    check=_no_grant(
        lambda s: any(a.endswith(":*") and a != "*:*" for a in actions(s)), "it allows every action of a service"
    ),
)

NARROW = _rule(
    id="iam-sensitive-actions-narrow",
    severity="high",
    protects="What reads secrets or changes rights is limited to named resources.",
    why="One stolen role would otherwise read every secret of the account.",
    references=("fsbp:KMS.1", "fsbp:KMS.2", "ckv:CKV_AWS_288", "ckv:CKV_AWS_287", "ckv:CKV_AWS_355"),
    fix="Name the resources, or a condition.",
    check=_no_grant(
        lambda s: (
            _everywhere(s) and any(a.startswith(SENSITIVE) and not a.startswith("iam:passrole") for a in actions(s))
        ),
        "a sensitive action is allowed on every resource",
    ),
)

PASS_ROLE = _rule(
    id="iam-pass-role-narrow",
    severity="high",
    protects="Roles are handed on by name only.",
    why="Whoever may pass any role has the rights of all of them.",
    references=("ckv:CKV_AWS_286",),
    fix="Name the roles, and iam:PassedToService.",
    check=_no_grant(
        lambda s: "*" in resources(s) and any(a == "iam:passrole" for a in actions(s)), "any role may be passed"
    ),
)

NO_ESCALATION = _rule(
    id="iam-no-escalation",
    severity="high",
    protects="No role can give itself more rights.",
    why="Limits that can be lifted by their bearer are none.",
    references=("ckv:CKV_AWS_286", "ckv:CKV_AWS_289"),
    fix="Leave the rights to change rights to people.",
    check=_no_grant(lambda s: any(a in ESCALATING for a in actions(s)), "it can raise its own rights"),
)

TRUST = _rule(
    id="iam-trust-closed",
    severity="critical",
    protects="No role can be taken by anybody.",
    why="Anybody means every AWS account there is.",
    references=("ckv:CKV_AWS_60", "ckv:CKV_AWS_61"),
    fix="Name the service or the account.",
    check=every(
        ROLE,
        lambda g, n: (
            not any(s.get("Effect") == "Allow" and is_anybody(s) for s in statements(n.get("assumeRolePolicy")))
        ),
        "anybody may take it",
    ),
)

NO_MANAGED_ADMIN = _rule(
    id="iam-no-managed-admin",
    severity="critical",
    protects="No role has one of AWS's policies for administrators.",
    why="They allow everything, and grow with every new service.",
    references=("ckv:CKV_AWS_274", "ckv:CKV_AWS_275", "ckv:CKV2_AWS_56"),
    fix="Write the policy that the role needs.",
    check=every(
        ROLE_POLICY_ATTACHMENT,
        lambda g, n: (
            not str(n.get("policyArn")).endswith(("/AdministratorAccess", "/IAMFullAccess", "/PowerUserAccess"))
        ),
        "it attaches a policy for administrators",
    ),
)

NO_USERS = _rule(
    id="iam-no-users",
    severity="high",
    protects="There are no users with permanent keys.",
    why="A key never expires, and is found in repositories every day.",
    references=("fsbp:IAM.2", "cis3:1.15", "ckv:CKV_AWS_273"),
    fix="Use roles; people come through IAM Identity Center.",
    check=every((IAM_USER, ACCESS_KEY), lambda g, n: False, "it is a user, or a user's key"),
)

READABLE = _rule(
    id="policy-readable-at-preview",
    severity="high",
    protects="Every policy document can be judged before anything is made.",
    why="A document that depends on what AWS computes passes every other rule unread.",
    fix="Compose ARNs from names, region and account.",
    references=("policy-4.4",),
    check=_unreadable,
)

RULES = (NO_ADMIN, NO_SERVICE_STAR, NARROW, PASS_ROLE, NO_ESCALATION, TRUST, NO_MANAGED_ADMIN, NO_USERS, READABLE)
