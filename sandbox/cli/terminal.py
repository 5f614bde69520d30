"""What the sandbox says on the terminal: announcements between the engine's own progress, and errors."""

from __future__ import annotations

import sys

from rich.console import Console

# Piped, nothing limits the width of a table; on a terminal, the terminal does.
console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 200)


class SandboxError(Exception):
    """Something the user can set right; the message says what is wrong and what to do."""


def say(message: str) -> None:
    """Announce what the sandbox is about to do, or what it found."""
    console.print(f"[bold cyan]sandbox[/] {message}")


def headline(message: str) -> None:
    """Set off the engine's next operation."""
    console.rule(f"[bold]{message}", align="left")
