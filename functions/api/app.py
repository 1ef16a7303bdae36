"""The Chalice app of the REST API: wiring only. Handler `functions.api.app.handler`; routes are read by infra."""

from __future__ import annotations

from typing import Any

from chalice import Chalice

from functions.api import (
    accounts,
    audit,
    authorizer,
    checks,
    committees,
    consent,
    curation,
    deidentification,
    delivery,
    dicomweb,
    exchange,
    exports,
    fhir,
    grants,
    groups,
    human_resources,
    imaging,
    mirror,
    notices,
    openness,
    pictures,
    publication,
    queries,
    reference,
    release,
    requests,
    review,
    same_person,
    search,
    sequences,
    staff,
    submissions,
    taxonomy,
    uploads,
    visas,
    workbooks,
)
from functions.observability import MetricUnit, logger, metrics, tracer

app = Chalice(app_name="biotheca-api", configure_logs=False)
app.api.binary_types = []  # the seam says itself what is binary
app.register_blueprint(authorizer.blueprint)
CAPABILITIES = (
    accounts,
    staff,
    groups,
    notices,
    submissions,
    uploads,
    checks,
    deidentification,
    curation,
    pictures,
    publication,
    delivery,
    release,
    human_resources,
    consent,
    committees,
    requests,
    grants,
    visas,
    review,
    exports,
    fhir,
    exchange,
    same_person,
    search,
    imaging,
    dicomweb,
    openness,
    mirror,
    sequences,
    queries,
    taxonomy,
    reference,
    audit,
    workbooks,
)
for capability in CAPABILITIES:
    app.register_blueprint(capability.routes)


def handler(event: dict[str, Any], context: Any) -> Any:
    """One request of the gateway."""
    log = logger()
    request = event.get("requestContext", {})
    log.set_correlation_id(request.get("requestId", ""))
    log.append_keys(route=request.get("resourcePath"), method=event.get("httpMethod"))
    answer = tracer().capture_lambda_handler(metrics().log_metrics(_answer), capture_response=False)(event, context)
    log.info("answered", extra={"status": answer.get("statusCode")})
    return answer


def _answer(event: dict[str, Any], context: Any) -> Any:
    answer = app(event, context)
    kind = f"Answers{str(answer.get('statusCode', 500))[0]}xx"
    metrics().add_metric(name=kind, unit=MetricUnit.Count, value=1)
    return answer
