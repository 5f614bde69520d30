"""Configuration: what is right is read, what is wrong is named, all at once, before anything is made."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
import yaml

from bootstrap import settings as bootstrap_settings
from components import settings
from components.platform import build
from components.settings import SettingsError, parse
from components.settings.windows import Daily, Weekly
from tests.configuration import ACCOUNT, PEER, ROOT, as_text, committed, configuration
from tests.harness import deploy
from tools import orderable


def wrong(stack: str = "primary", **changes: Any) -> str:
    """The report on a stack's configuration with some changes."""
    with pytest.raises(SettingsError) as error:
        parse(configuration(stack, **changes), stack=stack)
    return str(error.value)


@pytest.mark.parametrize("stack", ["primary", "dr"])
def test_committed_stack_files_lack_only_what_belongs_to_an_account(stack: str) -> None:
    with pytest.raises(SettingsError) as error:
        parse(committed(stack), stack=stack)
    report = str(error.value)
    assert report.startswith(f"2 settings of stack {stack} cannot be built")
    assert "aws:allowedAccountIds" in report
    assert "trading:hostedZoneId" in report


@pytest.mark.parametrize("stack", ["primary", "dr"])
def test_committed_stack_files_build_with_an_account(stack: str) -> None:
    found = parse(configuration(stack), stack=stack)
    assert found.site == stack
    assert (found.region, found.role) == {
        "primary": ("eu-central-1", "active"),
        "dr": ("eu-west-1", "standby"),
    }[stack]


def test_the_two_committed_files_agree_on_each_other() -> None:
    primary, dr = (parse(configuration(stack), stack=stack) for stack in ("primary", "dr"))
    assert (primary.peer_region, primary.peer_cidr) == (dr.region, dr.cidr)
    assert (dr.peer_region, dr.peer_cidr) == (primary.region, primary.cidr)
    assert (primary.domain, primary.target_tps, primary.database) == (dr.domain, dr.target_tps, dr.database)


def test_committed_files_carry_nothing_of_a_backend() -> None:
    for path in [*ROOT.glob("Pulumi.*.yaml"), *(ROOT / "bootstrap").glob("Pulumi.*.yaml")]:
        assert set(yaml.safe_load(path.read_text())) == {"config"}, path
        assert "secure:" not in path.read_text()


