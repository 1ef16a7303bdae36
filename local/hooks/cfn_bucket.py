"""AWS::S3::Bucket with all that moto's own type forgets: versions, CORS, lifecycle, notifications, locks."""

from __future__ import annotations

from typing import Any

from local.hooks.cfn_clients import client
from local.hooks.cfn_request import Made, Wish


def bucket(wish: Wish) -> Made:
    given, name = wish.given, wish.name("BucketName").lower()
    s3 = client("s3")
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=_yes(given.get("ObjectLockEnabled")))
    if versions := given.get("VersioningConfiguration"):
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=versions)
    if lock := given.get("ObjectLockConfiguration"):
        wish.call("s3", "put_object_lock_configuration", {"Bucket": name, "ObjectLockConfiguration": lock})
    if encryption := given.get("BucketEncryption"):
        rules = [
            {
                "ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"],
                "BucketKeyEnabled": _yes(rule.get("BucketKeyEnabled")),
            }
            for rule in encryption["ServerSideEncryptionConfiguration"]
        ]
        s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules})
    if cors := given.get("CorsConfiguration"):
        s3.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": [_cors(rule) for rule in cors["CorsRules"]]})
    if access := given.get("PublicAccessBlockConfiguration"):
        wish.call("s3", "put_public_access_block", {"Bucket": name, "PublicAccessBlockConfiguration": access})
    if lifecycle := given.get("LifecycleConfiguration"):
        s3.put_bucket_lifecycle_configuration(
            Bucket=name, LifecycleConfiguration={"Rules": [_lifecycle(rule) for rule in lifecycle["Rules"]]}
        )
    if tags := given.get("Tags"):
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags})
    if notifications := given.get("NotificationConfiguration"):
        s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=_notifications(notifications))
    domain = f"{name}.s3.amazonaws.com"
    return Made(
        name,
        {
            "Arn": f"arn:aws:s3:::{name}",
            "DomainName": domain,
            "RegionalDomainName": f"{name}.s3.{wish.region}.amazonaws.com",
            "DualStackDomainName": f"{name}.s3.dualstack.{wish.region}.amazonaws.com",
            "WebsiteURL": f"http://{name}.s3-website-{wish.region}.amazonaws.com",
        },
    )


def _yes(value: Any) -> bool:
    return str(value).lower() == "true"


def _cors(rule: dict[str, Any]) -> dict[str, Any]:
    names = {"ExposedHeaders": "ExposeHeaders", "MaxAge": "MaxAgeSeconds", "Id": "ID"}
    fitted = {names.get(name, name): value for name, value in rule.items()}
    if "MaxAgeSeconds" in fitted:
        fitted["MaxAgeSeconds"] = int(fitted["MaxAgeSeconds"])
    return fitted


def _lifecycle(rule: dict[str, Any]) -> dict[str, Any]:
    """CloudFormation's flat rule as the API's nested one."""
    fitted: dict[str, Any] = {"Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    if "Id" in rule:
        fitted["ID"] = rule["Id"]
    if days := rule.get("ExpirationInDays"):
        fitted["Expiration"] = {"Days": int(days)}
    elif _yes(rule.get("ExpiredObjectDeleteMarker")):
        fitted["Expiration"] = {"ExpiredObjectDeleteMarker": True}
    transitions = rule.get("Transitions") or ([rule["Transition"]] if "Transition" in rule else [])
    if transitions:
        fitted["Transitions"] = [
            {"Days": int(t["TransitionInDays"]), "StorageClass": t["StorageClass"]} for t in transitions
        ]
    if expiry := rule.get("NoncurrentVersionExpiration"):
        fitted["NoncurrentVersionExpiration"] = {
            k: int(v) for k, v in expiry.items() if k in ("NoncurrentDays", "NewerNoncurrentVersions")
        }
    elif days := rule.get("NoncurrentVersionExpirationInDays"):
        fitted["NoncurrentVersionExpiration"] = {"NoncurrentDays": int(days)}
    if moves := rule.get("NoncurrentVersionTransitions"):
        fitted["NoncurrentVersionTransitions"] = [
            {"NoncurrentDays": int(m["TransitionInDays"]), "StorageClass": m["StorageClass"]} for m in moves
        ]
    if abort := rule.get("AbortIncompleteMultipartUpload"):
        fitted["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": int(abort["DaysAfterInitiation"])}
    return fitted


def _notifications(given: dict[str, Any]) -> dict[str, Any]:
    kinds = {
        "LambdaConfigurations": ("LambdaFunctionConfigurations", "Function", "LambdaFunctionArn"),
        "QueueConfigurations": ("QueueConfigurations", "Queue", "QueueArn"),
        "TopicConfigurations": ("TopicConfigurations", "Topic", "TopicArn"),
    }
    fitted: dict[str, Any] = {}
    for kind, (target, source_name, target_name) in kinds.items():
        for entry in given.get(kind, []):
            configuration = {target_name: entry[source_name], "Events": [entry["Event"]]}
            if rules := entry.get("Filter", {}).get("S3Key", {}).get("Rules"):
                configuration["Filter"] = {"Key": {"FilterRules": rules}}
            fitted.setdefault(target, []).append(configuration)
    bridge = given.get("EventBridgeConfiguration")
    if bridge is not None and _yes(bridge.get("EventBridgeEnabled", True)):
        fitted["EventBridgeConfiguration"] = {}
    return fitted
