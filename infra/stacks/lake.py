"""The lake: Glue database, Iceberg tables from biotheca.lake.model, and a workgroup that ends costly queries."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_athena as athena
from aws_cdk import aws_glue as glue
from constructs import Construct

from biotheca.lake.model import TABLES
from infra.constructs.python_function import House

DATABASE = "biotheca"
QUERY_BYTES_LIMIT = 200 * 1024**3  # about one US dollar a query at list price


class LakeStack(Stack):
    """Tables that analysts see. Rows are written by functions/lake; the tables themselves only by this stack."""

    def __init__(self, scope: Construct, name: str, house: House) -> None:
        super().__init__(
            scope, name, termination_protection=house.stage.keep_data, description="Biotheca: Iceberg lake and Athena"
        )
        bucket = house.buckets["lake_bucket"]
        database = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=self.account,
            database_input=glue.CfnDatabase.DatabaseInputProperty(
                name=DATABASE, description="Own and mirrored records", location_uri=f"s3://{bucket.bucket_name}/tables/"
            ),
        )
        for table, columns in TABLES.items():
            made = glue.CfnTable(
                self,
                f"{table.capitalize()}Table",
                catalog_id=self.account,
                database_name=DATABASE,
                table_input=glue.CfnTable.TableInputProperty(
                    name=table,
                    table_type="EXTERNAL_TABLE",
                    storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                        location=f"s3://{bucket.bucket_name}/tables/{table}",
                        columns=[
                            glue.CfnTable.ColumnProperty(name=column, type=kind) for column, kind in columns.items()
                        ],
                    ),
                ),
                open_table_format_input=glue.CfnTable.OpenTableFormatInputProperty(
                    iceberg_input=glue.CfnTable.IcebergInputProperty(metadata_operation="CREATE", version="2")
                ),
            )
            made.add_resource_dependency(database)
            house.lake[table] = made
        self.workgroup = athena.CfnWorkGroup(
            self,
            "Analysts",
            name="biotheca-analysts",
            description="Queries of analysts; one that reads more than its cap is ended",
            recursive_delete_option=not house.stage.keep_data,
            work_group_configuration=athena.CfnWorkGroup.WorkGroupConfigurationProperty(
                bytes_scanned_cutoff_per_query=QUERY_BYTES_LIMIT,
                enforce_work_group_configuration=True,
                publish_cloud_watch_metrics_enabled=True,
                engine_version=athena.CfnWorkGroup.EngineVersionProperty(
                    selected_engine_version="Athena engine version 3"
                ),
                result_configuration=athena.CfnWorkGroup.ResultConfigurationProperty(
                    output_location=f"s3://{bucket.bucket_name}/results/",
                    encryption_configuration=athena.CfnWorkGroup.EncryptionConfigurationProperty(
                        encryption_option="SSE_KMS", kms_key=house.keys["data"].key_arn
                    ),
                ),
            ),
        )
        house.values["lake_database"] = DATABASE
