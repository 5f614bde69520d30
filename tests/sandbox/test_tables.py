"""Every table row against the SDK's classes and botocore's operations."""

from __future__ import annotations

import dataclasses

import pytest

from sandbox.cloud import Cloud, CloudError, Store
from sandbox.cloud.limits import model
from sandbox.cloud.schema import shape
from sandbox.cloud.spec import Ref, TypeSpec
from sandbox.cloud.types import SPECS

EVERY_TYPE = pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS.keys())


@EVERY_TYPE
def test_every_output_that_the_sdk_promises_is_set_or_listed_as_empty(spec: TypeSpec) -> None:
    declared = shape(spec.token)
    named = {spec.autoname, f"{spec.autoname}Prefix"} if spec.autoname else set()
    filled = {"region", "tagsAll"} if spec.scope == "regional" else {"tagsAll"}
    accounted = {*spec.outputs, *spec.live, *spec.empty, *spec.defaults, *spec.nested, *spec.write_only, *spec.secret}
    assert declared.mandatory - accounted - declared.required - named - filled == set()


@EVERY_TYPE
def test_a_table_names_only_properties_that_the_sdk_has(spec: TypeSpec) -> None:
    declared = shape(spec.token)
    known = declared.inputs | declared.outputs.keys()
    named = {*spec.outputs, *spec.live, *spec.empty, *spec.defaults, *spec.nested, *spec.members, *spec.write_only,
             *spec.replace_on, *spec.secret, *spec.renewed, *(path.split(".")[0] for path in spec.unique)}  # fmt: skip
    assert named - known == set()
    assert {path.split(".")[0] for path in spec.requires} - declared.inputs == set()


def test_no_type_can_be_added_without_replacement_and_dependency_rules() -> None:
    stated = {f.name for f in dataclasses.fields(TypeSpec) if f.default is f.default_factory is dataclasses.MISSING}
    assert {"replace_on", "requires"} <= stated


@EVERY_TYPE
def test_what_a_type_refers_to_is_emulated_and_says_what_being_in_use_means(spec: TypeSpec) -> None:
    for refs in spec.requires.values():
        for ref in (refs,) if isinstance(refs, Ref) else refs:
            assert ref.to in SPECS
            assert not ref.blocks or SPECS[ref.to].in_use, f"{ref.to} states no error for being in use"


@EVERY_TYPE
def test_every_operation_is_one_of_the_services_own(spec: TypeSpec) -> None:
    calls = {call for call in dataclasses.astuple(spec.calls) if call}
    assert spec.scope == "local" or calls <= set(model(spec.service).operation_names)


@EVERY_TYPE
def test_an_update_operation_is_missing_only_where_every_input_replaces(spec: TypeSpec) -> None:
    changeable = shape(spec.token).inputs - set(spec.replace_on) - {"region", "tags"}
    assert spec.calls.update or spec.scope == "local" or not changeable, sorted(changeable)


def test_an_unknown_type_is_an_error_that_names_it() -> None:
    with pytest.raises(CloudError, match="does not emulate the resource type aws:iot/thing:Thing"):
        Cloud(Store()).create("aws:iot/thing:Thing", {}, region="eu-west-1")


def test_an_unknown_lookup_is_an_error_that_names_it() -> None:
    with pytest.raises(CloudError, match="does not emulate the lookup aws:ec2/getAmi:getAmi"):
        Cloud(Store()).invoke("aws:ec2/getAmi:getAmi", {}, "eu-west-1")


def test_an_output_left_out_of_a_table_is_found_at_the_first_create() -> None:
    token = "aws:sns/topic:Topic"
    spec = dataclasses.replace(SPECS[token], outputs={"arn": "{id}"})
    with pytest.raises(RuntimeError, match=r"aws:sns/topic:Topic: the table sets no output .*policy"):
        Cloud(Store(), specs={**SPECS, token: spec}).create(token, {"name": "t"}, region="eu-west-1")
