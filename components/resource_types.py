"""Resource types by SDK class, so that a renamed type breaks an import and not a comparison of texts."""

from __future__ import annotations

from typing import Any


def type_of(resource_class: Any) -> str:
    """An SDK class's type token, such as aws:rds/instance:Instance."""
    token: str = resource_class.pulumi_type
    return token
