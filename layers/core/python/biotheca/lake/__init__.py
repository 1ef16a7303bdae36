"""The lake: Iceberg tables that analysts query with Athena SQL. Own and mirrored records share them."""
