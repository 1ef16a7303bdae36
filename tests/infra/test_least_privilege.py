"""What each role may do, as a table that a reviewer reads. A right more or less fails until the table says so."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.infra.conftest import Templates

ROOT = Path(__file__).resolve().parents[2]
LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
TRACES = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
EVERY = LOGS | TRACES
KEY_READ = {"kms:Decrypt", "kms:DescribeKey"}
KEY_WRITE = {
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
}
TABLE_READ = {"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"}
TABLE_WRITE = {"dynamodb:BatchWriteItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}
TABLES = EVERY | KEY_READ | KEY_WRITE | TABLE_READ | TABLE_WRITE
TABLES_READ = EVERY | KEY_READ | TABLE_READ
FAILED = {"sqs:SendMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"}  # where events go that nobody could handle
READ = {"s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"}
WRITE = {"s3:PutObject", "s3:PutObjectTagging", "s3:AbortMultipartUpload"}
QUEUE = {
    "sqs:ReceiveMessage",
    "sqs:ChangeMessageVisibility",
    "sqs:GetQueueUrl",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
}
ANSWER = {"states:SendTaskSuccess", "states:SendTaskFailure"}
POOL = {
    "cognito-idp:AdminAddUserToGroup",
    "cognito-idp:AdminDisableUser",
    "cognito-idp:AdminEnableUser",
    "cognito-idp:AdminGetUser",
    "cognito-idp:AdminListGroupsForUser",
    "cognito-idp:AdminRemoveUserFromGroup",
    "cognito-idp:AdminSetUserMFAPreference",
    "cognito-idp:AdminUserGlobalSignOut",
}
REPAIR = {"s3:ListMultipartUploadParts", "s3:GetObjectAttributes", "s3:GetObjectVersionAttributes"}
# Copies of the mirror: completed, gone on with, hidden when they cannot be proved.
COPIES = {"s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}
LAKE = {"glue:GetDatabase", "glue:GetTable", "glue:UpdateTable"}
ASK = {
    "athena:StartQueryExecution",
    "athena:GetQueryExecution",
    "glue:GetDatabase",
    "glue:GetTable",
    "s3:ListMultipartUploadParts",
}
STREAM = {
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
    "sqs:SendMessage",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "kms:Decrypt",
    "kms:DescribeKey",
}

ROLES: dict[str, set[str]] = {
    "AccessTurnKeys": EVERY
    | KEY_READ
    | KEY_WRITE
    | TABLE_WRITE
    | FAILED
    | {"secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"},
    "AccessRemind": TABLES | {"cognito-idp:ListUsersInGroup"},
    "ApiHandler": TABLES
    | READ
    | WRITE
    | REPAIR
    | {"sts:AssumeRole", "states:StartExecution", "s3:ListBucketVersions"}
    | POOL
    | {"secretsmanager:GetSecretValue"},
    "ApiWhoIsCalling": TABLES_READ | {"cognito-idp:AdminListGroupsForUser"},
    "AuditAppend": TABLES | READ | WRITE | QUEUE,
    "ConsentForget": TABLES | FAILED | {"s3:ListBucketVersions", "s3:DeleteObject", "s3:DeleteObjectVersion"},
    "CurationAsk": TABLES | ANSWER,
    "CurationResume": TABLES_READ | ANSWER | FAILED,
    "DeliveryCheckMoves": TABLES_READ,
    "DeliveryClearMoved": TABLES | {"s3:ListBucketVersions", "s3:DeleteObject", "s3:DeleteObjectVersion"},
    "DeliveryMoveFile": TABLES | READ | WRITE | {"secretsmanager:GetSecretValue"},
    "DeliveryStartMoves": TABLES_READ | KEY_WRITE | WRITE | FAILED | {"states:StartExecution"},
    "DeliveryTurnKeys": TABLES | FAILED | {"secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"},
    "EventsSendOutbox": EVERY | STREAM | {"events:PutEvents"},
    "ImagingIndexSeries": TABLES | QUEUE,
    "LakeAnswerQuery": TABLES
    | QUEUE
    | READ
    | ASK
    | {"s3:PutObject", "s3:AbortMultipartUpload", "s3:GetBucketLocation"},
    "LakeLoadReleased": EVERY | KEY_READ | KEY_WRITE | TABLE_READ | READ | WRITE | QUEUE | LAKE,
    "MirrorBegin": TABLES | READ | WRITE | {"states:StartExecution"},
    "MirrorDiscover": TABLES | READ | WRITE,
    "MirrorFetch": TABLES | READ | WRITE,
    "MirrorIndexPart": TABLES | READ | WRITE,
    "MirrorNoteFailure": TABLES | READ | WRITE,
    "MirrorPublish": TABLES | READ | WRITE,
    "NoticesTell": TABLES | QUEUE | {"cognito-idp:AdminGetUser"},
    "OpennessFollow": TABLES | QUEUE,
    "OpennessRecompute": TABLES,
    "PublicationArchiveFile": TABLES | READ | WRITE,
    "PublicationCloseArchive": TABLES,
    "PublicationFillArticles": TABLES,
    "PublicationMint": TABLES,
    "PublicationPlanArchive": TABLES_READ | KEY_WRITE | WRITE,
    "PublicationRelease": TABLES,
    "PublicationReleaseDue": TABLES,
    "PublicationReleaseRequested": TABLES | FAILED,
    "PublicationUpgradeWords": TABLES,
    "DeidentificationNoteMade": TABLES | READ,
    "DeidentificationPlanJob": TABLES | WRITE,
    "DeidentificationSweep": TABLES | {"s3:ListBucketVersions", "s3:DeleteObjectVersion"},
    "QcJudge": TABLES | READ,
    "QcNoteVerdict": TABLES | READ,
    "QcPlanChecks": TABLES | WRITE,
    "QcReturnFiles": TABLES,
    "SamplesNote": TABLES | QUEUE,
    "SamplesSynchronise": TABLES,
    "SearchIndexReleased": TABLES | QUEUE,
    "SequencesClaim": TABLES,
    "SequencesCopySlice": TABLES | READ | COPIES,
    "SequencesLetGo": TABLES,
    "SequencesNoteRuns": TABLES,
    "SequencesProve": TABLES | READ | COPIES,
    "SequencesStart": TABLES_READ | FAILED | {"states:StartExecution"},
    "SubmissionsExpectFiles": TABLES,
    "SubmissionsHold": TABLES,
    "SubmissionsStartWorkflow": EVERY | FAILED | {"states:StartExecution"},
    "UploadsAwaitFiles": TABLES | ANSWER,
    "UploadsNoteReceived": TABLES | READ | QUEUE,
    "UploadsSweep": TABLES | {"s3:AbortMultipartUpload"},
    "UploadsResume": TABLES | ANSWER | FAILED,
}


def _statements(templates: Templates) -> dict[str, list[dict[str, Any]]]:
    """Role's logical id -> the statements of all policies attached to it."""
    found: dict[str, list[dict[str, Any]]] = {}
    # A role with very much to say has its last statements in a managed policy of its own.
    for _, policy in [*templates.of_type("AWS::IAM::Policy"), *templates.of_type("AWS::IAM::ManagedPolicy")]:
        for role in policy["Roles"]:
            found.setdefault(role["Ref"], []).extend(policy["PolicyDocument"]["Statement"])
    return found


