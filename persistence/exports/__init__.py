"""Exports of the audit log: files whose every row can be checked without the database they came from."""
