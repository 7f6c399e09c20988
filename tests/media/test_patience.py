import socket
import time
import urllib.request

import pytest
import requests

from lstm_zoo.media import patience


def test_a_silent_server_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(patience, "_SECONDS", 0.3)
    monkeypatch.setattr(patience, "_RETRIES", 1)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        session = requests.Session()  # one that is as patient as TFDS's
        session.mount(
            "http://", requests.adapters.HTTPAdapter(max_retries=requests.adapters.Retry(9, backoff_factor=1))
        )
        started = time.monotonic()
        with patience.network_patience():
            with pytest.raises(requests.ConnectionError):
                session.get(url)
            with pytest.raises(requests.ConnectionError):
                session.get("http://127.0.0.1:9/")
            with pytest.raises(TimeoutError):
                urllib.request.urlopen(url)
        assert time.monotonic() - started < 60  # those retries would take minutes
