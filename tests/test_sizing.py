"""Sizing, for any rate and any number of zones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.sizing import (
    CONNECTIONS_PER_REPLICA,
    MAX_ZONES,
    REPLICA_TPS,
    RESERVED_CONNECTIONS,
    SERVICE_TIME_SECONDS,
    AppSizing,
    DoesNotFitError,
    check_fits,
    size_app,
    size_database,
    size_instances,
)

RATES = st.integers(1, 100_000)
ZONES = st.integers(2, MAX_ZONES)
Size = Callable[[int, int], AppSizing]
MODES = pytest.mark.parametrize("size", [size_app, size_instances])


@MODES
@pytest.mark.parametrize("rate", [1_000, 10_000, 50_000])
@pytest.mark.parametrize("zones", [2, 3, 4])
def test_a_site_that_lost_all_zones_but_one_still_carries_the_target(size: Size, rate: int, zones: int) -> None:
    assert size(rate, zones).capacity(zones=1) >= rate


@MODES
@given(rate=RATES, zones=ZONES)
def test_one_zone_carries_any_rate_and_no_layer_is_idle_twice_over(size: Size, rate: int, zones: int) -> None:
    sizing = size(rate, zones)
    assert sizing.capacity(zones=1) >= rate
    assert sizing.capacity(zones=0) == 0, "capacity comes from zones"
    assert sizing.max_replicas_per_zone >= sizing.replicas_per_zone >= sizing.standby_replicas_per_zone
    assert sizing.max_nodes_per_zone * 6 >= sizing.max_replicas_per_zone, "every replica has a node"


@given(rate=RATES, zones=ZONES)
def test_all_pools_of_both_modes_leave_the_reserve(rate: int, zones: int) -> None:
    eks, asg = size_app(rate, zones), size_instances(rate, zones)
    check_fits(size_database(rate).max_connections, eks, asg)
    everything = eks.max_server_connections + asg.max_server_connections
    assert everything + RESERVED_CONNECTIONS <= size_database(rate).max_connections


@MODES
@given(rate=RATES, zones=ZONES)
def test_one_zones_poolers_take_every_zones_clients(size: Size, rate: int, zones: int) -> None:
    sizing = size(rate, zones)
    clients = zones * sizing.max_replicas_per_zone * CONNECTIONS_PER_REPLICA
    assert sizing.poolers_per_zone * sizing.max_client_connections >= clients


@MODES
@given(rate=st.integers(1, 99_999))
def test_more_rate_never_needs_less(size: Size, rate: int) -> None:
    fewer, more = size(rate, 2), size(rate + 1, 2)
    assert fewer.replicas_per_zone <= more.replicas_per_zone
    assert fewer.poolers_per_zone <= more.poolers_per_zone
    before, after = size_database(rate), size_database(rate + 1)
    assert (before.iops, before.vcpus) <= (after.iops, after.vcpus)


def test_the_default_rate_in_numbers() -> None:
    sizing = size_app(10_000, 2)
    assert sizing.replicas_per_zone == 34  # 10,000 / 300
    assert sizing.poolers_per_zone == 4  # 10,000 x 5 / 15,000
    assert sizing.server_connections_per_pooler == 25  # 10,000 x 10 ms / 4
    assert sizing.max_server_connections == 2 * 5 * 27
    assert sizing.replicas_per_zone * REPLICA_TPS >= 10_000
    assert sizing.poolers_per_zone * 25 / SERVICE_TIME_SECONDS == 10_000
    assert size_database(10_000).instance_class == "db.r8g.4xlarge"


def test_a_database_that_takes_too_few_is_refused_with_the_arithmetic() -> None:
    with pytest.raises(DoesNotFitError) as refused:
        check_fits(300, size_app(10_000, 2))
    assert "2 zones x 5 poolers x 27 = 270" in str(refused.value)
    assert "300 less 100 in reserve = 200" in str(refused.value)
    assert "370 or more" in str(refused.value)


def test_what_grows_by_hand_is_refused_too() -> None:
    sizing = size_app(10_000, 2)
    with pytest.raises(DoesNotFitError):
        check_fits(size_database(10_000).max_connections, replace(sizing, max_poolers_per_zone=500))


@MODES
@pytest.mark.parametrize("zones", [0, 1, 5])
def test_a_number_of_zones_that_no_site_has_is_refused(size: Size, zones: int) -> None:
    with pytest.raises(ValueError, match="a site has 2 to 4"):
        size(10_000, zones)
