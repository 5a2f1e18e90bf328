"""The webhook's signature: Base64(HMAC-SHA256(channel secret, raw body)).

https://developers.line.biz/en/docs/messaging-api/verify-webhook-signature/
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence


def signature(secret: str, body: bytes) -> bytes:
    """The signature LINE puts in `X-Line-Signature`."""
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256))


def is_genuine(secrets: Sequence[str], body: bytes, header: str | None) -> bool:
    """Whether one of our channel secrets signed these bytes, compared in constant time.

    Several secrets are in use while a reissued one is being rotated in.
    """
    given = (header or "").encode("utf-8", "surrogateescape")
    return any(hmac.compare_digest(signature(secret, body), given) for secret in secrets)
