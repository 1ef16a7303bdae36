"""Uploads: presigned multipart parts, S3 as the memory for resume, and the note that a file has arrived."""
