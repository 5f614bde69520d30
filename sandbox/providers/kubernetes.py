"""A Kubernetes API server that stores what it is given: enough to see what a program deploys, and where."""

# The methods are those of the cloud that the server expects, whether they need every argument or not.
# ruff: noqa: A001, A002

from __future__ import annotations

import importlib
import re
import uuid
from collections.abc import Mapping
from typing import Any

from sandbox.cloud import CloudError, Store
from sandbox.cloud.engine import Diff
from sandbox.cloud.paths import UNKNOWN, covers, has_unknown
from sandbox.cloud.spec import aws
from sandbox.cloud.store import Operation
from sandbox.providers.settings import Settings, decoded

HELM = ("kubernetes:helm.sh/v3:Release", "kubernetes:helm.sh/v4:Chart")
_CLUSTER_SCOPED = frozenset(
    {
        "Namespace",
        "Node",
        "PersistentVolume",
        "ClusterRole",
        "ClusterRoleBinding",
        "StorageClass",
        "IngressClass",
        "PriorityClass",
        "CustomResourceDefinition",
        "MutatingWebhookConfiguration",
        "ValidatingWebhookConfiguration",
        "APIService",
        "CSIDriver",
    }
)
_ENDPOINT = re.compile(r"https://\S+?\.(?P<region>[a-z0-9-]+)\.eks\.amazonaws\.com")
Properties = dict[str, Any]


