"""Biotheca's command line and Python client. It knows HTTP and nothing else of the archive."""

from biotheca_client.client import Client
from biotheca_client.errors import ClientFault, NetworkDown, NotFound, NotSignedIn, Refused, WrongUse

__version__ = "0.1.0"
__all__ = ["Client", "ClientFault", "NetworkDown", "NotFound", "NotSignedIn", "Refused", "WrongUse", "__version__"]
