"""The policy pack's entry: `pulumi preview --policy-pack policies`. Rules are importable, this file is not."""

import sys
from pathlib import Path

# The analyzer runs this file by its folder; the rules and the limits they share stand beside it.
sys.path.insert(0, str(Path(__file__).parent.parent))

from policies.pack import serve

serve()