class Kubernetes:
    """Objects by kind, namespace and name, in the cluster that the provider's kubeconfig points at."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._endpoint = ""
        self._region = ""

    def configure(self, raw: Mapping[str, Any]) -> Settings:
        """Find the cluster's endpoint in the kubeconfig; there is no ambient cluster in the sandbox."""
        found = _ENDPOINT.search(str(raw.get("kubeconfig") or ""))
        if found:
            self._endpoint, self._region = found[0], found["region"]
        return Settings(region=self._region, raw={key: decoded(value) for key, value in raw.items()})

    def check(
        self,
        token: str,
        inputs: Mapping[str, Any],
        *,
        name: str = "",
        old: Mapping[str, Any] | None = None,
        seed: bytes | None = None,
        **_: Any,
    ) -> tuple[Properties, list[tuple[str, str]]]:
        """Fill in apiVersion, kind and a name."""
        _known(token)
        filled = dict(inputs)
        if token in HELM:
            filled.setdefault(
                "name", (old or {}).get("name") or f"{name}-{uuid.uuid5(uuid.NAMESPACE_URL, name).hex[:8]}"
            )
            filled.setdefault("namespace", "default")
            return filled, []
        _package, group, kind = token.split(":")
        filled.setdefault("apiVersion", group.removeprefix("core/"))
        filled.setdefault("kind", kind)
        given = filled.get("metadata")
        metadata: Properties = dict(given) if isinstance(given, Mapping) else {}
        before = (old or {}).get("metadata") or {}
        metadata.setdefault("name", before.get("name") or f"{name}-{uuid.uuid5(uuid.NAMESPACE_URL, name).hex[:8]}")
        if kind not in _CLUSTER_SCOPED:
            metadata.setdefault("namespace", "default")
        return {**filled, "metadata": metadata}, []

    def diff(
        self,
        token: str,
        id: str,
        old_inputs: Mapping[str, Any],
        old_state: Mapping[str, Any],
        new_inputs: Mapping[str, Any],
    ) -> Diff:
        """Anything may change in place but what identifies the object."""
        result = Diff()
        for key in sorted(old_inputs.keys() | new_inputs.keys()):
            old, new = old_inputs.get(key), new_inputs.get(key)
            if has_unknown(new) or not (covers(old, new) and covers(new, old)):
                result.changes[key] = (
                    "add" if key not in old_inputs else "delete" if key not in new_inputs else "update"
                )
        if "metadata" in result.changes and _identity(token, old_inputs) != _identity(token, new_inputs):
            result.replaces.append("metadata")
        result.replaces.extend([key for key in ("apiVersion", "kind") if key in result.changes])
        result.replaces.extend([key for key in ("name", "namespace") if key in result.changes and token in HELM])
        return result

    def create(
        self, token: str, inputs: Mapping[str, Any], *, preview: bool = False, name: str = "", **_: Any
    ) -> tuple[str, Properties]:
        """Store an object."""
        wanted, _failures = self.check(token, inputs, name=name)
        if preview:
            return "", wanted | ({"status": UNKNOWN} if token in HELM else {})
        id = _identity(token, wanted)
        self._call("create", token, id)
        key = f"{self._endpoint}/{id}"
        if self.store.get(self._home, token, key):
            raise CloudError(f'{token.rsplit(":", 1)[1]} "{id}" already exists')
        state = self._state(token, wanted)
        self.store.put(self._home, token, key, state)
        return id, state

    def read(
        self, token: str, id: str, inputs: Mapping[str, Any], state: Mapping[str, Any], region: str
    ) -> tuple[str, Properties, Properties]:
        """The object as stored."""
        self._call("get", token, id)
        record = self.store.get(self._home, token, f"{self._endpoint}/{id}")
        if record is None:
            return "", {}, {}
        drifted = {key: record.properties.get(key, value) for key, value in inputs.items()}
        kept = {key: value if covers(drifted[key], value) else drifted[key] for key, value in inputs.items()}
        return id, kept, record.properties

    def update(
        self,
        token: str,
        id: str,
        old_inputs: Mapping[str, Any],
        new_inputs: Mapping[str, Any],
        state: Mapping[str, Any],
        *,
        preview: bool = False,
        **_: Any,
    ) -> Properties:
        """Replace an object's content."""
        if preview:
            return dict(new_inputs) | {key: state[key] for key in ("status",) if key in state}
        self._call("patch", token, id)
        changed = self._state(
            token, dict(new_inputs), revision=int((state.get("status") or {}).get("revision") or 1) + 1
        )
        self.store.put(self._home, token, f"{self._endpoint}/{id}", changed)
        return changed

    def delete(self, token: str, id: str, state: Mapping[str, Any], region: str) -> None:
        """Delete an object."""
        self._call("delete", token, id)
        self.store.remove(self._home, token, f"{self._endpoint}/{id}")

    def invoke(self, token: str, args: Mapping[str, Any], region: str) -> Properties:
        """No lookups."""
        raise CloudError(f"the sandbox does not emulate the lookup {token}")

    def named_explicitly(self, token: str, inputs: Mapping[str, Any], filled: list[str]) -> bool:
        """An object's name is part of its id: a replacement always gets another."""
        return False

    @property
    def _home(self) -> str:
        return self._region or "kubernetes"

    def _call(self, verb: str, token: str, id: str) -> None:
        """Log an API call; the cluster must be there and its region reachable."""
        error = ""
        if not self._endpoint:
            error = "configured Kubernetes cluster is unreachable: no EKS endpoint in the provider's kubeconfig"
        elif self._region in self.store.regions_off():
            error = f'Get "{self._endpoint}/api": dial tcp: i/o timeout'
        elif self.store.find(aws("eks", "Cluster"), "endpoint", self._endpoint, self._region) is None:
            error = (
                f'Get "{self._endpoint}/api": dial tcp: lookup {self._endpoint.removeprefix("https://")}: no such host'
            )
        self.store.log(Operation(self.store.clock(), self._home, "kubernetes", verb, token, id, error))
        if error:
            raise CloudError(error)

    def _state(self, token: str, wanted: Properties, revision: int = 1) -> Properties:
        if token in HELM:
            chart = str(wanted.get("chart", "")).rsplit("/", 1)[-1]
            status = {
                "appVersion": "",
                "chart": chart,
                "name": wanted["name"],
                "namespace": wanted["namespace"],
                "revision": revision,
                "status": "deployed",
                "version": wanted.get("version") or "",
            }
            return wanted | {"status": status, "resourceNames": {}}
        metadata = {"uid": str(uuid.uuid4()), "generation": revision, **wanted["metadata"]}
        return wanted | {"metadata": metadata}


def _identity(token: str, inputs: Mapping[str, Any]) -> str:
    place = inputs if token in HELM else inputs.get("metadata") or {}
    namespace = place.get("namespace")
    return f"{namespace}/{place.get('name')}" if namespace else str(place.get("name"))


def _known(token: str) -> None:
    """Kinds are those of the SDK; a CustomResource carries its own."""
    try:
        _package, group, kind = token.split(":")
        if token in HELM or (
            "." in group and not group.endswith(".k8s.io") and "/" in group and not group.startswith("helm")
        ):
            return
        name, version = group.split("/")
        module = importlib.import_module(f"pulumi_kubernetes.{name.split('.')[0]}.{version}")
        getattr(module, kind)
    except (ValueError, ImportError, AttributeError):
        raise CloudError(f"the sandbox does not emulate the resource type {token}") from None
