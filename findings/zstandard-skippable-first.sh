#!/bin/sh
# python-zstandard 0.25.0 and a zstd file that begins with a skippable frame, as those of pzstd 1.5.4 do
# (12 bytes, which tell its own reader how long the packed frame is).
# Seen: read_to_iter() and decompressobj() give 0 bytes and no error, decompress() raises, while
# stream_reader(), copy_stream() and open() give all 300,000 bytes. One library, one file, three answers.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m pip install --quiet --root-user-action ignore --no-deps --target py zstandard==0.25.0
export PYTHONPATH="$dir/py" PYTHONDONTWRITEBYTECODE=1
python3 - <<'PY'
import io
import struct
import zstandard

data = bytes(range(250)) * 1200
frame = zstandard.ZstdCompressor(write_content_size=True).compress(data)
packed = struct.pack("<III", 0x184D2A50, 4, len(frame)) + frame
reader = zstandard.ZstdDecompressor
copied = io.BytesIO()
reader().copy_stream(io.BytesIO(packed), copied)
assert copied.getvalue() == data
assert reader().stream_reader(io.BytesIO(packed)).read() == data
assert b"".join(reader().read_to_iter(io.BytesIO(packed))) == b""
assert reader().decompressobj().decompress(packed) == b""
try:
    reader().decompress(packed)
except zstandard.ZstdError as error:
    print("decompress:", error)
else:
    raise SystemExit("decompress() no longer raises")
print("read_to_iter and decompressobj: 0 of", len(data), "bytes, no error")
PY
