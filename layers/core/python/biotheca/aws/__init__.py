"""The only room that knows boto3. What the archive does with the cloud stands in the capabilities' stores."""
