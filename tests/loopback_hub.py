"""A hub on this machine: as much of its protocol as huggingface_hub needs to read and write small repositories."""

import base64
import hashlib
import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit


class LoopbackHub:
    """Repositories of networks: commits by name of repository and revision, files by commit."""

    def __init__(self):
        self.commits, self.files, self.pages, self.asked, self.notes = {}, {}, {}, [], {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": self}))
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def commit(self, name, files, revision="main"):
        """Keep files as a new commit of a repository; return its hash."""
        told = json.dumps([name, revision, {path: hashlib.sha256(one).hexdigest() for path, one in files.items()}])
        commit = hashlib.sha1(told.encode()).hexdigest()
        self.files[commit] = files
        self.commits.setdefault(name, {})[revision] = self.commits[name][commit] = commit
        return commit

    def upload(self, name, folder):
        """Keep a folder as a new commit."""
        files = (file for file in folder.rglob("*") if file.is_file())
        return self.commit(name, {file.relative_to(folder).as_posix(): file.read_bytes() for file in files})


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append(f"{self.command} {path}")
        if path in self.hub.pages:
            self._answer(self.hub.pages[path])
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/(revision|tree)/([^/]+)/?)?", path):
            name, what, revision = found.groups()
            if (commit := self._commit(name, revision or "main")) is None:
                return
            files = self.hub.files[commit]
            listing = [{"type": "file", "path": p, "size": len(c), "oid": _etag(c)} for p, c in files.items()]
            self._answer(listing if what == "tree" else {"id": name, "modelId": name, "sha": commit, "siblings": []})
        elif found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            name, revision, file = found.groups()
            if (commit := self._commit(name, revision)) is None:
                return
            if file not in self.hub.files[commit]:
                self._refuse("EntryNotFound", {"X-Repo-Commit": commit})
                return
            content = self.hub.files[commit][file]
            self._answer(content, {"X-Repo-Commit": commit, "ETag": f'"{_etag(content)}"'})
        else:
            self._refuse("NotFound")

    def do_POST(self):
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append(f"POST {path}")
        body = self._body()
        if path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked['organization']}/{asked['name']}"
            if name in self.hub.commits:
                self._answer({"url": f"{self.hub.url}/{name}"}, status=409)
                return
            self.hub.notes[name] = asked
            self.hub.commit(name, {".gitattributes": b""})
            self._answer({"url": f"{self.hub.url}/{name}"})
        elif path == "/api/validate-yaml":
            self._answer({"errors": [], "warnings": []})
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/(preupload|commit|branch)/(.+)", path):
            getattr(self, f"_{found[2]}")(found[1], found[3], body)
        else:
            self._refuse("NotFound")

    def _preupload(self, name, revision, body):
        files = json.loads(body)["files"]
        modes = [{"path": one["path"], "uploadMode": "regular", "shouldIgnore": False} for one in files]
        self._answer({"files": modes})

    def _branch(self, name, branch, body):
        if branch in self.hub.commits[name]:
            self._answer({"error": "exists"}, status=409)
            return
        self.hub.commits[name][branch] = self.hub.commits[name]["main"]
        self._answer({})

    def _commit_(self, name, revision, body):
        lines = [json.loads(line) for line in body.splitlines()]
        files = dict(self.hub.files[self.hub.commits[name][revision]])
        for line in lines:
            value = line["value"]
            if line["key"] == "deletedFile":
                del files[value["path"]]
            elif line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
        self.hub.notes[f"{name} message"] = lines[0]["value"]["summary"]
        asks = "create_pr=1" in self.path
        commit = self.hub.commit(name, files, "refs/pr/1" if asks else revision)
        pull = {"pullRequestUrl": f"{self.hub.url}/{name}/discussions/1"} if asks else {}
        self._answer(
            {"success": True, "commitOid": commit, "commitUrl": f"{self.hub.url}/{name}/commit/{commit}", **pull}
        )

    def _commit(self, name, revision, body=None):
        """Return the commit of a revision, or keep one that is sent; what is not there is refused."""
        if body is not None:
            return self._commit_(name, revision, body)
        if name not in self.hub.commits:
            return self._refuse("RepoNotFound", status=401)
        if revision not in self.hub.commits[name]:
            return self._refuse("RevisionNotFound")
        return self.hub.commits[name][revision]

    def _body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _refuse(self, code, headers=None, status=404):
        self._answer({"error": code}, {"X-Error-Code": code, **(headers or {})}, status)

    def _answer(self, content, headers=None, status=200):
        content = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": len(content)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _etag(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@contextmanager
def loopback_hub():
    """Have a hub on this machine."""
    hub = LoopbackHub()
    thread = threading.Thread(target=hub.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.server.shutdown()
        hub.server.server_close()


def use_hub(monkeypatch, hub, home):
    """Have huggingface_hub, which is imported already, ask this hub, for a user who has fetched nothing yet."""
    from huggingface_hub import constants

    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(home / "hub"))
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.url + "/{repo_id}/resolve/{revision}/{filename}")
