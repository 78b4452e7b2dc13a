"""Whether an event or a record is what the contract promises; the schema is read once."""

from __future__ import annotations

from typing import Any

import jsonschema

from livecam import contract_schema

_SCHEMA = contract_schema.schema()


def _validator(name: str) -> Any:
    schema = {**_SCHEMA, "$ref": f"#/$defs/{name}"}
    return jsonschema.validators.validator_for(schema)(schema)


_EVENT, _RECORD = _validator("event"), _validator("moment")


def check_event(event: object) -> None:
    """Raise jsonschema.ValidationError for what is no event."""
    _EVENT.validate(event)


def check_record(record: object) -> None:
    """Raise jsonschema.ValidationError for what is no `NAME.json`."""
    _RECORD.validate(record)
