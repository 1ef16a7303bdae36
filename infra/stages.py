"""What differs between a real stage and the laptop. No lookups: synthesis is a pure function of this."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """One deployment. `bundle` puts third-party packages into layers; `images` builds containers from batch/."""

    name: str
    keep_data: bool
    bundle: bool
    images: bool
    public_url: str = ""
    mail_from: str = ""  # the address that mails come from; without it notices are shown in the archive only
    smallest_part_mib: int = 0  # of an upload; 0: what biotheca.uploads.rules says


PRODUCTION = Stage("production", keep_data=True, bundle=True, images=True)
# The laptop runs handlers in the project's own environment and jobs as processes: no bundles, no images.
LAPTOP = Stage(
    "laptop",
    keep_data=False,
    bundle=False,
    images=False,
    public_url="http://localhost:*",
    mail_from="archive@example.org",
    smallest_part_mib=5,  # what S3 takes at least: files of a laptop are small, and have several parts all the same
)
STAGES = {stage.name: stage for stage in (PRODUCTION, LAPTOP)}
