"""A small Hugging Face hub on this machine, over HTTP, so that the library huggingface_hub runs as it is.

It answers what downloading a repository and uploading a folder ask, in the forms of the real hub's answers, and keeps
a list of what it was asked. It knows one token.
"""

import base64
import hashlib
import json
import re
import threading
import time
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import huggingface_hub
import pytest
import torch
from huggingface_hub import HfApi, snapshot_download

from colorlib.colorizer import Colorizer
from colorlib.errors import ColorizerError
from colorlib.model import Model
from colorlib.models import build_generator

TOKEN = "hf_ofthetests"
LICENSES = ("mit", "cc-by-4.0")
NOWHERE = "http://127.0.0.1:9"  # nobody answers there


class Hub(ThreadingHTTPServer):
    """`repositories`: name -> files (path -> bytes). `private` and `gated`: names. `asked`: (method, path) so far."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.repositories, self.private, self.gated, self.asked, self.status = {}, set(), set(), [], None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def answer(self, content: dict | bytes, status: int = 200, **headers):
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in ({"Content-Length": len(body), "Content-Type": "application/json"} | headers).items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status: int, code: str = "", message: str = ""):
        self.answer({"error": message}, status, X_Error_Code=code, X_Error_Message=message)

    def respond(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.split("?")[0]
        self.server.asked.append((self.command, path))
        if self.server.status:
            return self.refuse(self.server.status, message="as the test wants it")
        if path == "/api/validate-yaml":
            license = re.search(r"^license: (.*)$", json.loads(body)["content"], re.MULTILINE)
            known = license is None or license[1] in LICENSES
            errors = [] if known else [{"message": '"license" must be one of ...'}]
            return self.answer({"errors": errors, "warnings": []}, 200 if known else 400)
        if path == "/api/repos/create":
            return self.create(json.loads(body))
        found = re.fullmatch(r"(?:/api/models)?/([^/]+/[^/]+)(?:/(revision|tree|preupload|commit|resolve)/(.+))?", path)
        name, what, rest = found.groups()
        if name not in self.server.repositories or (name in self.server.private and not self.known()):
            return self.refuse(404 if self.known() else 401, "RepoNotFound", "Repository not found")
        if what in ("preupload", "commit") and not self.may_write(name):
            return self.refuse(403, message="no right to write")
        return getattr(self, what or "revision")(name, rest, body)

    do_GET = do_HEAD = do_POST = respond

    def known(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def may_write(self, name: str) -> bool:
        return self.known() and name.startswith("me/")

    def create(self, wanted):
        name = f"{wanted['organization']}/{wanted['name']}"
        if not self.may_write(name):
            return self.refuse(403 if self.known() else 401, message="no right to create")
        if name in self.server.repositories:
            return self.answer({"url": f"{self.server.address}/{name}"}, 409)
        self.server.repositories[name] = {}
        if wanted.get("private") or wanted.get("visibility") == "private":
            self.server.private.add(name)
        return self.answer({"url": f"{self.server.address}/{name}"})

    # ------------------------------------------------------------ one repository

    def commit_hash(self, name) -> str:
        return hashlib.sha1(repr(sorted(self.server.repositories[name].items())).encode()).hexdigest()

    def revision(self, name, rest, body):
        files = [{"rfilename": path} for path in self.server.repositories[name]]
        private = name in self.server.private
        self.answer({"id": name, "sha": self.commit_hash(name), "private": private, "siblings": files})

    def tree(self, name, rest, body):
        files = self.server.repositories[name].items()
        self.answer([{"type": "file", "path": path, "size": len(text), "oid": etag(text)} for path, text in files])

    def resolve(self, name, rest, body):
        if name in self.server.gated:
            return self.refuse(403, "GatedRepo", "Access is restricted")
        text = self.server.repositories[name][rest.split("/")[1]]
        return self.answer(text, ETag=f'"{etag(text)}"', X_Repo_Commit=self.commit_hash(name))

    def preupload(self, name, rest, body):
        paths = [file["path"] for file in json.loads(body)["files"]]
        self.answer({"files": [{"path": path, "uploadMode": "regular", "shouldIgnore": False} for path in paths]})

    def commit(self, name, rest, body):
        for line in map(json.loads, body.splitlines()):
            if line["key"] == "file":
                self.server.repositories[name][line["value"]["path"]] = base64.b64decode(line["value"]["content"])
        commit = self.commit_hash(name)
        # The real hub's is a whole address; older libraries take no other than huggingface.co there.
        self.answer({"commitUrl": f"{name}/commit/{commit}", "commitOid": commit})


def etag(content: bytes) -> str:
    """What identifies a file's content, as git does."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@contextmanager
def running_hub():
    """A hub that runs while the block does."""
    hub = Hub()
    thread = threading.Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        hub.server_close()
        thread.join()


# ------------------------------------------------------------ for the tests


def sentence(call, *arguments, **options) -> str:
    """The one line of the error that a call ends with."""
    with pytest.raises(ColorizerError) as caught:
        call(*arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def make_colorizer(seed=0, **settings) -> Colorizer:
    """Untrained, but with loud colors, so that two of them differ."""
    torch.manual_seed(seed)
    model = Model(widths=(4, 8), image_size=16, **settings)
    generator = build_generator(model)
    torch.nn.init.normal_(generator.to_color.weight, std=0.5)
    return Colorizer(generator, model, "fp32")


def files_of(folder) -> dict[str, bytes]:
    """The files of a folder: name -> content."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def point_library_at(address: str, monkeypatch, folder) -> None:
    """The library, in this process, at another address, with a cache in `folder`; nobody is logged in."""
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_TOKEN_PATH", str(folder / "token"))
    monkeypatch.setattr(huggingface_hub, "HfApi", partial(HfApi, endpoint=address))
    monkeypatch.setattr(
        huggingface_hub, "snapshot_download", partial(snapshot_download, endpoint=address, cache_dir=folder / "cache")
    )


def forbid_waiting(monkeypatch) -> None:
    """From now on a test fails that waits for another try."""
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail(f"waits {seconds} s for another try"))
