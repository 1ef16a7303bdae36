"""Biotheca's command line and Python client. It knows HTTP and nothing else of the archive."""

from typing import TYPE_CHECKING, Any

from biotheca_client.errors import ClientFault, NetworkDown, NotFound, NotSignedIn, Refused, WrongUse

if TYPE_CHECKING:
    from biotheca_client.client import Client

__version__ = "0.1.0"
__all__ = ["Client", "ClientFault", "NetworkDown", "NotFound", "NotSignedIn", "Refused", "WrongUse", "__version__"]


def __getattr__(name: str) -> Any:
    # The command line begins here too, and most of its commands need no HTTP.
    if name == "Client":
        from biotheca_client.client import Client

        return Client
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
