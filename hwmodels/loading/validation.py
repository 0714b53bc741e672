"""From a document to a pydantic model: every pydantic error becomes a line with file, line, field, value and remedy."""

from __future__ import annotations

import difflib
import re
import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from hwmodels.errors import ConfigError, FieldProblem, FieldsError, Problem, key_path
from hwmodels.loading.yaml_document import Document, KeyPath, shorten

Model = TypeVar("Model", bound=BaseModel)

_BY_TYPE: Final = {
    "missing": "is required and missing",
    "model_type": "must be a mapping of 'key: value'",
    "model_attributes_type": "must be a mapping of 'key: value'",
    "dict_type": "must be a mapping of 'key: value'",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "string_type": "must be text: put it in quotes",
}
_WORDING: Final = (
    ("Value error, ", ""),
    ("Input should be ", "must be "),
    ("Tuple should have ", "must have "),
    (" after validation, not 0", ""),
    ("greater than or equal to", "at least"),
    ("less than or equal to", "at most"),
)


def validate_document(document: Document, model: type[Model]) -> Model:
    """Return the document as an instance of `model`.

    Raise ConfigError with all problems found, each with file, line, dotted key path, the value as written, what is
    allowed, and for an unknown field the nearest known one.
    """
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        details = worth_telling(error)
        found = [problem for each in details for problem in _problems(document, model, each)]
        raise ConfigError(list(dict.fromkeys(found))) from None


def worth_telling(error: ValidationError) -> list[ErrorDetails]:
    """The errors without those that only follow from others: a list whose items are all wrong is too short as well."""
    found = error.errors(include_url=False)
    wrong = [each["loc"] for each in found if each["type"] != "too_short"]
    return [
        each for each in found if each["type"] != "too_short" or not any(_within(where, each["loc"]) for where in wrong)
    ]


def wording(error: ErrorDetails) -> str:
    """What is wrong with the value, in our words, with the nearest of the words that may stand there."""
    message = _BY_TYPE.get(error["type"], error["msg"])
    for pydantic_words, ours in _WORDING:
        message = message.replace(pydantic_words, ours)
    if error["type"] == "literal_error":
        allowed = re.findall(r"'([^']*)'", error["ctx"]["expected"])
        message += did_you_mean(str(error["input"]), allowed) if isinstance(error["input"], str) else ""
    return message


def _within(place: tuple[int | str, ...], outer: tuple[int | str, ...]) -> bool:
    return len(place) > len(outer) and place[: len(outer)] == outer


def did_you_mean(word: str, known: list[str]) -> str:
    """Return "; did you mean 'x'?" for the nearest of the known words, or nothing."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"; did you mean '{near[0]}'?" if near else ""


def problem_at(document: Document, path: KeyPath, message: str, value: str | None = None) -> Problem:
    """Return a problem placed at the value at `path`, or, where there is none, at the nearest map around it.

    The value shown is the one written there unless `value` is given; the key path is the one in the file it is in.
    """
    for length in range(len(path), -1, -1):
        origin = document.origins.get(path[:length])
        if origin is not None:
            written = origin.written if length == len(path) and origin.written not in {"a mapping", "a list"} else ""
            shown = written if value is None else value
            return Problem(origin.file, origin.line, key_path(origin.path + path[length:]), shorten(shown), message)
    return Problem(document.file, None, key_path(path), "", message)


def _problems(document: Document, model: type[BaseModel], error: ErrorDetails) -> Iterator[Problem]:
    cause = error.get("ctx", {}).get("error")
    where = _in_document(document.data, error["loc"], missing=error["type"] == "missing")
    if isinstance(cause, FieldsError):
        for problem in cause.problems:
            yield problem_at(document, where + _place(document, where, problem), problem.message)
    elif error["type"] == "extra_forbidden":
        known = sorted(field_names(model, error["loc"][:-1]))
        hint = did_you_mean(str(where[-1]), known)
        yield problem_at(document, where, f"unknown field{hint or ';'} allowed here: {', '.join(known)}", "")
    else:
        yield problem_at(document, where, wording(error))


def _place(document: Document, where: KeyPath, problem: FieldProblem) -> KeyPath:
    for path in (problem.at, *problem.involved):
        origin = document.origins.get(where + path)
        if origin is not None and origin.file == document.file:
            return path
    return problem.at


def _in_document(data: object, location: tuple[str | int, ...], *, missing: bool) -> KeyPath:
    """Return pydantic's location without the labels it adds for unions and keys: only what is in the document.

    Of a `missing` field the last key is kept although it is not there.
    """
    path: list[str | int] = []
    for key in location:
        if key in (data if isinstance(data, Mapping) else range(len(data)) if isinstance(data, list) else ()):
            data = data[key]  # type: ignore[index]
            path.append(key)
    return (*path, location[-1]) if missing else tuple(path)


def field_names(annotation: Any, location: tuple[str | int, ...]) -> set[str]:  # noqa: ANN401
    """Return the names of the fields of the model that `location` leads to, starting from a type annotation."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return field_names(get_args(annotation)[0], location)
    if origin in {Union, types.UnionType}:
        return _names_of_union(get_args(annotation), location)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = {info.alias or name: info.annotation for name, info in annotation.model_fields.items()}
        if not location:
            return set(fields)
        return field_names(fields[str(location[0])], location[1:]) if location[0] in fields else set()
    if origin in {dict, Mapping, tuple, list} and location:
        inner = [each for each in get_args(annotation) if each is not Ellipsis]
        return field_names(inner[-1], location[1:])
    return set()


def _names_of_union(choices: tuple[Any, ...], location: tuple[str | int, ...]) -> set[str]:
    """Pydantic puts the label of the union's member into the location: follow the members that have it, or skip it."""
    labelled = [choice for choice in choices if location and _kind(choice) == location[0]]
    for members, rest in ((labelled, location[1:]), (choices, location), (choices, location[1:])):
        names = set().union(*(field_names(member, rest) for member in members))
        if names:
            return names
    return set()


def _kind(choice: Any) -> str | None:  # noqa: ANN401
    if not (isinstance(choice, type) and issubclass(choice, BaseModel)) or "kind" not in choice.model_fields:
        return None
    values = get_args(choice.model_fields["kind"].annotation)
    return str(values[0]) if values else None
