"""SES: one mail to one person. What mails say: notices."""

from __future__ import annotations

from botocore.exceptions import ClientError

from biotheca.aws.session import client


class AddressRefused(Exception):
    """The mail service will not send to this address, now or later."""


def send(sender: str, to: str, subject: str, text: str) -> None:
    """Hand one plain-text mail over. AddressRefused is final; other faults are worth another try."""
    content = {"Subject": {"Data": subject, "Charset": "UTF-8"}, "Body": {"Text": {"Data": text, "Charset": "UTF-8"}}}
    try:
        client("sesv2").send_email(
            FromEmailAddress=sender, Destination={"ToAddresses": [to]}, Content={"Simple": content}
        )
    except ClientError as error:
        if error.response["Error"]["Code"] in ("MessageRejected", "InvalidParameterValue", "BadRequestException"):
            raise AddressRefused(error.response["Error"]["Code"]) from error
        raise