def _actions(statements: list[dict[str, Any]]) -> set[str]:
    listed = [s["Action"] if isinstance(s["Action"], list) else [s["Action"]] for s in statements]
    return {action for actions in listed for action in actions}


def _role_of(templates: Templates) -> dict[str, str]:
    """Function name as in state machines -> its role's logical id."""
    found = {}
    for name, properties in templates.of_type("AWS::Lambda::Function"):
        short = next(known for known in sorted(ROLES, key=len, reverse=True) if known in name)
        found[short] = properties["Role"]["Fn::GetAtt"][0]
    return found


def test_each_function_may_do_what_the_table_says_and_nothing_else(templates: Templates) -> None:
    roles, statements = _role_of(templates), _statements(templates)
    assert set(roles) == set(ROLES) and len(set(roles.values())) == len(ROLES)  # a role of its own for each
    for name, role in roles.items():
        got = _actions(statements[role])
        assert got == ROLES[name], f"{name}: more {sorted(got - ROLES[name])}, less {sorted(ROLES[name] - got)}"


def test_no_statement_allows_a_wildcard_action(templates: Templates) -> None:
    for role, statements in _statements(templates).items():
        wild = [a for a in _actions(statements) if "*" in a]
        assert not wild, f"{role}: {wild}"


def test_only_what_knows_no_resource_is_allowed_on_every_resource(templates: Templates) -> None:
    unbounded = {
        "xray:PutTraceSegments",
        "xray:PutTelemetryRecords",
        "xray:GetSamplingRules",
        "xray:GetSamplingTargets",
        "dynamodb:ListStreams",
        "batch:DescribeJobs",
        "batch:TerminateJob",
        "ecr:GetAuthorizationToken",
        "logs:CreateLogDelivery",
        "logs:GetLogDelivery",
        "logs:UpdateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:DescribeResourcePolicies",
        "logs:DescribeLogGroups",
    }
    for role, statements in _statements(templates).items():
        for statement in statements:
            if statement["Resource"] == "*":
                assert _actions([statement]) <= unbounded, f"{role}: {_actions([statement]) - unbounded}"