def test_every_flat_setting_is_declared_with_type_and_meaning() -> None:
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    from_provider = {"region", "accountIds"}
    assert set(declared) == {f.alias for f in settings.Settings.model_fields.values()} - from_provider
    for key, item in declared.items():
        assert item["type"], key
        assert item["description"], key


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("primary", {"zones": ["euw1-az1", "euw1-az2"]}, "is not in eu-central-1, which has euc1-az1"),
    ("primary", {"zones": ["euc1-az1"]}, "one alone does not survive its own loss"),
    ("primary", {"zones": ["euc1-az1", "euc1-az1"]}, "two to four different zones"),
    ("primary", {"zones": "euc1-az1"}, "trading:zones"),
    ("primary", {"peerCidr": "10.20.0.0/16"}, "overlaps trading:cidr 10.20.0.0/16"),
    ("primary", {"cidr": "10.20.0.0/20"}, "must be a private /16"),
    ("primary", {"cidr": "54.10.0.0/16"}, "must be a private /16"),
    ("primary", {"cidr": "ten"}, "trading:cidr"),
    ("primary", {"database": {"instanceClass": "db.r8g.tiny"}}, "does not offer this class in eu-central-1"),
    ("primary", {"database": {"engineVersion": "18.99"}}, "it offers 17.1"),
    ("primary", {"database": {"retentionDays": 13}}, "greater than or equal to 14"),
    ("primary", {"database": {"retentionDays": 36}}, "less than or equal to 35"),
    ("primary", {"database": {"allocatedStorage": 100}}, "greater than or equal to 400"),
    ("primary", {"targetTps": 50_000}, "set 1600 or more"),
    ("primary", {"database": {"maxAllocatedStorage": 1000}}, "set 1100"),
    ("primary", {"database": {"backupWindow": "10:00-11:00"}}, "overlaps trading:tradingHours 06:00-21:00"),
    ("primary", {"database": {"backupWindow": "25:00-26:00"}}, "write it as hh:mm-hh:mm"),
    ("primary", {"database": {"maintenanceWindow": "wed:10:00-wed:11:00"}}, "is a failover"),
    ("primary", {"database": {"maintenanceWindow": "sat:22:00-sat:23:00"}}, "overlaps backupWindow 21:30-22:30"),
    ("primary", {"database": {"storageClass": "gp3"}}, "trading:database.storageClass is not a setting"),
    ("primary", {"database": {"storageType": "gp2"}}, "Set gp3 or io2"),
    (
        "primary",
        {"cache": {"nodeType": "cache.r7g.tiny"}},
        "does not offer this node type in eu-central-1; of cache.r7g",
    ),
    ("primary", {"cache": {"engineVersion": "7.0"}}, "it offers 7.2"),
    ("primary", {"cache": {"snapshotRetentionDays": 0}}, "greater than or equal to 1"),
    ("primary", {"cache": {"passwordVersion": 0}}, "one more rotates the application's password"),
    ("primary", {"cache": {"snapshotWindow": "10:00-11:00"}}, "overlaps trading:tradingHours 06:00-21:00"),
    ("primary", {"cache": {"snapshotWindow": "22:00-22:30"}}, "shorter than 60 minutes"),
    ("primary", {"cache": {"maintenanceWindow": "wed:10:00-wed:11:00"}}, "fails over and forgets sessions"),
    ("primary", {"cache": {"maintenanceWindow": "sun:06:00-sun:06:30"}}, "shorter than 60 minutes"),
    ("primary", {"cache": {"maintenanceWindow": "sun:23:00-mon:00:00"}}, "overlaps snapshotWindow 22:45-23:45"),
    ("primary", {"cache": {"evictionPolicy": "noeviction"}}, "trading:cache.evictionPolicy is not a setting"),
    ("primary", {"shieldAdvanced": "perhaps"}, "Set true or false"),
    ("primary", {"targetTps": -1}, "Set transactions per second, 1 to 100000"),
    ("primary", {"targetTPS": 1}, "trading:targetTPS is not a setting"),
    ("primary", {"compute": "ecs"}, "Set eks or asg"),
    ("primary", {"site": "backup"}, "Set primary or dr, for life"),
    ("primary", {"site": None}, "trading:site is not set"),
    ("primary", {"role": "standby", "peerStack": "dr"}, "generation 1 of the primary"),
    ("primary", {"region": "us-east-1"}, "must not share a region with the IAM and Route 53 control planes"),
    ("primary", {"region": "mars-north-1"}, "does not support this region"),
    ("primary", {"peerRegion": "us-west-2"}, "set one of eu-west-1, eu-west-2, eu-west-3"),
    ("primary", {"peerRegion": "eu-central-1"}, "cannot share a fence with eu-central-1"),
    ("primary", {"allowedAccountIds": ["1"]}, "aws:allowedAccountIds[0]"),
    ("primary", {"allowedAccountIds": ["111111111111", "222222222222"]}, "must name exactly one account"),
    ("primary", {"hostedZoneId": "example.com"}, "which the bootstrap prints as hostedZoneId"),
    ("primary", {"domain": "Trading_Example"}, "the hosted zone's name in lower case"),
    ("primary", {"protection": "maybe"}, "Set on, or off to tear the stack down"),
    ("primary", {"tradingHours": "always"}, "trading:tradingHours"),
    ("dr", {"peerStack": ""}, "a standby reads the active site's stack"),
    ("dr", {"peerStack": "acme/primary"}, "<organization>/<project>/<stack>"),
    ("dr", {"role": "active"}, "with role standby, bring the stack up and run: make peer"),
    ("dr", {"role": "active", "peer": {"site": "primary"}}, "databaseArn is missing"),
    ("dr", {"role": "active", "peer": {**PEER, "password": "x"}}, "password is unknown"),
]


@pytest.mark.parametrize(("stack", "changes", "says"), WRONG)
def test_a_wrong_value_is_named_with_what_to_set(stack: str, changes: dict[str, Any], says: str) -> None:
    report = wrong(stack, **changes)
    assert says in report
    assert f"Pulumi.{stack}.yaml" in report
    key = next(iter(changes))
    assert f":{key}" in report or key in ("targetTps", "role"), report


