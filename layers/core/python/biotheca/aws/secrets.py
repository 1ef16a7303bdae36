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


def create(name: str, text: str, kms_key: str) -> None:
    """Make a secret with a first text, encrypted with a key; one that is there stays as it is."""
    try:
        client("secretsmanager").create_secret(Name=name, SecretString=text, KmsKeyId=kms_key)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceExistsException":
            raise
