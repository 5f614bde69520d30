"""The pinned Go build of the Pulumi CLI, into the user's cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from .pins import REPO, PulumiPin, cache_directory

_SDK = "github.com/pulumi/pulumi/sdk/v3"
# The Python side of a Pulumi installation that the Go module of the SDK carries, as scripts.
PYTHON_EXEC = "pulumi-language-python-exec"
_SCRIPTS = ("python/dist/pulumi-analyzer-policy-python", f"python/cmd/{PYTHON_EXEC}")


def binary(pin: PulumiPin) -> Path:
    """Where the build is, or will be."""
    return _directory(pin) / "pulumi"


def run(pin: PulumiPin) -> Path:
    """Builds beside the target and moves the directory in: an interrupted build leaves nothing half-made."""
    module = REPO / pin.module
    target = _directory(pin)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="building-") as scratch:
        output = Path(scratch) / "bin"
        output.mkdir()
        flags = f"-s -w -X {_SDK}/go/common/version.Version={pin.version}"
        _go(module, "build", "-trimpath", "-ldflags", flags, "-o", str(output / "pulumi"), pin.package)
        sdk = Path(_go(module, "list", "-m", "-f", "{{.Dir}}", _SDK).strip())
        for script in _SCRIPTS:
            copy = shutil.copyfile(sdk / script, output / Path(script).name)
            copy.chmod(0o755)  # the module cache keeps no executable bits
        if not target.exists():
            output.rename(target)
    return binary(pin)


def reason(error: Exception) -> str:
    """The end of what the compiler said."""
    if isinstance(error, subprocess.CalledProcessError):
        return "\n".join(str(error.stderr).strip().splitlines()[-5:])
    return str(error)


def _go(module: Path, *arguments: str) -> str:
    environment = os.environ | {"CGO_ENABLED": "0"}
    command = ["go", *arguments]
    done = subprocess.run(command, cwd=module, env=environment, check=True, capture_output=True, text=True)
    return done.stdout


def _directory(pin: PulumiPin) -> Path:
    return cache_directory() / f"pulumi-{pin.version}-go"
