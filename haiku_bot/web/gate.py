"""Who may come in: who knows the address that the terminal shows, from a page of this very server.

Every program and every page on this machine can reach the port. The token keeps them out. The `Host` header keeps out
pages whose name was bound to 127.0.0.1 (DNS rebinding), the `Origin` header those that send a form or a request.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence

ADDRESS = "127.0.0.1"
NAMES = (ADDRESS, "localhost")  # what this machine is called in addresses that are served
TOKEN_BYTES = 24


def new_token() -> str:
    """A token that nobody guesses, of characters that need no escape in an address."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def refusal(token: str, port: int, path: str, hosts: Sequence[str], origins: Sequence[str] | None) -> str | None:
    """Why a request is refused, or None.

    Args:
        token: that of the server.
        port: that the server listens on.
        path: of the request, such as `/token/page.css`.
        hosts: the `Host` headers of the request.
        origins: the `Origin` headers of a request that changes or computes something; None for one that reads.
    """
    served = {f"{name}:{port}" for name in NAMES}
    if len(hosts) != 1 or hosts[0].lower() not in served:
        return "This name is not served here. Open the address that the terminal shows."
    if not hmac.compare_digest(token_of(path).encode(), token.encode()):
        return "The token in the address is wrong. Open the address that the terminal shows."
    if origins is not None and (len(origins) != 1 or origins[0].lower() not in {f"http://{host}" for host in served}):
        return "Another page sent this request. Only the page of this chat may ask."
    return None


def token_of(path: str) -> str:
    """The first part of a path."""
    return path.partition("?")[0].lstrip("/").partition("/")[0]


def rest_of(path: str) -> str:
    """What follows the token in a path, without a query; none of it is looked up on disk."""
    return path.partition("?")[0].lstrip("/").partition("/")[2]
