"""Times previews in turn, so that a busy moment of the machine falls on all programs alike."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from sandbox.cli.engine import Engine
from sandbox.cli.workspace import Workspace

_IMPORTS_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Timing:
    """Wall times of one program's previews, in seconds."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one."""
        return median(self.seconds)


def interleaved(engines: Mapping[str, Engine], rounds: int) -> Mapping[str, Timing]:
    """One uncounted round to warm the caches, then every program once per round."""
    samples: dict[str, list[float]] = {name: [] for name in engines}
    for round_number in range(rounds + 1):
        for name, engine in engines.items():
            started = time.perf_counter()
            engine.ask("preview")
            if round_number:
                samples[name].append(time.perf_counter() - started)
    return {name: Timing(tuple(each)) for name, each in samples.items()}


def registered(engine: Engine) -> Counter[str]:
    """How many resources of each type a preview registers, components left out."""
    steps = engine.plan()
    types = (step["urn"].split("::")[2].split("$")[-1] for step in steps if step["newState"]["custom"])
    return Counter(each for each in types if not each.startswith("pulumi:"))


def provider_start(workspace: Workspace, package: str) -> float:
    """From exec until a provider prints its port."""
    command = [str(workspace.plugins / f"pulumi-resource-{package}"), "127.0.0.1:0"]
    started = time.perf_counter()
    environment, quiet = workspace.environment(), subprocess.DEVNULL
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=quiet, env=environment) as process:
        if process.stdout is not None:  # for the type checker: it was asked for
            process.stdout.readline()
        seconds = time.perf_counter() - started
        process.terminate()
    return seconds


def slowest_imports(program: Path) -> Sequence[tuple[str, float]]:
    """The packages whose own modules cost most to import, by Python's account, in seconds."""
    command = [sys.executable, "-X", "importtime", str(program)]
    report = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    packages: dict[str, float] = {}
    for line in report.splitlines():
        _, _, rest = line.partition("import time:")
        fields = [field.strip() for field in rest.split("|")]
        if len(fields) == 3 and fields[0].isdigit():
            own, package = float(fields[0]) / 1e6, ".".join(fields[2].split(".")[:2])
            packages[package] = packages.get(package, 0.0) + own
    return sorted(packages.items(), key=lambda item: -item[1])[:_IMPORTS_SHOWN]
