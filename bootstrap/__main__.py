"""The program that `pulumi -C bootstrap up` runs, once, before the two sites."""

import sys
from pathlib import Path

# Pulumi runs a program from its own folder; what it shares with the sites stands one above.
sys.path.insert(0, str(Path(__file__).parent.parent))

from bootstrap import settings
from bootstrap.program import build

build(settings.load())
