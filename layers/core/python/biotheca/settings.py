"""What a process must be told about its surroundings, one field per environment variable.

The infrastructure sets variables through `VARIABLE` of this module, so a misspelt name cannot
deploy; handlers read them through `Settings()`, which fails with the variable's name.
"""

from __future__ import annotations

import os


class SettingMissing(RuntimeError):
    """A deployment fault: the process was started without a variable that its work needs."""


class Settings:
    """Attribute access to the environment: `Settings().records_table` reads BIOTHECA_RECORDS_TABLE."""

    NAMES = frozenset(
        {
            "records_table",
            "accessions_table",
            "outbox_table",
            "search_table",
            "taxonomy_table",
            "people_table",
            "audit_table",
            "access_table",
            "audit_bucket",
            "openness_table",
            "mail_from",
            "public_url",
            "inbox_bucket",
            "uploader_role",
            "smallest_part_mib",
            "open_archive_bucket",
            "controlled_archive_bucket",
            "controlled_key",
            "delivery_keys",
            "visa_keys",
            "collection_secrets",
            "collection_key",
            "derived_bucket",
            "lake_database",
            "mirror_table",
            "mirror_bucket",
            "mirror_sources",
            "article_sources",
            "mirror_workflow",
            "mirror_files_workflow",
            "moving_workflow",
            "event_bus",
            "submission_workflow",
            "user_pool",
            "user_pool_client",
            "token_issuer",
            "token_keys_url",
        }
    )

    def optional(self, name: str) -> str | None:
        """A setting that a deployment may leave out, or None."""
        return os.environ.get(variable(name)) or None

    def __getattr__(self, name: str) -> str:
        if name not in self.NAMES:
            raise AttributeError(f"no setting is named {name!r}; known: {', '.join(sorted(self.NAMES))}")
        value = os.environ.get(variable(name))
        if not value:
            raise SettingMissing(f"environment variable {variable(name)} is not set")
        return value


def variable(name: str) -> str:
    """The environment variable of a setting.

    >>> variable("records_table")
    'BIOTHECA_RECORDS_TABLE'
    """
    if name not in Settings.NAMES:
        raise KeyError(f"no setting is named {name!r}")
    return f"BIOTHECA_{name.upper()}"
