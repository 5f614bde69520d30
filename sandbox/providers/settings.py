"""A provider's configuration: region, accounts and default tags, checked as the real provider checks them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.cloud import CloudError, Store
from sandbox.cloud.call import ACCOUNT
from sandbox.cloud.invokes import answer


@dataclass(frozen=True, slots=True)
class Settings:
    """What the provider was configured with."""

    region: str = ""
    default_tags: dict[str, str] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict)


def configure_aws(store: Store, raw: Mapping[str, Any]) -> Settings:
    """Read an aws provider's configuration; asks STS for the account, in the provider's own region."""
    values = {key: decoded(value) for key, value in raw.items()}
    region = values.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        raise CloudError("Invalid or missing region: set aws:region, or AWS_REGION in the environment")
    if not values.get("skipRequestingAccountId"):
        answer(store, "aws:index/getCallerIdentity:getCallerIdentity", {}, region)
    allowed, forbidden = values.get("allowedAccountIds"), values.get("forbiddenAccountIds") or []
    if (allowed and ACCOUNT not in allowed) or ACCOUNT in forbidden:
        raise CloudError(f"AWS account ID not allowed: {ACCOUNT}")
    tags = (values.get("defaultTags") or {}).get("tags") or {}
    return Settings(region, tags, values)


def decoded(value: Any) -> Any:
    """Nested configuration reaches a provider as JSON text."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    if value in ("true", "false"):
        return value == "true"
    return value
