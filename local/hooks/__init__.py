"""Our hooks into moto 5.2.5: one module each. tests/local/test_moto_contract.py tells what an upgrade moved.

Installed once per process; which laptop they serve is bound and unbound (`bind`) by `local.laptop`.
Modules that subclass moto's models must stand at least one package deep, as here.
"""

from __future__ import annotations

import threading

_installed = False
_lock = threading.Lock()


def install() -> None:
    """Puts all hooks into moto. Idempotent."""
    global _installed
    from local.hooks import (
        batch_runtime,
        cfn_change_sets,
        cfn_order,
        cfn_types,
        cognito,
        dynamodb_queries,
        dynamodb_transactions,
        event_source_hooks,
        event_targets,
        hearing,
        lambda_runtime,
        soundness,
        speed,
        step_functions,
    )

    with _lock:
        if _installed:
            return
        for hook in (
            speed,
            soundness,
            cfn_order,
            cfn_change_sets,
            dynamodb_transactions,
            dynamodb_queries,
            cfn_types,
            cognito,
            lambda_runtime,
            batch_runtime,
            event_source_hooks,
            event_targets,
            hearing,  # wraps what the two before it put in
            step_functions,
        ):
            hook.install()
        _installed = True