def test_all_wrong_values_are_reported_at_once() -> None:
    changes: dict[str, Any] = {
        "zones": ["euw1-az1", "euw1-az2"],
        "peerCidr": "10.20.0.0/16",
        "targetTps": -5,
        "computee": "eks",
        "peerStack": "a/b",
        "database": {"instanceClass": "db.x", "retentionDays": 1, "backupWindow": "09:00-10:00", "typo": 1},
    }
    assert wrong(**changes).startswith("9 settings of stack primary cannot be built")


def test_a_wrong_value_stops_before_anything_is_registered() -> None:
    from sandbox.cloud import Cloud, Store

    cloud = Cloud(Store())
    with pytest.raises(SettingsError):
        deploy(lambda: build(settings.load()), config=configuration("primary", targetTps=-1), cloud=cloud)
    assert cloud.store.resources() == []
    assert cloud.store.operations() == []


def test_settings_errors_print_without_a_traceback() -> None:
    assert issubclass(SettingsError, pulumi.RunError)


def test_a_secret_is_refused_unread() -> None:
    values = configuration("primary", domain="hunter2")
    with pytest.raises(SettingsError) as error:
        parse(values, stack="primary", secrets=frozenset({"trading:domain"}))
    assert "trading:domain is encrypted" in str(error.value)
    assert "hunter2" not in str(error.value)


def test_a_short_stack_name_is_completed_and_a_full_one_kept() -> None:
    seen: list[str] = []
    for name in ("primary", "acme/other/primary"):
        deploy(
            lambda: seen.append(settings.load().peer_stack),
            config=configuration("dr", peerStack=name),
            stack="dr",
        )
    assert seen == ["organization/trading/primary", "acme/other/primary"]


def test_a_default_that_does_not_fit_is_as_wrong_as_a_value() -> None:
    assert "trading:database.backupWindow" in wrong(tradingHours="06:00-22:00")


def test_the_bootstrap_lacks_only_the_account() -> None:
    values = committed("bootstrap", project=ROOT / "bootstrap", namespace="trading-bootstrap")
    with pytest.raises(SettingsError, match="One setting of stack bootstrap.*\n.*aws:allowedAccountIds"):
        bootstrap_settings.parse(values, stack="bootstrap")
    found = bootstrap_settings.parse(values | {k: as_text(v) for k, v in ACCOUNT.items()}, stack="bootstrap")
    assert len({found.primary_region, found.dr_region, found.region}) == 3


@pytest.mark.parametrize("region", ["eu-central-1", "eu-west-1", "us-east-2"])
def test_the_bootstrap_lives_in_a_third_region_of_the_same_quorum(region: str) -> None:
    values = committed("bootstrap", project=ROOT / "bootstrap", namespace="trading-bootstrap")
    values |= {k: as_text(v) for k, v in ACCOUNT.items()} | {"aws:region": region}
    with pytest.raises(SettingsError, match="set one of eu-west-2, eu-west-3"):
        bootstrap_settings.parse(values, stack="bootstrap")


def test_the_orderable_figures_are_cfn_lints() -> None:
    assert orderable.render() == orderable.TARGET.read_text(), "run: python -m tools.orderable"


@pytest.mark.parametrize(
    ("window", "hours", "overlap"),
    [
        ("sat:22:45-sat:23:45", "06:00-21:00", False),
        ("fri:20:00-fri:21:30", "06:00-21:00", True),
        ("sun:23:30-mon:00:30", "00:00-08:00", True),
        ("sun:23:30-mon:00:30", "06:00-21:00", False),
        ("mon:03:00-mon:04:00", "22:00-04:00", False),
        ("tue:03:00-tue:04:00", "22:00-04:00", True),
    ],
)
def test_trading_hours_are_mondays_to_fridays_and_may_pass_midnight(window: str, hours: str, overlap: bool) -> None:
    assert Weekly.parse(window).overlaps_trading(Daily.parse(hours)) is overlap
    assert str(Weekly.parse(window)) == window
