"""Downloads that fail soon instead of hanging."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

_SECONDS = 15
_RETRIES = 2


@contextmanager
def network_patience() -> Iterator[None]:
    """Let a server that stays silent for a few seconds count as a failure, for all that is done inside.

    Keras downloads through `urllib`, which has a default to set; TFDS through `requests`, which has none.
    """
    import requests

    default, send = socket.getdefaulttimeout(), requests.adapters.HTTPAdapter.send

    def send_with_limit(self, request, stream=False, timeout=None, **options):
        self.max_retries = requests.adapters.Retry(_RETRIES, backoff_factor=0.5)  # TFDS asks for minutes of them
        return send(self, request, stream=stream, timeout=timeout or _SECONDS, **options)

    socket.setdefaulttimeout(_SECONDS)
    requests.adapters.HTTPAdapter.send = send_with_limit
    try:
        yield
    finally:
        requests.adapters.HTTPAdapter.send = send
        socket.setdefaulttimeout(default)
