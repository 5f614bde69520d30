"""IAM policy documents as plain data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

Statement = Mapping[str, Any]


def document(*statements: Statement) -> str:
    """A policy document in JSON."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[str] = ("*",),
    *,
    principal: Mapping[str, str | Sequence[str]] | None = None,
    condition: Mapping[str, Mapping[str, str | Sequence[str]]] | None = None,
) -> Statement:
    """One Allow statement; a principal makes it a resource's policy."""
    statement: dict[str, Any] = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": list(resources),
    }
    if principal is not None:
        statement["Principal"] = dict(principal)
    if condition is not None:
        statement["Condition"] = {operator: dict(test) for operator, test in condition.items()}
    return statement


def assumed_by(service: str, *, on_behalf_of: str | None) -> str:
    """A trust policy for one AWS service.

    on_behalf_of: the account that it must act for (the confused deputy's remedy); None for Lambda, which sends no
    source when it takes an execution role.
    """
    statement: dict[str, Any] = {
        "Sid": "Assume",
        "Effect": "Allow",
        "Action": ["sts:AssumeRole"],
        "Principal": {"Service": service},
    }
    if on_behalf_of is not None:
        statement["Condition"] = {"StringEquals": {"aws:SourceAccount": on_behalf_of}}
    return document(statement)
