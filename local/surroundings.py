"""The environment that every Lambda worker and Batch job gets besides the template's, and the laptop's credentials."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

ACCOUNT = "123456789012"  # moto's
REGION = "us-east-1"


@dataclass(frozen=True)
class Credentials:
    """Keys of this start of the laptop; whoever gates S3 checks signatures against them."""

    access_key: str = field(default_factory=lambda: f"AKIA{secrets.token_hex(8).upper()}")
    secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(30))
    region: str = REGION
    account: str = ACCOUNT


@dataclass(frozen=True)
class Surroundings:
    """What a process must know to talk to this laptop instead of to AWS."""

    endpoint_url: str
    front_url: str
    credentials: Credentials
    clock_file: Path
    aws_config: Path
    more: Mapping[str, str] = field(default_factory=dict)

    def environment(self, template: Mapping[str, str] | None = None) -> dict[str, str]:
        """Variables that win over the template's; a few depend on what the template says."""
        template = template or {}
        added = {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_REGION": self.credentials.region,
            "AWS_DEFAULT_REGION": self.credentials.region,
            "AWS_ACCESS_KEY_ID": self.credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": self.credentials.secret_key,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": str(self.aws_config),
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "BIOTHECA_CLOCK_FILE": str(self.clock_file),
        }
        added |= self.more
        # Ports are chosen at start, after the templates were made.
        if keys := template.get("BIOTHECA_TOKEN_KEYS_URL"):  # same path, served here instead of by Cognito
            added["BIOTHECA_TOKEN_KEYS_URL"] = self.endpoint_url + urlsplit(keys).path
        if template.get("BIOTHECA_PUBLIC_URL"):
            added["BIOTHECA_PUBLIC_URL"] = self.front_url
        return added

    def write_aws_config(self) -> None:
        """Path-style S3 addresses for every boto3 of a child: `<bucket>.localhost` does not resolve everywhere."""
        self.aws_config.parent.mkdir(parents=True, exist_ok=True)
        self.aws_config.write_text(
            f"[default]\nregion = {self.credentials.region}\nretry_mode = standard\nmax_attempts = 3\n"
            "s3 =\n    addressing_style = path\n"
        )
