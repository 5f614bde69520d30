"""What every database of the platform must have."""

from __future__ import annotations

from typing import Any

import pulumi_aws as aws
from pulumi_policy import (
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from components.resource_types import type_of
from components.settings import MINIMUM_RETENTION_DAYS

_INSTANCE = type_of(aws.rds.Instance)


def _known(args: ResourceValidationArgs, name: str) -> Any:
    """A property's value, None when it is absent or not known yet: both fail whatever is asked of it."""
    try:
        return args.props[name] if name in list(args.props) else None
    except UnknownValueError:
        return None


def _keeps_backups(args: ResourceValidationArgs, report: ReportViolation) -> None:
    days = _known(args, "backupRetentionPeriod")
    if args.resource_type == _INSTANCE and not (isinstance(days, int | float) and days >= MINIMUM_RETENTION_DAYS):
        report(f"backup_retention_period is {days}; set it to {MINIMUM_RETENTION_DAYS} or more", None)


def _survives_a_zone(args: ResourceValidationArgs, report: ReportViolation) -> None:
    if args.resource_type != _INSTANCE or _known(args, "multiAz") is True:
        return
    identifier = _known(args, "identifier")
    if not (isinstance(identifier, str) and identifier.endswith("-reporting")):
        report("multi_az is not set; without a standby the loss of one zone stops trading", None)


database_keeps_backups = ResourceValidationPolicy(
    name="rds-instance-require-backups",
    description="Every database can be restored to any moment of the last two weeks.",
    validate=_keeps_backups,
)

database_survives_a_zone = ResourceValidationPolicy(
    name="rds-instance-require-multi-az",
    description="Every database that trades, or may have to, has a synchronous standby in another zone.",
    validate=_survives_a_zone,
)
