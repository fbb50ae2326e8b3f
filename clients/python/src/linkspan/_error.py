"""The one error of this package: what went wrong, whoever says it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, Union, cast, get_args

from linkspan.types import ErrorKey, ErrorType

OwnKey = Literal["unreachable", "answer_unexpected", "result_missing"]
"""The keys of this package: there is no answer, or none in time; what answers is not Linkspan, such as a gateway; the
browser's address has no result."""


class LinkspanError(Exception):
    """Why a call failed, or why nothing was connected. It holds no secret.

    The message of a result's error came through the browser, so escape it in a page.
    """

    def __init__(
        self,
        message: str,
        type: ErrorType,
        key: Union[ErrorKey, OwnKey],
        data: Mapping[str, Any] | None = None,
        reference: str | None = None,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        # All of them, by position: an exception is copied and pickled by what stands here.
        super().__init__(message, type, key, data, reference, status, retry_after)
        self.message = message
        self.type: ErrorType = type
        """Who has to act: docs/errors.md says what each means."""
        self.key: Union[ErrorKey, OwnKey] = key
        """What is wrong. Keys are only ever added."""
        self.data: Mapping[str, Any] = data or {}
        """Facts for programs, such as `field`."""
        self.reference = reference
        """What the operator's log and the customer's page call this attempt."""
        self.status = status
        """The answer's status. There is none if nothing answered, or if the error came by the browser's address."""
        self.retry_after = retry_after
        """In how many seconds it may be tried again, if that is known."""

    def __str__(self) -> str:
        reference = "" if self.reference is None else f", reference {self.reference}"
        return f"{self.message} ({self.key}{reference})"

    @classmethod
    def of_answer(cls, status: int, body: bytes, retry_after: float | None) -> LinkspanError:
        """The error that an answer says. One that says none is a gateway's, and passes where it is 429 or 5xx."""
        passes = status == 429 or status >= 500
        said_type: ErrorType = "dependency_error" if passes else "bad_request"
        unexpected = cls(
            f"What answers with {status} is not Linkspan.",
            said_type,
            "answer_unexpected",
            status=status,
            retry_after=retry_after,
        )
        return cls._said(body, status, retry_after) or unexpected

    @classmethod
    def of_result(cls, message: str, error_data: str) -> LinkspanError:
        """The error that the browser brought in `error` and `errorData`, whoever wrote it there."""
        return cls._said(error_data, None, None) or cls(message, "bad_request", "answer_unexpected")

    @classmethod
    def _said(cls, text: str | bytes, status: int | None, retry_after: float | None) -> LinkspanError | None:
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            return None
        if not isinstance(said, dict) or said.get("type") not in get_args(ErrorType):
            return None
        message, key, reference = (said.get(name) for name in ("message", "key", "reference"))
        if not isinstance(message, str) or not isinstance(key, str):
            return None
        data = said.get("data")
        data = data if isinstance(data, dict) else {}
        # A header says it of an answer, and this of a result.
        after = data.get("retryAfter")
        if retry_after is None and type(after) in (int, float):
            retry_after = after
        return cls(
            message,
            cast(ErrorType, said["type"]),
            cast(ErrorKey, key),
            data,
            reference if isinstance(reference, str) else None,
            status,
            retry_after,
        )
