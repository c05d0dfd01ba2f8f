#!/bin/sh
# obstore 0.12.1, HTTPStore, and a web server that serves GET alone and answers 405 Method Not Allowed to HEAD.
# Seen: head() of a file that is there raises FileNotFoundError; get() of it gives its bytes and its size. Of an S3Store,
# the same answer to the same question is a GenericError that names the 405.
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
import obstore
from obstore.store import HTTPStore, S3Store

class GetOnly(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Last-Modified", "Sat, 28 Nov 2026 00:00:00 GMT")
        self.send_header("Content-Length", "7")
        self.end_headers()
        self.wfile.write(b"content")

    def do_HEAD(self):
        self.send_response(405)
        self.send_header("Allow", "GET")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), GetOnly)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"
web = HTTPStore.from_url(url, client_options={"allow_http": True})
bucket = S3Store("bucket", endpoint=url, region="us-east-1", access_key_id="a", secret_access_key="b",
                 virtual_hosted_style_request=False, client_options={"allow_http": True})
answer = obstore.get(web, "x")
assert (answer.meta["size"], bytes(answer.bytes())) == (7, b"content")
for store, expected in ((web, FileNotFoundError), (bucket, obstore.exceptions.GenericError)):
    try:
        obstore.head(store, "x")
    except (FileNotFoundError, obstore.exceptions.BaseError) as error:
        assert type(error) is expected, error
        assert "405" in str(error), error
        print(type(store).__name__, "head:", type(error).__name__, "for 405")
    else:
        raise SystemExit("head succeeds now")
PY
timeout 120 python3 ask.py