def test_only_archiving_writes_controlled_files_and_only_the_api_signs_links_to_them(templates: Templates) -> None:
    writing = {"s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"}
    touching: dict[str, set[str]] = {}
    for role, statements in _statements(templates).items():
        for statement in statements:
            if "ControlledArchive" in json.dumps(statement["Resource"]):
                touching.setdefault(role, set()).update(_actions([statement]))
    readers = {role for role, verbs in touching.items() if not verbs & writing}
    assert readers and all("ApiHandler" in role for role in readers), readers
    deleting = {role for role, verbs in touching.items() if verbs & {"s3:DeleteObject", "s3:DeleteObjectVersion"}}
    named = ("ConsentForget", "DeliveryClearMoved")
    assert deleting and all(any(name in role for name in named) for role in deleting), deleting
    assert not any("s3:PutObject" in touching[role] for role in deleting)
    writers = set(touching) - readers - deleting
    archiving = ("PublicationArchiveFile", "PublicationJob", "DeliveryMoveFile")
    assert writers and all(any(name in role for name in archiving) for role in writers), writers


def test_only_headers_and_turns_of_the_key_touch_the_private_keys(templates: Templates) -> None:
    # Moving opens what was encrypted and is open to everybody now.
    turns = {"DeliveryKeys": ("DeliveryTurnKeys", "DeliveryMoveFile"), "VisaKeys": ("AccessTurnKeys",)}
    for secret, turning in turns.items():
        touching = {role for role, s in _statements(templates).items() if secret in json.dumps(s)}
        assert len(touching) == 1 + len(turning)
        assert all(any(name in role for role in touching) for name in ("ApiHandler", *turning))
    unlocking = {role for role, s in _statements(templates).items() if "SecretsKey" in json.dumps(s)}
    assert len(unlocking) == 4  # these, and nobody else


def test_only_the_job_that_de_identifies_touches_secrets_of_collections(templates: Templates) -> None:
    statements = _statements(templates)
    for words in ("biotheca/collections/*", "CollectionsKey"):
        touching = [role for role, said in statements.items() if words in json.dumps(said)]
        assert len(touching) == 1 and "DeidentificationSteadyJobRole" in touching[0], touching
    (job,) = [said for role, said in statements.items() if "DeidentificationSteadyJobRole" in role]
    (secrets,) = [_actions([s]) for s in job if "biotheca/collections/*" in json.dumps(s)]
    assert secrets == {"secretsmanager:CreateSecret", "secretsmanager:GetSecretValue"}
    written = [json.dumps(s["Resource"]) for s in job if "s3:PutObject" in _actions([s])]
    assert all("/qc/*" in place or "/submissions/*/made/*" in place for place in written) and len(written) == 2
    assert not any("dynamodb" in action for action in _actions(job))


