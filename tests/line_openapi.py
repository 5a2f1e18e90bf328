"""LINE's own OpenAPI descriptions as JSON schemas; tests that need them are skipped, and say so, without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

OPENAPI = Path(__file__).parents[2] / "shared/line-openapi"

NEEDS_OPENAPI = pytest.mark.skipif(
    not OPENAPI.exists(), reason=f"LINE's OpenAPI descriptions are not in {OPENAPI}"
)


def validator(name: str, file: str = "messaging-api.yml") -> jsonschema.Validator:
    """LINE's schema as a JSON schema, with its discriminators spelled out as if-then."""
    schemas = yaml.safe_load((OPENAPI / file).read_text(encoding="utf-8"))["components"]["schemas"]
    definitions: dict[str, Any] = {}
    for key, schema in schemas.items():
        found = schema.pop("discriminator", None)
        definitions[f"raw-{key}"] = schema
        definitions[key] = schema if found is None else _spelled_out(key, found["mapping"])
        for part in schema.get("allOf", ()):
            if "$ref" in part:
                part["$ref"] = "#/components/schemas/raw-" + part["$ref"].rsplit("/", 1)[1]
    root = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": definitions}}
    return jsonschema.Draft202012Validator(root)


def _spelled_out(key: str, mapping: dict[str, str]) -> dict[str, Any]:
    kinds = [
        {"if": {"properties": {"type": {"const": kind}}}, "then": {"$ref": reference}}
        for kind, reference in mapping.items()
    ]
    known = {"properties": {"type": {"enum": list(mapping)}}, "required": ["type"]}
    return {"allOf": [{"$ref": f"#/components/schemas/raw-{key}"}, known, *kinds]}


def described_kinds(name: str, file: str) -> list[dict[str, Any]]:
    """An example of every kind that a schema with a discriminator has; none where there are no descriptions."""
    if not OPENAPI.exists():
        return []
    schemas = yaml.safe_load((OPENAPI / file).read_text(encoding="utf-8"))["components"]["schemas"]
    mapping = schemas[name]["discriminator"]["mapping"]
    return [{**_example(schemas, {"$ref": place}), "type": kind} for kind, place in mapping.items()]


def _example(schemas: dict[str, Any], schema: dict[str, Any]) -> Any:
    """A value with every property a schema names; of several kinds the first."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        if name == "Source":
            return {"type": "user", "userId": "U" + "1" * 32}
        found = schemas[name]
        if mapping := found.get("discriminator", {}).get("mapping"):
            kind, place = next(iter(mapping.items()))
            return {**_example(schemas, {"$ref": place}), found["discriminator"]["propertyName"]: kind}
        return _example(schemas, found)
    if "allOf" in schema:
        parts = [_own(schemas, part) for part in schema["allOf"]]
        return {key: value for part in parts for key, value in part.items()}
    if "properties" in schema:
        return _own(schemas, schema)
    simple = {"string": "x", "integer": 7, "number": 7, "boolean": True, "array": [], "object": {}}
    return schema.get("enum", [simple[schema["type"]]])[0]


def _own(schemas: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The properties of one part, whatever kinds it may have."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rsplit("/", 1)[1]]
    return {key: _example(schemas, value) for key, value in schema.get("properties", {}).items()}
