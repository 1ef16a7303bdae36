"""The only room that knows boto3. Stores and doors come in; nobody else.

Clients are made on first use and kept for the life of the process, so importing costs nothing.
"""
