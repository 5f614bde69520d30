"""The committed picture is of what the program registers."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from tests.conftest import Journey
from tests.harness import Deployment
from tools.diagram import TARGET, Stack, render


def stack(name: str, region: str, deployment: Deployment) -> Stack:
    resources = tuple((r.type, r.properties) for r in deployment.custom())
    return Stack(name, region, deployment.exports.get("role", ""), resources)


def drawn(journey: Journey) -> str:
    return render(
        stack("bootstrap", "eu-west-3", journey.bootstrap),
        stack("primary", "eu-central-1", journey.primary_active),
        stack("dr", "eu-west-1", journey.dr_standby),
    )


def test_the_committed_diagram_is_current(journey: Journey) -> None:
    assert drawn(journey) == TARGET.read_text(), "make sandbox, then: python -m tools.diagram"


def test_the_committed_picture_shows_every_part_of_the_text(journey: Journey) -> None:
    # Debian's PlantUML keeps a label's lines as texts of their own.
    shown = "".join(ET.parse(TARGET.with_suffix(".svg")).getroot().itertext())  # noqa: S314 - our own file
    for part in ("api.trading.example.com", "trading-primary-g1", "trading-dr-g1", "euc1-az3", "euw1-az2", "witness"):
        assert part in shown


def test_the_diagram_names_no_id_that_changes_with_each_run(journey: Journey) -> None:
    text = drawn(journey)
    for resource in journey.primary_active.custom():
        if resource.id.startswith(("vpc-", "subnet-", "sg-", "db-")):
            assert resource.id not in text
