"""AWS's services behind our own types and errors: the only importers of boto3 and botocore."""
