"""What would hurt if it were otherwise: public buckets, open rights, queues that lose, data that can be deleted."""

from __future__ import annotations

import base64
import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from biotheca.lake.model import TABLES
from biotheca.lake.views import views
from biotheca.settings import Settings, variable
from functions.api.app import app
from infra.acknowledged import ROWS
from tests.infra.conftest import Templates

ROOT = Path(__file__).resolve().parents[2]


def test_cdk_nag_is_clean_and_every_acknowledgement_has_a_reason(templates: Templates) -> None:
    assert templates.acknowledged >= len(
        ROWS
    )  # synth_checked raises for a finding without row and a row without finding
    assert all(len(row.reason) > 40 for row in ROWS)


def test_every_bucket_is_private_encrypted_versioned_and_tls_only(templates: Templates) -> None:
    buckets = templates.of_type("AWS::S3::Bucket")
    assert len(buckets) >= 10
    for name, properties in buckets:
        assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}, name
        assert properties["VersioningConfiguration"] == {"Status": "Enabled"}, name
        assert properties["BucketEncryption"], name
    policies = json.dumps([p for _, p in templates.of_type("AWS::S3::BucketPolicy")])
    assert policies.count('"aws:SecureTransport": "false"') == len(buckets)


def test_controlled_files_have_a_key_of_their_own(templates: Templates) -> None:
    keys = {
        name: json.dumps(p["BucketEncryption"])
        for name, p in templates.of_type("AWS::S3::Bucket")
        if name.startswith(("OpenArchive", "ControlledArchive"))
    }
    assert len(keys) == 2 and len(set(keys.values())) == 2


def test_the_inbox_lets_go_of_what_the_sweep_has_missed(templates: Templates) -> None:
    (inbox,) = [p for name, p in templates.of_type("AWS::S3::Bucket") if name.startswith("Inbox")]
    rules = inbox["LifecycleConfiguration"]["Rules"]
    assert any(r.get("AbortIncompleteMultipartUpload") == {"DaysAfterInitiation": 30} for r in rules)


