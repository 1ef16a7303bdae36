"""The S3 gate: what moto serves unverified is verified before it.

`gate()` wraps the WSGI application; `install_checksums()` mends the checksums that moto itself computes.
"""

from local.gate.door import STATE_MACHINE_KEYS, gate
from local.gate.faults import Faults
from local.gate.keys import Keys
from local.gate.moto_checksums import install as install_checksums

__all__ = ["STATE_MACHINE_KEYS", "Faults", "Keys", "gate", "install_checksums"]
