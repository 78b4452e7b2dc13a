"""The JSON Schema of what livecam promises, made from the classes in `livecam.contract`.

`python -m livecam.contract_schema` prints it; a wheel carries it as `livecam/contract.json`
(`.github/build_hook.py`). Its texts are the docstrings of the classes, and the strings below their
fields.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import textwrap
import types
import typing
from typing import Any, ClassVar, Literal, NotRequired

from livecam import contract

SIMPLE = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


def schema() -> dict[str, Any]:
    """The whole schema: `$defs` has `event`, `moment`, and each class by its name."""
    events = contract.Event.__subclasses__()
    defs: dict[str, Any] = {}
    for cls in (*events, contract.MomentRecord):
        _define(cls, defs)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"What livecam promises to other programs, version {contract.VERSION}",
        "description": "Every line of `livecam --json` is an event; every NAME.json is a moment."
        " Properties may be added, never taken away or given another meaning.",
        "$defs": defs | {"event": {"oneOf": [_ref(cls) for cls in events]}},
    }


def _define(cls: type, defs: dict[str, Any]) -> dict[str, str]:
    """Describe a class once, and refer to it."""
    name = _name(cls)
    if name in defs:
        return _ref(cls)
    properties = defs[name] = {}
    texts = _texts(cls)
    needed = []
    if issubclass(cls, contract.Event):
        properties |= {"v": {"const": contract.VERSION}, "event": {"const": cls.event}}
        needed = ["v", "event"]
    for field, hint in typing.get_type_hints(cls, include_extras=True).items():
        if typing.get_origin(hint) is ClassVar:
            continue
        is_needed = True
        if typing.get_origin(hint) is NotRequired:
            (hint,), is_needed = typing.get_args(hint), False
        limits = getattr(hint, "__metadata__", ())
        is_needed = is_needed and contract.LATER not in limits
        properties[field] = _of(hint, defs)
        if field in texts:
            properties[field] |= {"description": texts[field]}
        if is_needed:
            needed.append(field)
    defs[name] = {
        "description": _plain(inspect.getdoc(cls) or ""),
        "type": "object",
        "properties": properties,
        "required": needed,
        "additionalProperties": False,
    }
    return _ref(cls)


def _of(hint: Any, defs: dict[str, Any]) -> dict[str, Any]:
    """The schema of a type."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        found = _of(args[0], defs)
        for one in args[1:]:
            found |= one.keywords
        return found
    if origin is Literal:
        return {"enum": list(args)} if len(args) > 1 else {"const": args[0]}
    if origin in (types.UnionType, typing.Union):
        some = [_of(arg, defs) for arg in args]
        if all(set(one) <= {"type", "minimum"} for one in some):
            kinds = [one.pop("type") for one in some]
            return {"type": kinds} | {k: v for one in some for k, v in one.items()}
        return {"oneOf": some}
    if origin in (tuple, list):
        found = {"type": "array", "items": _of(args[0], defs)}
        is_fixed = origin is tuple and Ellipsis not in args
        return found | ({"minItems": len(args), "maxItems": len(args)} if is_fixed else {})
    if origin is dict:
        return {"type": "object", "additionalProperties": _of(args[1], defs)}
    if hint in SIMPLE:
        return {"type": SIMPLE[hint]}
    return _define(hint, defs)


def _ref(cls: type) -> dict[str, str]:
    return {"$ref": f"#/$defs/{_name(cls)}"}


def _name(cls: type) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower().removesuffix("_record")


def _texts(cls: type) -> dict[str, str]:
    """The strings below a class's fields, including those of the classes that it extends."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(body, ast.ClassDef)
    found: dict[str, str] = {}
    for base in body.bases:  # a TypedDict does not keep its bases
        if isinstance(base, ast.Name) and base.id not in ("Event", "TypedDict"):
            found |= _texts(getattr(contract, base.id))
    field = ""
    for line in body.body:
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
            field = line.target.id
        elif isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) and field:
            found[field] = _plain(inspect.cleandoc(str(line.value.value)))
            field = ""
    return found


def _plain(text: str) -> str:
    """One line, without the marks around code."""
    return " ".join(text.replace("`", "").split())


if __name__ == "__main__":
    print(json.dumps(schema(), indent=1))