def test_the_audit_bucket_cannot_be_shortened(templates: Templates) -> None:
    (audit,) = [p for name, p in templates.of_type("AWS::S3::Bucket") if name.startswith("Audit")]
    assert audit["ObjectLockEnabled"] is True
    assert audit["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]["Mode"] == "COMPLIANCE"


def test_tables_are_protected_and_can_be_restored(templates: Templates) -> None:
    for name, properties in templates.of_type("AWS::DynamoDB::Table"):
        assert properties["DeletionProtectionEnabled"] is True, name
        assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True, name
        assert properties["SSESpecification"]["KMSMasterKeyId"], name


def test_data_outlives_the_stack(templates: Templates) -> None:
    kinds = ("AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::Cognito::UserPool")
    for name, resource in templates.by_stack["Biotheca-Data"]["Resources"].items():
        if resource["Type"] in kinds:
            assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain", name


def test_every_queue_has_dead_letters_and_every_dead_letter_an_alarm(templates: Templates) -> None:
    queues = dict(templates.of_type("AWS::SQS::Queue"))
    dead = {name for name in queues if "DeadLetters" in name}
    for name, properties in queues.items():
        if name not in dead:
            target = properties["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
            assert target in dead and properties["RedrivePolicy"]["maxReceiveCount"] == 5
    alarms = json.dumps([p for _, p in templates.of_type("AWS::CloudWatch::Alarm")])
    for name in dead:
        assert f'"{name}", "QueueName"' in alarms, f"{name} has no alarm"


def test_a_queue_waits_six_times_its_functions_time_out(templates: Templates) -> None:
    functions = dict(templates.of_type("AWS::Lambda::Function"))
    queues = dict(templates.of_type("AWS::SQS::Queue"))
    seen = 0
    for _, mapping in templates.of_type("AWS::Lambda::EventSourceMapping"):
        source = mapping["EventSourceArn"].get("Fn::GetAtt", [None])[0]
        if source in queues:
            function = functions[mapping["FunctionName"]["Ref"]]
            assert queues[source]["VisibilityTimeout"] >= 6 * function["Timeout"]
            assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
            seen += 1
    assert seen == 9


def test_every_rule_of_the_bus_has_dead_letters(templates: Templates) -> None:
    for name, rule in templates.of_type("AWS::Events::Rule"):
        for target in rule["Targets"]:
            assert target["DeadLetterConfig"], name


def test_every_handler_named_in_the_template_can_be_imported(templates: Templates) -> None:
    functions = templates.of_type("AWS::Lambda::Function")
    assert len(functions) >= 20
    for _, properties in functions:
        module, _, name = properties["Handler"].rpartition(".")
        assert callable(getattr(importlib.import_module(module), name))


def test_every_variable_is_a_setting(templates: Templates) -> None:
    known = {variable(name) for name in Settings.NAMES} | {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_LOG_LEVEL"}
    for name, properties in templates.of_type("AWS::Lambda::Function"):
        assert set(properties["Environment"]["Variables"]) <= known, name


def test_a_function_has_the_settings_that_its_code_asks_for(templates: Templates) -> None:
    """Each store asks for one table or bucket; a door whose stores lack their setting fails only when it is called."""
    asks = {
        "submissions": {"records_table", "outbox_table"},
        "inbox": {"inbox_bucket"},
        "records": {"records_table"},
        "archive": {"inbox_bucket", "open_archive_bucket", "controlled_archive_bucket"},
        "reports": {"derived_bucket"},
        "index": {"search_table"},
        "minting": {"accessions_table"},
        "workflow": set(),
        "users": {"user_pool_client"},
    }
    import inspect

    for name, properties in templates.of_type("AWS::Lambda::Function"):
        module, _, verb = properties["Handler"].rpartition(".")
        if module.startswith("functions.api"):
            continue
        source = inspect.getsource(inspect.unwrap(getattr(importlib.import_module(module), verb)))
        needed = {variable(s) for store, s in ((k, v) for k, vs in asks.items() for v in vs) if f"{store}()" in source}
        missing = needed - set(properties["Environment"]["Variables"])
        assert not missing, f"{name} lacks {missing}"


def test_every_route_has_a_method_and_guarded_ones_an_authorizer(templates: Templates) -> None:
    resources = dict(templates.of_type("AWS::ApiGateway::Resource"))

    def path(reference: dict[str, Any]) -> str:
        if "Ref" not in reference:
            return ""
        resource = resources[reference["Ref"]]
        return f"{path(resource['ParentId'])}/{resource['PathPart']}"

    methods = {
        (m["HttpMethod"], path(m["ResourceId"])): m["AuthorizationType"]
        for _, m in templates.of_type("AWS::ApiGateway::Method")
    }
    wanted = {
        (verb, route): "CUSTOM" if entry.authorizer else "NONE"
        for route, verbs in app.routes.items()
        for verb, entry in verbs.items()
    }
    assert methods == wanted


def test_each_role_has_a_workgroup_that_ends_costly_queries(templates: Templates) -> None:
    groups = {g["Name"]: g["WorkGroupConfiguration"] for _, g in templates.of_type("AWS::Athena::WorkGroup")}
    caps = {name: settings["BytesScannedCutoffPerQuery"] // 1024**3 for name, settings in groups.items()}
    assert caps == {
        "biotheca-analysts": 200,
        "biotheca-curators": 50,
        "biotheca-operators": 1024,
        "biotheca-exports": 2,
    }
    assert all(settings["EnforceWorkGroupConfiguration"] is True for settings in groups.values())


def test_every_view_of_the_lake_stands_in_glue_in_athenas_own_form(templates: Templates) -> None:
    made = {
        (t["DatabaseName"], t["TableInput"]["Name"]): t["TableInput"] for _, t in templates.of_type("AWS::Glue::Table")
    }
    wanted = {(view.database, view.name): view for view in views()}
    assert set(made) == set(wanted) | {("biotheca", name) for name in TABLES}
    for key, view in wanted.items():
        given = made[key]
        assert given["TableType"] == "VIRTUAL_VIEW" and given["Parameters"]["presto_view"] == "true"
        text = given["ViewOriginalText"].removeprefix("/* Presto View: ").removesuffix(" */")
        told = json.loads(base64.b64decode(text))
        assert (told["originalSql"], told["schema"]) == (view.sql, view.database)
        assert [c["name"] for c in told["columns"]] == list(view.columns)
        assert {c["Name"]: c["Type"] for c in given["StorageDescriptor"]["Columns"]} == view.columns
        assert len(given["ViewOriginalText"]) < 409_600  # Glue's limit


def test_batch_jobs_never_retry_bad_data_and_always_retry_a_reclaimed_machine(templates: Templates) -> None:
    jobs = templates.of_type("AWS::Batch::JobDefinition")
    large = [job for _, job in jobs if job["PlatformCapabilities"] == ["EC2"]]
    assert len(large) == 1  # files whose names may want much scratch disk, on Spot if their check can be gone on with
    disks = [job["ContainerProperties"].get("EphemeralStorage") for _, job in jobs]
    # Checks that cannot be gone on with, and the mirror's whole feeds: fetched packed, read unpacked.
    assert sorted(disk["SizeInGiB"] for disk in disks if disk) == [100, 200, 200, 200]
    assert len(jobs) - 3 == len(list((ROOT / "batch").glob("*/Dockerfile")))
    for _, job in jobs:
        rules = job["RetryStrategy"]["EvaluateOnExit"]
        assert rules[0] == {"Action": "EXIT", "OnExitCode": "2"} and rules[-1]["Action"] == "RETRY"
        assert job["RetryStrategy"]["Attempts"] == 3


def test_the_stack_knows_no_account_and_no_region(templates: Templates) -> None:
    for name, template in templates.by_stack.items():
        text = json.dumps(template)
        assert not re.search(r"arn:aws:[a-z0-9-]+:(us|eu|ap|cn)-[a-z]+-\d:", text), name
        assert not re.search(r"[:\"/-]\d{12}[:\"/-]", text), name


@pytest.mark.parametrize("setting", sorted(Settings.NAMES))
def test_a_setting_is_used_by_somebody(setting: str) -> None:
    code = "\n".join(p.read_text() for folder in ("layers/core", "functions") for p in (ROOT / folder).rglob("*.py"))
    read = rf"Settings\(\)\.({setting}|optional\(.{setting}.\))|settings\.{setting}"
    assert re.search(read, code), f"nobody reads {setting}"