def test_only_the_chain_writes_audit_and_only_the_api_shows_it(templates: Templates) -> None:
    writing = {"s3:PutObject", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}
    touching: dict[str, set[str]] = {}
    for role, statements in _statements(templates).items():
        for statement in statements:
            named = json.dumps(statement["Resource"])
            if "AuditChain" in named or re.search(r"FnGetAttAudit[0-9A-F]{8}Arn", named):
                touching.setdefault(role, set()).update(_actions([statement]) & writing)
    assert {("AuditAppend" in role, bool(verbs)) for role, verbs in touching.items()} == {(True, True), (False, False)}
    assert all("AuditAppend" in role or "ApiHandler" in role for role in touching)


def test_keys_lent_to_submitters_put_files_below_names_and_do_nothing_else(templates: Templates) -> None:
    (lent,) = [s for role, s in _statements(templates).items() if "ByNameRole" in role]
    by_actions = {frozenset(_actions([s])): json.dumps(s["Resource"]) for s in lent}
    put = frozenset({"s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"})
    key = frozenset({"kms:GenerateDataKey", "kms:Decrypt"})
    assert set(by_actions) == {put, key}
    assert "Inbox" in by_actions[put] and "/submissions/*/by-name/*" in by_actions[put]
    assert "DataKey" in by_actions[key]


def test_only_minting_touches_the_ledger_of_numbers(templates: Templates) -> None:
    allowed = {role: s for role, s in _statements(templates).items() if "Accessions" in json.dumps(s)}
    minting = ("PublicationMint", "SamplesSynchronise")
    others = {role: s for role, s in allowed.items() if not any(name in role for name in minting)}
    ((name, door),) = others.items()
    assert "ApiHandler" in name
    # The API gives numbers of committees and requests, and can touch no other counter and nobody else's numbers.
    (numbers,) = [s for s in door if "Accessions" in json.dumps(s)]
    keys = ["COUNTER#committee", "COUNTER#request", "OWNER#com_*", "OWNER#req_*"]
    assert numbers["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": keys}}
    assert _actions([numbers]) == {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}


def test_only_what_copies_reads_open_buckets_and_only_below_files_it_writes(templates: Templates) -> None:
    for role, statements in _statements(templates).items():
        foreign = [s for s in statements if "sra-pub-" in json.dumps(s)]
        copies = "SequencesCopySlice" in role or "SequencesProve" in role or "SequencesJobRole" in role
        assert [_actions([s]) for s in foreign] == ([{"s3:GetObject"}] if copies else []), role
        mirror = [s for s in statements if "Mirror" in json.dumps(s["Resource"]) and "s3:PutObject" in _actions([s])]
        if copies:
            assert all("/files/*" in json.dumps(s["Resource"]) for s in mirror) and len(mirror) == 1


@pytest.mark.parametrize(("name", "functions"), [("submission", 15), ("sequences", 4), ("moving", 3)])
def test_a_workflow_invokes_only_the_functions_of_its_file(templates: Templates, name: str, functions: int) -> None:
    role = f"{name.capitalize()}WorkflowMachineRole"
    (machine,) = [s for known, s in _statements(templates).items() if role in known]
    (invoke,) = [s for s in machine if s["Action"] == "lambda:InvokeFunction"]
    names = {r["Fn::GetAtt"][0] for r in invoke["Resource"]}
    placeholders = set(re.findall(r"\$\{(\w+)\}", (ROOT / f"statemachines/{name}.asl.json").read_text()))
    called = {p for p in placeholders if p in ROLES}
    assert len(called) == functions
    assert {next(k for k in sorted(ROLES, key=len, reverse=True) if k in n) for n in names} == called
