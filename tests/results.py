"""For tests of Gradescope: results documents that are valid."""

from __future__ import annotations

import json

import jsonschema

from tests.support import PROJECT

SCHEMA = json.loads((PROJECT / "tests" / "results_schema.json").read_text(encoding="utf-8"))


def validated(document: object) -> dict:
    """A results document that is valid, after the way through strict JSON."""
    again = json.loads(json.dumps(document, allow_nan=False))
    jsonschema.validate(again, SCHEMA)
    return again
