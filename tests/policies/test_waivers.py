"""A waiver needs a rule, a reason and a date, and ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from policies import tokens as t
from policies import waivers
from policies.audit import audit
from policies.graph import Graph, Node
from policies.judge import judge
from policies.rules import RULES

IDS = {rule.id for rule in RULES}
BUCKET = Graph([Node(t.BUCKET, "state", "urn:pulumi:bootstrap::p::t::state", {"forceDestroy": True}, protect=True)])
[KEPT] = [rule for rule in RULES if rule.id == "bucket-not-force-destroyed"]
LAST_DAY = date(2026, 12, 31)
TEXT = "- {rule: bucket-not-force-destroyed, resource: 'st*', reason: Because, expires: 2026-12-31}"


def test_no_waiver_has_expired() -> None:
    assert waivers.expired(waivers.load(IDS), datetime.now(UTC).date()) == []


def test_a_waiver_waives_until_its_last_day() -> None:
    known = waivers.load(IDS, TEXT)
    assert judge(BUCKET, [KEPT], waivers=known, today=LAST_DAY).findings == []
    [finding] = judge(BUCKET, [KEPT], waivers=known, today=LAST_DAY + timedelta(days=1)).findings
    assert finding.stops
    assert "expired on 2026-12-31" in finding.message


def test_a_waiver_waives_nothing_else() -> None:
    known = waivers.load(IDS, TEXT.replace("st*", "other*"))
    assert len(judge(BUCKET, [KEPT], waivers=known, today=LAST_DAY).findings) == 1


def test_an_expired_and_an_idle_waiver_fail_the_audit() -> None:
    idle = waivers.load(IDS, TEXT.replace("st*", "other*"))
    _, late = audit(BUCKET, known=idle, today=LAST_DAY + timedelta(days=1))
    assert [line.split(" ")[-3:] for line in late] == [["expired", "on", "2026-12-31"], ["nothing;", "remove", "it"]]


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("bucket-not-force-destroyed", "no-such-rule"),
        TEXT.replace(", reason: Because", ""),
        TEXT.replace("Because", "''"),
        TEXT.replace("2026-12-31", "soon"),
    ],
)
def test_an_incomplete_waiver_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="waiver 1"):
        waivers.load(IDS, text)
