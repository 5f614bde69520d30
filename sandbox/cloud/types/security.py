"""KMS, IAM and Secrets Manager."""

# An id is called id, a property is called property, as in AWS and Pulumi.
# ruff: noqa: A002

from __future__ import annotations

import json
from typing import Any

from sandbox.cloud.call import Call, scramble
from sandbox.cloud.spec import Calls, Ref, Refusal, TypeSpec, Value, aws

KEY = aws("kms", "Key")
ROLE = aws("iam", "Role")
POLICY = aws("iam", "Policy")
PROFILE = aws("iam", "InstanceProfile")
SECRET = aws("secretsmanager", "Secret")
SECRET_VERSION = aws("secretsmanager", "SecretVersion")

AWS_POLICIES = ("arn:aws:iam::aws:policy/", "arn:aws-cn:iam::aws:policy/", "arn:aws-us-gov:iam::aws:policy/")


# KMS


def _default_policy(call: Call) -> str:
    principal = call.render("arn:{partition}:iam::{account}:root")
    statement = {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": "kms:*",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]})


def _is_document(property: str, code: str) -> Any:
    def check(call: Call) -> None:
        text = call.inputs.get(property)
        if text is None:
            return
        try:
            document = json.loads(text)
        except ValueError:
            document = None
        if not isinstance(document, dict) or "Statement" not in document:
            raise call.refusal(code, "Syntax errors in policy.")

    return check


is_document = _is_document


def _not_locked_out(call: Call) -> None:
    """KMS refuses a policy that nobody of the account could change afterwards."""
    policy = call.inputs.get("policy")
    if policy and not call.inputs.get("bypassPolicyLockoutSafetyCheck") and call.account not in policy:
        message = "The new key policy will not allow you to update the key policy in the future."
        raise call.refusal("MalformedPolicyDocumentException", message)


def _key_pending(call: Call) -> None:
    window = call.state.get("deletionWindowInDays", 30)
    until = call.store.clock() + window * 86400
    call.store.retain("kms key pending deletion", call.region, call.id, {"arn": call.state["arn"], "until": until})


def _key_window(call: Call) -> None:
    window = call.inputs.get("deletionWindowInDays")
    if window is not None and not 7 <= window <= 30:
        raise call.refusal("ValidationException", f"PendingWindowInDays must be between 7 and 30, got {window}")


def _alias_name(call: Call) -> None:
    name = call.inputs.get("name", "")
    if not name.startswith("alias/") or name.startswith("alias/aws/"):
        raise call.refusal(
            "ValidationException", f"Alias name {name!r} must begin with 'alias/', and not with 'alias/aws/'"
        )


# IAM


def _role_free(call: Call) -> None:
    attached = [
        record
        for token in (aws("iam", "RolePolicyAttachment"), aws("iam", "RolePolicy"))
        for record in call.siblings(token)
        if record.properties.get("role") in (call.id, call.state["arn"])
    ]
    if attached and not call.state.get("forceDetachPolicies"):
        raise call.refusal("DeleteConflict", "Cannot delete entity, must detach all policies first.")
    if any(record.properties.get("role") == call.id for record in call.siblings(PROFILE)):
        raise call.refusal("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.")


def _attachments(call: Call) -> int:
    records = call.siblings(aws("iam", "RolePolicyAttachment"))
    return sum(record.properties.get("policyArn") == call.get("arn") for record in records)


def iam_arn(kind: str) -> Value:
    """The ARN template of an IAM entity, its path included."""
    return lambda call: call.render(
        f"arn:{{partition}}:iam::{{account}}:{kind}{{path_}}{{name}}", path_=call.get("path") or "/"
    )


# Secrets Manager


def _name_free(call: Call) -> None:
    name = call.inputs.get("name")
    for held in call.store.retained("secret pending deletion"):
        if (
            held.region == call.region
            and held.properties["name"] == name
            and held.properties["until"] > call.store.clock()
        ):
            message = "You can't create this secret because a secret with this name is already scheduled for deletion."
            raise call.refusal("InvalidRequestException", message)


def _replicate(call: Call) -> None:
    """Replicas are written by the home region, which calls each peer."""
    for replica in call.inputs.get("replicas") or []:
        if replica["region"] == call.region:
            raise call.refusal("InvalidParameterException", f"Invalid replica region {call.region}.")
        call.api("ReplicateSecretToRegions")
        call.api("ReplicateSecretToRegions", region=replica["region"])


def _replicas_shown(call: Call) -> None:
    shown = []
    for replica in call.state.get("replicas") or []:
        shown.append(
            {
                "status": "InSync",
                "statusMessage": "",
                "lastAccessedDate": "",
                "kmsKeyId": "alias/aws/secretsmanager",
                **replica,
            }
        )
    if shown:
        call.state["replicas"] = shown


def _replicas_removed(call: Call) -> None:
    """The provider removes the replicas first: a secret that has any cannot be deleted."""
    for replica in call.state.get("replicas") or []:
        call.api("RemoveRegionsFromReplication")
        call.api("RemoveRegionsFromReplication", region=replica["region"])


def _secret_pending(call: Call) -> None:
    days = call.state.get("recoveryWindowInDays", 30)
    for record in call.siblings(SECRET_VERSION):
        if record.properties["secretId"] in (call.id, call.state["name"]):
            call.store.remove(call.region, SECRET_VERSION, record.id)
    if days:
        kept = {"name": call.state["name"], "until": call.store.clock() + days * 86400}
        call.store.retain("secret pending deletion", call.region, call.id, kept)


def _recovery_window(call: Call) -> None:
    days = call.inputs.get("recoveryWindowInDays", 30)
    if days and not 7 <= days <= 30:
        raise call.refusal(
            "InvalidParameterException",
            "RecoveryWindowInDays value must be between 7 and 30 days (inclusive).",
        )


def _some_value(call: Call) -> None:
    if not any(call.inputs.get(key) is not None for key in ("secretString", "secretBinary", "secretStringWo")):
        raise call.refusal("InvalidRequestException", "You must provide either SecretString or SecretBinary.")


def _secret_arn(call: Call) -> str:
    record = call.find(SECRET, call.inputs["secretId"]) or call.find(SECRET, call.inputs["secretId"], "name")
    return record.id if record else ""


SPECS: tuple[TypeSpec, ...] = (
    TypeSpec(
        token=KEY,
        service="kms",
        calls=Calls("CreateKey", "DescribeKey", "PutKeyPolicy", "ScheduleKeyDeletion"),
        id="{uuid}",
        replace_on=("customerMasterKeySpec", "customKeyStoreId", "keyUsage", "multiRegion", "xksKeyId"),
        requires={},
        defaults={
            "bypassPolicyLockoutSafetyCheck": False,
            "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "enableKeyRotation": False,
            "isEnabled": True,
            "keyUsage": "ENCRYPT_DECRYPT",
        },
        outputs={
            "arn": "arn:{partition}:kms:{region}:{account}:key/{id}",
            "keyId": "{id}",
            "multiRegion": False,
            "policy": _default_policy,
            "rotationPeriodInDays": lambda call: 365 if call.inputs.get("enableKeyRotation") else 0,
        },
        empty=("description",),
        members={"tags": "", "tagsAll": ""},
        on_create=(_is_document("policy", "MalformedPolicyDocumentException"), _not_locked_out, _key_window),
        on_update=(_is_document("policy", "MalformedPolicyDocumentException"), _not_locked_out, _key_window),
        after_delete=(_key_pending,),
        not_found=Refusal("NotFoundException", "Key '{value}' does not exist"),
    ),
    TypeSpec(
        token=aws("kms", "Alias"),
        service="kms",
        calls=Calls("CreateAlias", "ListAliases", "UpdateAlias", "DeleteAlias"),
        id="{name}",
        replace_on=("name", "namePrefix"),
        requires={"targetKeyId": (Ref(KEY), Ref(KEY, "arn"))},
        outputs={
            "arn": "arn:{partition}:kms:{region}:{account}:{name}",
            "targetKeyArn": lambda call: (
                call.inputs["targetKeyId"]
                if call.inputs["targetKeyId"].startswith("arn:")
                else call.render("arn:{partition}:kms:{region}:{account}:key/{targetKeyId}")
            ),
        },
        renewed=("targetKeyArn",),
        empty=("name", "namePrefix"),
        members={"name": "AliasName"},
        on_create=(_alias_name,),
        unique=("name",),
        taken=Refusal("AlreadyExistsException", "An alias with the name {name} already exists"),
    ),
    TypeSpec(
        token=ROLE,
        service="iam",
        scope="global",
        calls=Calls("CreateRole", "GetRole", "UpdateRole", "DeleteRole"),
        id="{name}",
        replace_on=("name", "namePrefix", "path"),
        requires={"permissionsBoundary": Ref(POLICY, "arn", outside=AWS_POLICIES)},
        autoname="name",
        name_length=64,
        defaults={"forceDetachPolicies": False, "maxSessionDuration": 3600, "path": "/"},
        outputs={"arn": iam_arn("role"), "createDate": "{now}", "uniqueId": "AROA{upper17}"},
        live={
            "managedPolicyArns": lambda call: (
                call.get("managedPolicyArns")
                or sorted(
                    record.properties["policyArn"]
                    for record in call.siblings(aws("iam", "RolePolicyAttachment"))
                    if record.properties["role"] == call.id
                )
            )
        },
        empty=("inlinePolicies",),
        members={"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument", "tags": ""},
        unique=("name",),
        taken=Refusal("EntityAlreadyExists", "Role with name {name} already exists."),
        not_found=Refusal("NoSuchEntity", "The role with name {value} cannot be found."),
        in_use=Refusal("DeleteConflict", "Cannot delete entity, it is used by {user}."),
        on_create=(_is_document("assumeRolePolicy", "MalformedPolicyDocument"),),
        on_update=(_is_document("assumeRolePolicy", "MalformedPolicyDocument"),),
        on_delete=(_role_free,),
    ),
    TypeSpec(
        token=aws("iam", "RolePolicy"),
        service="iam",
        scope="global",
        calls=Calls("PutRolePolicy", "GetRolePolicy", "PutRolePolicy", "DeleteRolePolicy"),
        id="{role}:{name}",
        replace_on=("name", "namePrefix", "role"),
        requires={"role": Ref(ROLE)},
        autoname="name",
        name_length=128,
        members={"name": "PolicyName", "role": "RoleName", "policy": "PolicyDocument"},
        on_create=(_is_document("policy", "MalformedPolicyDocument"),),
        on_update=(_is_document("policy", "MalformedPolicyDocument"),),
    ),
    TypeSpec(
        token=aws("iam", "RolePolicyAttachment"),
        service="iam",
        scope="global",
        calls=Calls("AttachRolePolicy", "ListAttachedRolePolicies", "", "DetachRolePolicy"),
        id="{role}-{digits26}",
        replace_on=("role", "policyArn"),
        requires={"role": Ref(ROLE), "policyArn": Ref(POLICY, "arn", blocks=True, outside=AWS_POLICIES)},
        members={"role": "RoleName"},
    ),
    TypeSpec(
        token=POLICY,
        service="iam",
        scope="global",
        calls=Calls("CreatePolicy", "GetPolicy", "CreatePolicyVersion", "DeletePolicy"),
        id=iam_arn("policy"),
        replace_on=("name", "namePrefix", "path", "description"),
        requires={},
        autoname="name",
        name_length=128,
        defaults={"path": "/"},
        outputs={"arn": "{id}", "policyId": "ANPA{upper17}"},
        live={"attachmentCount": _attachments},
        members={"name": "PolicyName", "policy": "PolicyDocument", "tags": ""},
        unique=("name", "path"),
        taken=Refusal("EntityAlreadyExists", "A policy called {name} already exists. Duplicate names are not allowed."),
        not_found=Refusal("NoSuchEntity", "Policy {value} does not exist or is not attachable."),
        in_use=Refusal("DeleteConflict", "Cannot delete a policy attached to entities."),
        on_create=(_is_document("policy", "MalformedPolicyDocument"),),
        on_update=(_is_document("policy", "MalformedPolicyDocument"),),
    ),
    TypeSpec(
        token=PROFILE,
        service="iam",
        scope="global",
        calls=Calls("CreateInstanceProfile", "GetInstanceProfile", "AddRoleToInstanceProfile", "DeleteInstanceProfile"),
        id="{name}",
        replace_on=("name", "namePrefix", "path"),
        requires={"role": Ref(ROLE)},
        autoname="name",
        name_length=128,
        defaults={"path": "/"},
        outputs={"arn": iam_arn("instance-profile"), "createDate": "{now}", "uniqueId": "AIPA{upper17}"},
        members={"name": "InstanceProfileName", "tags": ""},
        unique=("name",),
        taken=Refusal("EntityAlreadyExists", "Instance Profile {name} already exists."),
        not_found=Refusal("NoSuchEntity", "Instance Profile {value} cannot be found."),
    ),
    TypeSpec(
        token=aws("iam", "OpenIdConnectProvider"),
        service="iam",
        scope="global",
        calls=Calls(
            "CreateOpenIDConnectProvider",
            "GetOpenIDConnectProvider",
            "UpdateOpenIDConnectProviderThumbprint",
            "DeleteOpenIDConnectProvider",
        ),
        id=lambda call: call.render(
            "arn:{partition}:iam::{account}:oidc-provider/{host}",
            host=call.inputs["url"].removeprefix("https://"),
        ),
        replace_on=("url",),
        requires={},
        outputs={"arn": "{id}", "thumbprintLists": [scramble("hex", 40)]},
        members={"tags": ""},
        unique=("url",),
        taken=Refusal("EntityAlreadyExists", "Provider with url {url} already exists."),
    ),
    TypeSpec(
        token=SECRET,
        service="secretsmanager",
        calls=Calls("CreateSecret", "DescribeSecret", "UpdateSecret", "DeleteSecret"),
        id="arn:{partition}:secretsmanager:{region}:{account}:secret:{name}-{letters6}",
        replace_on=("name", "namePrefix"),
        requires={"kmsKeyId": (Ref(KEY, "arn"), Ref(KEY), Ref(aws("kms", "Alias")))},
        autoname="name",
        name_length=512,
        defaults={"forceOverwriteReplicaSecret": False, "recoveryWindowInDays": 30},
        outputs={"arn": "{id}"},
        empty=("policy",),
        members={"tags": "", "replicas": ""},
        unique=("name",),
        taken=Refusal("ResourceExistsException", "The operation failed because the secret {name} already exists."),
        not_found=Refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret."),
        on_create=(_name_free, _recovery_window, _replicate),
        on_update=(_recovery_window, lambda call: _replicate(call) if call.changed("replicas") else None),
        on_delete=(_replicas_removed,),
        after_create=(_replicas_shown,),
        after_update=(_replicas_shown,),
        after_delete=(_secret_pending,),
    ),
    TypeSpec(
        token=SECRET_VERSION,
        service="secretsmanager",
        calls=Calls("PutSecretValue", "GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage"),
        id="{secretId}|terraform-{digits26}",
        replace_on=("secretId", "secretString", "secretBinary", "secretStringWoVersion"),
        requires={"secretId": (Ref(SECRET), Ref(SECRET, "name"))},
        outputs={
            "arn": _secret_arn,
            "secretArn": _secret_arn,
            "versionId": lambda call: call.id.rsplit("|", 1)[1],
            "versionStages": ["AWSCURRENT"],
            "hasSecretStringWo": lambda call: "secretStringWo" in call.inputs,
        },
        write_only={"secretStringWo": "secretStringWoVersion"},
        secret=("secretString", "secretBinary"),
        on_create=(_some_value,),
    ),
)
