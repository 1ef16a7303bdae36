"""What moto works out anew at each request though it never changes: kept from the first time. No answer differs."""

from __future__ import annotations

import functools

from local.hooks.patching import once, replace


@once
def install() -> None:
    from moto import backends
    from moto.core import responses

    modules = tuple(backends.list_of_moto_modules())  # lists a folder and asks each entry what it is
    replace(backends, list_of_moto_modules=lambda: modules)
    replace(responses, method_names_from_class=functools.cache(responses.method_names_from_class))
