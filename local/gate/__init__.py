"""The S3 gate: what moto serves unverified is verified before it. `gate()` wraps moto's WSGI application."""

from local.gate.door import STATE_MACHINE_KEYS, gate
from local.gate.faults import Faults

__all__ = ["STATE_MACHINE_KEYS", "Faults", "gate"]
