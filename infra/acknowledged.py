"""What cdk-nag finds and we keep, each with a reason that a reviewer could dispute.

A finding is acknowledged on the very resource it names, and only if a row's path and rule both fit; a
finding without a row, and a row without a finding, end synthesis.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from aws_cdk import Acknowledgment, App, Validations

import functions.api.app  # registers every operation
from functions.api.seam import OPERATIONS

assert functions.api.app.app


@dataclass(frozen=True)
class Row:
    """`rule` and `path` are regular expressions that must fit as a whole."""

    rule: str
    path: str
    reason: str


# Routes that anybody may call, as their views say.
PUBLIC = "|".join(re.escape(f"{op.path[1:]}/{op.method}") for op in OPERATIONS if not op.signed_in)

ROWS = [
    Row(
        r"AwsSolutions-SMG4",
        r"Biotheca-Data/DeliveryKeys",
        "delivery.turn_keys turns the key after a year and wraps every header anew, which the service's own rotation cannot do.",
    ),
    Row(
        r"AwsSolutions-SMG4",
        r"Biotheca-Data/VisaKeys",
        "access.turn_keys turns the key after a year and keeps the former one as long as visas live; the service's own rotation cannot.",
    ),
    Row(
        r"AwsSolutions-IAM5\[Resource::\*\]",
        r".*/(\w+Role|Machine/Role)/DefaultPolicy/Resource",
        "X-Ray segments have no resource to name; for the workflow also log delivery and Batch's DescribeJobs and TerminateJob.",
    ),
    Row(
        r"AwsSolutions-IAM5\[Resource::<\w+"
        r"(ReleaseDue|UpgradeWords|FillArticles|Sweep|SequencesStart|MirrorBegin|SamplesSynchronise|AccessRemind|Recompute|TurnKeys)\w+\.Arn>:\*\]",
        r".*/(ReleaseDue|UpgradeWords|FillArticles|Sweep|Waiting|Daily|Remind|Recompute|TurnKeys)Caller/DefaultPolicy/Resource",
        "CDK's scheduler target adds the versions of the one function that it calls.",
    ),
    Row(
        r"AwsSolutions-IAM5\[Resource::.*(Inbox|Derived|OpenArchive|ControlledArchive|Lake|Audit|Mirror).*\*(\.saved)?\]",
        r".*(Role|Machine/Role)/DefaultPolicy/Resource",
        "Objects are named at run time; the prefix is as narrow as the program's own keys are.",
    ),
    Row(
        r"AwsSolutions-IAM5\[Resource::arn:<AWS::Partition>:secretsmanager:.*:secret:biotheca/collections/\*\]",
        r"Biotheca-Service/Deidentification/.*Job/Role/DefaultPolicy/Resource",
        "A collection's secret is made when the collection is first needed; no other secret has a name below this prefix.",
    ),
    Row(
        r"AwsSolutions-IAM5\[Resource::arn:<AWS::Partition>:s3:::sra-pub-.*/\*\]",
        r"Biotheca-Service/Sequences/.*/DefaultPolicy/Resource",
        "Open-data buckets of others, named one by one in catalog/sequences.yaml; which objects, the metadata of runs say.",
    ),
    Row(
        r"AwsSolutions-IAM5\[Resource::.*:execution:.*\*\]",
        r"Biotheca-Service/(Submission|Mirror|Delivery/Moving)Workflow/Children/Resource",
        "Child executions of the distributed Map are named by Step Functions; the machine's own name bounds them.",
    ),
    Row(
        r"AwsSolutions-IAM4\[.*AmazonAPIGatewayPushToCloudWatchLogs\]",
        r".*/CloudWatchRole/Resource",
        "API Gateway demands this very policy for its account-wide log role.",
    ),
    Row(
        r"AwsSolutions-IAM4\[.*AmazonEC2ContainerServiceforEC2Role\]",
        r".*/Spot/InstanceProfileRole/Resource",
        "The ECS agent on Batch's instances needs just this set, which AWS keeps in step with the agent.",
    ),
    Row(
        r"AwsSolutions-L1",
        r"Biotheca-(Service|Followers)/.*",
        "Python 3.13 is the newest runtime on which the project's tests run; a newer, untested one is not safer.",
    ),
    Row(
        r"AwsSolutions-SQS3",
        r".*DeadLetters/Resource",
        "It is a dead-letter queue: of an event target, a stream or a schedule, which the rule does not look at.",
    ),
    Row(
        r"AwsSolutions-APIG2",
        r"Biotheca-Api/Gateway/Rest/Resource",
        "Bodies are validated by pydantic at the seam, with every finding at once; the gateway would name one and hide the rest.",
    ),
    Row(
        r"AwsSolutions-APIG4",
        rf".*/Default/({PUBLIC})/Resource",
        "Public by purpose (R8): what is released is found and read without an account; private records are refused in the "
        "domain. Which routes these are stands at each route, and who gets what answer in tests/journeys.",
    ),
    Row(
        r"AwsSolutions-COG4",
        r"Biotheca-Api/Gateway/Rest/Default/.*",
        "The authorizer is our own function: it verifies the Cognito token with pinned algorithm, issuer and audience, the same on a laptop.",
    ),
    Row(
        r"AwsSolutions-COG2",
        r"Biotheca-Data/People/Resource",
        "A second factor is offered to all and will be demanded of staff; demanding it of every submitter would shut programs out.",
    ),
    Row(r"AwsSolutions-CFR1", r"Biotheca-Portal/Distribution/Resource", "The archive is open to every country (R8)."),
    Row(
        r"AwsSolutions-CFR2",
        r"Biotheca-Portal/Distribution/Resource",
        "Static pages; the API behind the same name has its own firewall. A web ACL for CloudFront must live in us-east-1, this stack anywhere.",
    ),
    Row(
        r"AwsSolutions-CFR4",
        r"Biotheca-Portal/Distribution/Resource",
        "TLS 1.2 is set; the rule wants a certificate of an own domain, which an institution adds with its name.",
    ),
]


class Unacknowledged(Exception):
    """cdk-nag found something that no row explains, or a row explains nothing any more."""


def acknowledge(app: App, report: dict[str, Any]) -> int:
    """Attach the rows' reasons to the resources of a validation report's findings; returns how many."""
    unexplained, used, count = [], set(), 0
    for finding in _findings(report):
        rule, path = finding
        row = next((r for r in ROWS if re.fullmatch(r.rule, rule) and re.fullmatch(r.path, path)), None)
        if row is None:
            unexplained.append(f"{rule} at {path}")
            continue
        used.add(row)
        count += 1
        stack, _, rest = path.partition("/")
        where = app.node.find_child(stack)
        for piece in rest.split("/"):
            where = where.node.find_child(piece)
        Validations.of(where).acknowledge(Acknowledgment(id=rule, reason=row.reason))
    idle = [f"the row for {row.rule} at {row.path} fits nothing" for row in ROWS if row not in used]
    if unexplained or idle:
        raise Unacknowledged("; ".join(unexplained + idle))
    return count


def _findings(report: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (violation["ruleName"], resource["constructPath"])
        for plugin in report["pluginReports"]
        for violation in plugin.get("violations", [])
        for resource in violation.get("violatingConstructs", violation.get("violatingResources", []))
    ]
