"""The form by which a customer's browser starts a connection."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape

from linkspan.types import Start


@dataclass(frozen=True)
class StartForm:
    """A form of one field, since nothing of a start belongs into an address."""

    action: str
    """Where it is posted."""
    fields: Mapping[str, str] = field(repr=False)
    """Its hidden fields. The customer's token is in them."""

    @classmethod
    def of(cls, url: str, payload: Start) -> StartForm:
        """The form that posts this to the service."""
        return cls(f"{url}/connection-popup", {"payload": json.dumps(payload)})

    def html(self, button: str) -> str:
        """The form as HTML, with a button of this text."""
        inputs = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">\n'
            for name, value in self.fields.items()
        )
        opening = f'<form method="post" action="{escape(self.action)}">'
        return f"{opening}\n{inputs}<button>{escape(button)}</button>\n</form>"
