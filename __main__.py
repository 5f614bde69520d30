"""The program that `pulumi up` runs for each stack."""

from components import settings
from components.platform import build

build(settings.load())
