"""Biotheca: an archive of sequence, omics and imaging data, grouped by capability.

The ground floor (errors, ids, clock, events, settings) imports nothing of ours; `aws` is the only
room that knows boto3; each capability keeps its model, rules, store and service in its own folder.
"""

__version__ = "0.1.0"
