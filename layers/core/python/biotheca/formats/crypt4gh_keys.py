"""Key files of Crypt4GH as the `crypt4gh` tool writes them, and public keys. Private ones: crypt4gh_private.py."""

from __future__ import annotations

import base64
import binascii
import re

from biotheca.formats.crypt4gh_header import KEY_BYTES, KeyIsRefused, sealed

MOST_FILE_BYTES = 16 * 1024
_PEM = re.compile(r"-----BEGIN CRYPT4GH (PUBLIC|PRIVATE|ENCRYPTED PRIVATE) KEY-----\s([A-Za-z0-9+/=\s]+)-----END ")


def public_text(key: bytes) -> str:
    """The file of a public key."""
    return file_of("PUBLIC", of_length(key))


def public_key(text: str) -> bytes:
    """The 32 bytes of a public key file. KeyIsRefused for what is none, and for a key that could keep no secret."""
    kind, content = content_of(text)
    if kind != "PUBLIC":
        raise KeyIsRefused("This is a private key. Keep it; send the file that ends in .pub.")
    key = of_length(content)
    sealed([bytes(KEY_BYTES)], [key])  # refuses points of small order
    return key


def content_of(text: str) -> tuple[str, bytes]:
    """PUBLIC or PRIVATE, and the bytes of a key file. Raises KeyIsRefused."""
    if len(text) > MOST_FILE_BYTES or not (found := _PEM.search(text)):
        raise KeyIsRefused(
            "This is no key file of Crypt4GH: '-----BEGIN CRYPT4GH PUBLIC KEY-----' or PRIVATE is missing."
        )
    try:
        return found[1].removeprefix("ENCRYPTED "), base64.b64decode("".join(found[2].split()), validate=True)
    except (binascii.Error, ValueError) as fault:
        raise KeyIsRefused("The lines between BEGIN and END are no Base64.") from fault


def of_length(key: bytes) -> bytes:
    """The key, if it has the length of one. Raises KeyIsRefused."""
    if len(key) != KEY_BYTES:
        raise KeyIsRefused(f"A key of Crypt4GH has {KEY_BYTES} bytes, this one {len(key)}.")
    return key


def file_of(kind: str, content: bytes) -> str:
    """The text of a key file."""
    told = base64.b64encode(content).decode()
    return f"-----BEGIN CRYPT4GH {kind} KEY-----\n{told}\n-----END CRYPT4GH {kind} KEY-----\n"
