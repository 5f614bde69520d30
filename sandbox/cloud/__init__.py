"""A small emulated AWS: one generic engine, one table per resource type."""

from sandbox.cloud.engine import Cloud
from sandbox.cloud.errors import CloudError
from sandbox.cloud.store import Operation, Record, Store

__all__ = ["Cloud", "CloudError", "Operation", "Record", "Store"]
