"""The lake: Glue databases, Iceberg tables of biotheca.lake.model, views of lake.views, and Athena's workgroups."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_athena as athena
from aws_cdk import aws_glue as glue
from constructs import Construct

from biotheca.lake.model import TABLES
from biotheca.lake.views import DATABASE, SRA_DATABASE, View, table_input, views
from infra.constructs.python_function import House
from infra.workgroups import WORKGROUPS, Workgroup


class LakeStack(Stack):
    """Tables and views that analysts see. Rows are written by programs; tables and views only by this stack."""

    def __init__(self, scope: Construct, name: str, house: House) -> None:
        super().__init__(
            scope, name, termination_protection=house.stage.keep_data, description="Biotheca: Iceberg lake and Athena"
        )
        databases = {
            DATABASE: self._database("Database", DATABASE, "Own and mirrored records", house),
            SRA_DATABASE: self._database(
                "SraDatabase", SRA_DATABASE, "The same under the names of NCBI's examples", house
            ),
        }
        for table, columns in TABLES.items():
            house.lake[table] = self._table(table, columns, house)
            house.lake[table].add_resource_dependency(databases[DATABASE])
        for view in views(DATABASE):
            self._view(view).add_resource_dependency(databases[view.database])
        for group in WORKGROUPS:
            self._workgroup(group, house)
        house.values["lake_database"] = DATABASE

    def _database(self, construct: str, name: str, says: str, house: House) -> glue.CfnDatabase:
        location = f"s3://{house.buckets['lake_bucket'].bucket_name}/tables/"
        return glue.CfnDatabase(
            self,
            construct,
            catalog_id=self.account,
            database_input=glue.CfnDatabase.DatabaseInputProperty(name=name, description=says, location_uri=location),
        )

    def _table(self, table: str, columns: dict[str, str], house: House) -> glue.CfnTable:
        return glue.CfnTable(
            self,
            f"{_pascal(table)}Table",
            catalog_id=self.account,
            database_name=DATABASE,
            table_input=glue.CfnTable.TableInputProperty(
                name=table,
                table_type="EXTERNAL_TABLE",
                storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                    location=f"s3://{house.buckets['lake_bucket'].bucket_name}/tables/{table}",
                    columns=_columns(columns),
                ),
            ),
            open_table_format_input=glue.CfnTable.OpenTableFormatInputProperty(
                iceberg_input=glue.CfnTable.IcebergInputProperty(metadata_operation="CREATE", version="2")
            ),
        )

    def _view(self, view: View) -> glue.CfnTable:
        made = table_input(view)
        return glue.CfnTable(
            self,
            f"{_pascal(view.database)}{_pascal(view.name)}View",
            catalog_id=self.account,
            database_name=view.database,
            table_input=glue.CfnTable.TableInputProperty(
                name=made["Name"],
                description=made["Description"],
                table_type=made["TableType"],
                parameters=made["Parameters"],
                view_original_text=made["ViewOriginalText"],
                view_expanded_text=made["ViewExpandedText"],
                storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                    location="", columns=_columns(view.columns), serde_info=glue.CfnTable.SerdeInfoProperty()
                ),
            ),
        )

    def _workgroup(self, group: Workgroup, house: House) -> None:
        bucket = house.buckets["lake_bucket"].bucket_name
        athena.CfnWorkGroup(
            self,
            group.name.capitalize(),
            name=f"{DATABASE}-{group.name}",
            description=f"{group.says}; one that reads more than its cap is ended",
            recursive_delete_option=not house.stage.keep_data,
            work_group_configuration=athena.CfnWorkGroup.WorkGroupConfigurationProperty(
                bytes_scanned_cutoff_per_query=group.most_bytes,
                enforce_work_group_configuration=True,
                publish_cloud_watch_metrics_enabled=True,
                engine_version=athena.CfnWorkGroup.EngineVersionProperty(
                    selected_engine_version="Athena engine version 3"
                ),
                result_configuration=athena.CfnWorkGroup.ResultConfigurationProperty(
                    output_location=f"s3://{bucket}/results/{group.name}/",
                    encryption_configuration=athena.CfnWorkGroup.EncryptionConfigurationProperty(
                        encryption_option="SSE_KMS", kms_key=house.keys["data"].key_arn
                    ),
                ),
            ),
        )


def _columns(columns: dict[str, str]) -> list[glue.CfnTable.ColumnProperty]:
    return [glue.CfnTable.ColumnProperty(name=column, type=kind) for column, kind in columns.items()]


def _pascal(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))
