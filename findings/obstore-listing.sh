#!/bin/sh
# obstore 0.12.1 and a bucket with the keys backups/a.tar, backups/a.tar.sha256 and backups//b.tar (a key
# with an empty part is an ordinary S3 key; tools that join "backups/" and "/b.tar" make it).
# Seen: list() of "backups" raises InvalidPathError because of that one key, so none of the others can be
# listed either; get() cannot name it. And list() of "backups/a.tar" asks the server for
# "backups/a.tar/": a prefix is whole parts, so the object and its .sha256 are not found.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m pip install --quiet --root-user-action ignore --target py obstore==0.12.1
export PYTHONPATH="$dir/py" PYTHONDONTWRITEBYTECODE=1
cat >ask.py <<'PY'
import http.server
import threading
import urllib.parse
import obstore
from obstore.store import S3Store

KEYS = ["backups//b.tar", "backups/a.tar", "backups/a.tar.sha256"]
asked = []

class Bucket(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        asked.append(query["prefix"][0])
        found = [key for key in KEYS if key.startswith(asked[-1])]
        body = "".join(
            f"<Contents><Key>{key}</Key><LastModified>2026-11-28T00:00:00.000Z</LastModified>"
            f"<ETag>&quot;00&quot;</ETag><Size>1</Size></Contents>" for key in found)
        text = f"<ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated>{body}</ListBucketResult>".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
threading.Thread(target=server.serve_forever, daemon=True).start()
store = S3Store("bucket", endpoint=f"http://127.0.0.1:{server.server_port}", region="us-east-1",
                access_key_id="a", secret_access_key="b", virtual_hosted_style_request=False,
                client_options={"allow_http": True})
assert obstore.list(store, prefix="backups/a.tar").collect() == []
assert asked[-1] == "backups/a.tar/"
try:
    obstore.list(store, prefix="backups").collect()
except obstore.exceptions.BaseError as error:
    assert "empty" in str(error).lower(), error
    print("list of backups:", type(error).__name__)
else:
    raise SystemExit("the listing succeeds now")
print("list of backups/a.tar: nothing")
PY
timeout 120 python3 ask.py
