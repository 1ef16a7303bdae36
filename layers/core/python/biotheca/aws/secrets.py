"""Secrets Manager: a small secret as a text. Who may read which: infra."""

from __future__ import annotations

from botocore.exceptions import ClientError

from biotheca.aws.session import client


def read(name: str) -> str | None:
    """The secret's text; None if it was made and never filled."""
    try:
        return str(client("secretsmanager").get_secret_value(SecretId=name)["SecretString"])
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":  # of the secret, or of its first value
            return None
        raise


def write(name: str, text: str) -> None:
    """Give the secret another text; the former one stays readable as AWSPREVIOUS."""
    client("secretsmanager").put_secret_value(SecretId=name, SecretString=text)
