#!/bin/sh
# kr8s 0.20.15, Pod.exec(["cat"], stdin="hello"), against a server that speaks v5.channel.k8s.io and v4.
# Seen: it asks for v4.channel.k8s.io alone, the server takes the exec, and then kr8s raises "Stdin is not
# supported with protocol v4.channel.k8s.io, only with v5": its stdin can work with no server, and
# the command has been started each time. (lightkube 1.0.1 asks for both, by its source.)
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m pip install --quiet --root-user-action ignore --target py kr8s==0.20.15 httpx==0.28.1 httpx-ws==0.9.0 \
  python-box==8.0.0 anyio==4.16.0
export PYTHONPATH="$dir/py" PYTHONDONTWRITEBYTECODE=1 HOME="$dir"
cat >ask.py <<'PY'
import base64
import hashlib
import http.server
import json
import os
import threading
import kr8s
from kr8s.objects import Pod

READY = [{"type": "Ready", "status": "True"}, {"type": "ContainersReady", "status": "True"}]
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "default"},
       "spec": {"containers": [{"name": "c"}]}, "status": {"phase": "Running", "conditions": READY}}
VERSION = {"major": "1", "minor": "34", "gitVersion": "v1.34.4"}
offered = []

class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.headers.get("Upgrade", "").lower() == "websocket":
            offered[:] = [each.strip() for each in self.headers["Sec-WebSocket-Protocol"].split(",")]
            key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
            best = "v5.channel.k8s.io" if "v5.channel.k8s.io" in offered else offered[0]
            self.send_header("Sec-WebSocket-Protocol", best)
            self.end_headers()
            self.close_connection = True
            self.rfile.read(100)
            return
        text = json.dumps(POD if "/pods/p" in self.path else VERSION).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass

def causes(error):
    """The error itself, or those that a group of them holds."""
    inner = getattr(error, "exceptions", None)
    return [error] if inner is None else [leaf for each in inner for leaf in causes(each)]

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
config = {"apiVersion": "v1", "kind": "Config", "current-context": "c",
          "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u", "namespace": "default"}}],
          "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
          "users": [{"name": "u", "user": {"token": "t"}}]}
with open("config", "w") as file:
    json.dump(config, file)
code = 1
try:
    Pod(POD, api=kr8s.api(kubeconfig="config")).exec(["cat"], stdin="hello", timeout=10)
except BaseException as error:
    said = [str(each) for each in causes(error)]
    print(offered, said, flush=True)
    code = int(offered != ["v4.channel.k8s.io"] or not any("Stdin is not supported" in each for each in said))
os._exit(code)
PY
timeout 120 python3 ask.py
