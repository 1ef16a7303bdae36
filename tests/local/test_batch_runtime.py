"""Batch jobs run their definition's command, and are retried as their strategy says."""

from __future__ import annotations

from typing import Any

import pytest

from local.laptop import PROJECT
from tests.local.conftest import Cloud, wait_for


def submit(cloud: Cloud, code: str, **more: Any) -> str:
    answer = cloud.client("batch").submit_job(
        jobName="probe",
        jobQueue=cloud.out("JobQueue"),
        jobDefinition=cloud.out("Job"),
        parameters={"code": code},
        **more,
    )
    return str(answer["jobId"])


def describe(cloud: Cloud, job_id: str) -> dict[str, Any]:
    found: dict[str, Any] = cloud.client("batch").describe_jobs(jobs=[job_id])["jobs"][0]
    return found


def finish(cloud: Cloud, job_id: str, seconds: float = 15) -> dict[str, Any]:
    def ended() -> Any:
        job = describe(cloud, job_id)
        return job if job["status"] in ("SUCCEEDED", "FAILED") else None

    job: dict[str, Any] = wait_for(ended, seconds, "the job's end")
    return job


def test_a_job_runs_in_the_project_with_its_parameters(cloud: Cloud) -> None:
    job = finish(cloud, submit(cloud, "0"))
    assert job["status"] == "SUCCEEDED"
    assert job["container"]["exitCode"] == 0
    assert (cloud.folder / "jobs").read_text().splitlines()[-1] == f"1 - {PROJECT}"
    log = cloud.laptop.logs.log(f"batch/{cloud.out('Job').rpartition('/')[2].partition(':')[0]}")
    assert any("job says 0" in line.text for line in log.lines())


@pytest.mark.parametrize(("code", "attempts", "exit_code"), [("kill", 3, 137), ("1", 3, 1), ("2", 1, 2)])
def test_what_is_our_fault_is_retried_and_unsound_data_is_not(
    cloud: Cloud, code: str, attempts: int, exit_code: int
) -> None:
    job = finish(cloud, submit(cloud, code))
    assert job["status"] == "FAILED"
    assert [a["container"]["exitCode"] for a in job["attempts"]] == [exit_code] * attempts
    assert job["statusReason"] == "Essential container in task exited"


def test_a_third_attempt_may_succeed(cloud: Cloud) -> None:
    job = finish(cloud, submit(cloud, "flaky"))
    assert job["status"] == "SUCCEEDED"
    assert len(job["attempts"]) == 3


def test_the_submission_may_name_its_own_retries(cloud: Cloud) -> None:
    job = finish(cloud, submit(cloud, "1", retryStrategy={"attempts": 2}))
    assert len(job["attempts"]) == 2


def test_an_array_runs_each_index_and_fails_with_one_child(cloud: Cloud) -> None:
    good = finish(cloud, submit(cloud, "0", arrayProperties={"size": 3}))
    assert good["arrayProperties"]["statusSummary"]["SUCCEEDED"] == 3
    indexes = [line.split()[1] for line in (cloud.folder / "jobs").read_text().splitlines()[-3:]]
    assert sorted(indexes) == ["0", "1", "2"]
    bad_id = submit(cloud, "odd", arrayProperties={"size": 2}, retryStrategy={"attempts": 1})
    bad = finish(cloud, bad_id)
    assert bad["status"] == "FAILED"
    assert bad["arrayProperties"]["statusSummary"]["FAILED"] == 1
    assert describe(cloud, f"{bad_id}:1")["container"]["exitCode"] == 1


def test_a_job_waits_for_what_it_depends_on(cloud: Cloud) -> None:
    first = submit(cloud, "2")
    second = submit(cloud, "0", dependsOn=[{"jobId": first}])
    assert finish(cloud, second)["statusReason"] == "Dependent Job failed"
    third = submit(cloud, "0", dependsOn=[{"jobId": submit(cloud, "0")}])
    assert finish(cloud, third)["status"] == "SUCCEEDED"


def test_a_job_over_its_time_is_ended_and_not_retried(cloud: Cloud) -> None:
    # The real API allows no less than 60 s; the test does not wait for it.
    job = finish(cloud, submit(cloud, "sleep", timeout={"attemptDurationSeconds": 1}))
    assert job["statusReason"] == "Job attempt duration exceeded timeout"
    assert len(job["attempts"]) == 1


def test_a_terminated_job_ends_with_the_given_reason(cloud: Cloud) -> None:
    job_id = submit(cloud, "sleep")
    wait_for(lambda: describe(cloud, job_id)["status"] == "RUNNING", what="the start")
    cloud.client("batch").terminate_job(jobId=job_id, reason="changed my mind")
    job = finish(cloud, job_id)
    assert (job["status"], job["statusReason"]) == ("FAILED", "changed my mind")


def test_looking_at_a_job_does_not_make_it_grow(cloud: Cloud) -> None:
    job_id = submit(cloud, "0")
    finish(cloud, job_id)
    assert describe(cloud, job_id)["container"]["environment"] == describe(cloud, job_id)["container"]["environment"]
