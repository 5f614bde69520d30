"""AWS's own schemas, as cfn-lint carries them, over what the program registers."""

from __future__ import annotations

import json

import pytest
from cfnlint.api import lint  # type: ignore[import-untyped]
from cfnlint.config import ManualArgs  # type: ignore[import-untyped]

from tests.cloudformation import template
from tests.conftest import Journey
from tests.harness import Deployment


def findings(deployment: Deployment, region: str) -> list[str]:
    text = json.dumps(template(deployment.custom()))
    return [f"{m.rule.id} {m.message} {m.path}" for m in lint(text, config=ManualArgs(regions=[region]))]


@pytest.mark.parametrize("state", ["bootstrap", "primary_active", "dr_standby", "dr_active", "primary_standby"])
def test_nothing_breaks_awss_schemas(journey: Journey, state: str) -> None:
    deployment: Deployment = getattr(journey, state)
    assert len(template(deployment.custom())["Resources"]) >= 2
    assert findings(deployment, deployment.exports.get("region", "eu-west-3")) == []


def test_a_wrong_value_is_found(journey: Journey) -> None:
    wrong = template(journey.primary_active.custom())
    [database] = [r for r in wrong["Resources"].values() if r["Type"] == "AWS::RDS::DBInstance"]
    database["Properties"]["DBInstanceClass"] = "db.r8g.tiny"
    found = [m.rule.id for m in lint(json.dumps(wrong), config=ManualArgs(regions=["eu-central-1"]))]
    assert "E3025" in found
