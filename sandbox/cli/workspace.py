"""The sandbox's directory: Pulumi projects that point at the clone, local state, and what is needed on PATH.

Pulumi writes its encryption salt into a stack's file, so the projects live here and not in the clone:
nothing that happens in the sandbox changes a tracked file.
"""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.language_host import EXECUTOR

from . import stackfile
from .build import PYTHON_EXEC
from .pins import REPO
from .stacks import BOOTSTRAP, Stack
from .tools import LANGUAGE_HOST, Cli

ACCOUNT = "123456789012"
HOSTED_ZONE = "hostedZoneId"
PROVIDERS = ("aws", "random", "kubernetes", "eks")

# They would make plain `pulumi` leave the sandbox, or ignore its providers.
FOREIGN = (
    "PULUMI_CONFIG_PASSPHRASE",
    "PULUMI_IGNORE_AMBIENT_PLUGINS",
    "PULUMI_STACK",
    "PULUMI_DEBUG_PROVIDERS",
)


@dataclass(frozen=True, slots=True)
class Workspace:
    """One sandbox: everything it knows is under `home`; `source` holds the programs."""

    home: Path
    source: Path = REPO

    @property
    def state(self) -> Path:
        """The local backend of all stacks."""
        return self.home / "state"

    @property
    def store(self) -> Path:
        """The emulated AWS."""
        return self.home / "cloud.sqlite"

    @property
    def bin(self) -> Path:
        """What an activated shell has in front on its PATH."""
        return self.home / "bin"

    @property
    def plugins(self) -> Path:
        """The emulated providers, and the stand-in language host where it is needed."""
        return self.home / "plugins"

    @property
    def policies(self) -> Path:
        """The policy pack."""
        return self.source / "policies"

    def project(self, stack: Stack) -> Path:
        """The directory of the stack's project in the sandbox."""
        return self.home / stack.directory

    def stack_file(self, stack: Stack) -> Path:
        """The sandbox's copy of the stack's file."""
        return self.project(stack) / f"Pulumi.{stack.name}.yaml"

    def variables(self) -> dict[str, str]:
        """What turns any shell's `pulumi` into the sandbox's."""
        return {
            "PULUMI_BACKEND_URL": self.state.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(self.home / "passphrase"),
            "PULUMI_HOME": str(self.home / "pulumi"),
            "PULUMI_PYTHON_CMD": sys.executable,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "TRADING_SANDBOX_HOME": str(self.home),
        }

    def environment(self) -> dict[str, str]:
        """This process's environment, turned to the sandbox."""
        inherited = {key: value for key, value in os.environ.items() if key not in FOREIGN}
        return inherited | self.variables() | {"PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}"}

    def prepare(self, cli: Cli) -> None:
        """Everything but the stack files; may be repeated."""
        self.state.mkdir(parents=True, exist_ok=True)
        passphrase = self.home / "passphrase"
        if not passphrase.exists():
            passphrase.touch(mode=0o600)
            passphrase.write_text(secrets.token_urlsafe(24))
        self._write_executables(cli)
        self._write_activation()

    def configure(self, stack: Stack, values: Mapping[str, Any], *, fresh: bool = False) -> None:
        """Copies project and stack file from the clone, adding what an account would have supplied."""
        self._write_project(stack)
        file = self.stack_file(stack)
        copied = self.home / "copied" / file.name
        committed = stackfile.read_config(self.source / stack.directory / file.name) | dict(values)
        own, base = (stackfile.read_config(file), stackfile.read_config(copied)) if not fresh else ({}, {})
        stackfile.write_config(file, stackfile.merge(base, committed, own))
        stackfile.write_config(copied, committed)

    def own_settings(self, stack: Stack) -> dict[str, Any]:
        """What the user (or a promotion) set in the sandbox and the committed file does not have."""
        file = self.stack_file(stack)
        copied = stackfile.read_config(self.home / "copied" / file.name)
        return {key: value for key, value in stackfile.read_config(file).items() if copied.get(key) != value}

    def setting(self, stack: Stack, key: str) -> Any:
        """One value of the stack in the sandbox."""
        return stackfile.read_config(self.stack_file(stack)).get(key)

    def set(self, stack: Stack, key: str, value: Any) -> None:
        """Change one value of the stack in the sandbox, as `pulumi config set` does."""
        file = self.stack_file(stack)
        stackfile.write_config(file, stackfile.read_config(file) | {key: value})

    def _write_project(self, stack: Stack) -> None:
        source, project = self.source / stack.directory, self.project(stack)
        project.mkdir(parents=True, exist_ok=True)
        content = yaml.safe_load((source / "Pulumi.yaml").read_text())
        content["main"] = os.path.relpath(source, project) + "/"
        environment = os.path.relpath(sys.prefix, project)
        content["runtime"] = {"name": "python", "options": {"toolchain": "pip", "virtualenv": environment}}
        content["plugins"] = self._local_plugins(project)
        (project / "Pulumi.yaml").write_text(yaml.safe_dump(content, sort_keys=False))

    def _local_plugins(self, project: Path) -> dict[str, list[dict[str, str]]]:
        """Pulumi's own way to name a plugin by its place; found on PATH, each would cost a warning a run."""
        path = os.path.relpath(self.plugins, project)
        plugins = {"providers": [{"name": package, "path": path} for package in PROVIDERS]}
        if (self.plugins / LANGUAGE_HOST).exists():
            plugins["languages"] = [{"name": "python", "path": path}]
        return plugins

    def _write_executables(self, cli: Cli) -> None:
        for directory in (self.bin, self.plugins):  # an official CLI may have replaced our build since
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir()
        _write_script(self.bin / "pulumi", f"exec {shlex.quote(str(cli.binary))}")
        for package in PROVIDERS:
            _write_module(self.plugins / f"pulumi-resource-{package}", f"sandbox.providers {package}")
        if cli.stand_in:
            executor = shlex.quote(str(cli.binary.parent / PYTHON_EXEC))
            _write_module(self.plugins / LANGUAGE_HOST, "sandbox.language_host", f"{EXECUTOR}={executor}")

    def _write_activation(self) -> None:
        lines = [f"unset {' '.join(FOREIGN)}"]
        lines += [f"export {key}={shlex.quote(value)}" for key, value in self.variables().items()]
        lines += [f'export PATH={shlex.quote(str(self.bin))}:"$PATH"', ""]
        (self.home / "activate").write_text("\n".join(lines))


def _write_module(script: Path, module: str, variable: str = "") -> None:
    python, path = shlex.quote(sys.executable), shlex.quote(str(REPO))
    _write_script(script, f"PYTHONPATH={path} {variable} exec {python} -m {module}")


def _write_script(script: Path, command: str) -> None:
    script.write_text(f'#!/bin/sh\n{command} "$@"\n')
    script.chmod(0o755)


def account_values(stack: Stack, hosted_zone: str | None = None) -> dict[str, Any]:
    """What the committed stack files leave out because it belongs to one AWS account."""
    values: dict[str, Any] = {"aws:allowedAccountIds": [ACCOUNT]}
    if stack != BOOTSTRAP and hosted_zone is not None:
        values[f"{stack.project}:{HOSTED_ZONE}"] = hosted_zone
    return values
