"""Random secrets of one instance."""

import secrets


def new_token() -> str:
    """256 bits, as text that may stand in a URL."""
    return secrets.token_urlsafe(32)
