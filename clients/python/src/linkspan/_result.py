"""The result that a browser brings to `redirectUri`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Union
from urllib.parse import parse_qs, urlsplit

from linkspan._error import LinkspanError

# As most frameworks have it, as `urllib.parse.parse_qs` gives it, or as it stands in the address.
Query = Mapping[str, Union[str, None]] | Mapping[str, Sequence[str]] | str


def parameter(query: Query, name: str) -> str | None:
    """What a result says of this name. Linkspan says nothing twice, so who does is somebody else."""
    found = _all(query).get(name)
    values = [found] if isinstance(found, str) else list(found or [])
    if len(set(values)) > 1:
        message = f"`{name}` stands in the address more than once."
        raise LinkspanError(message, "bad_request", "parameter_conflict", {"field": name})
    return values[0] if values else None


def _all(query: Query) -> Mapping[str, str | Sequence[str] | None]:
    if not isinstance(query, str):
        return query
    # A query may hold a question mark itself.
    is_address = query.startswith(("/", "?", "https://", "http://"))
    return parse_qs(urlsplit(query).query if is_address else query, keep_blank_values=True)
