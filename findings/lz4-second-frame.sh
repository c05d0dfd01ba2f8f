#!/bin/sh
# python-lz4 4.4.5 and two LZ4 frames behind each other, which the frame format allows (lz4 and
# `cat a.lz4 b.lz4` make such files).
# Seen: lz4.frame.decompress() gives the first frame and no error, lz4.frame.open() gives both. With a
# skippable frame in front, decompress() gives b"" and open() gives all.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m pip install --quiet --root-user-action ignore --no-deps --target py lz4==4.4.5
export PYTHONPATH="$dir/py" PYTHONDONTWRITEBYTECODE=1
python3 - <<'PY'
import io
import lz4.frame

frame = lz4.frame.compress(b"a" * 1000)
skippable = b"\x50\x2a\x4d\x18" + b"\x04\x00\x00\x00" + b"note"
assert len(lz4.frame.decompress(frame + frame)) == 1000
assert len(lz4.frame.open(io.BytesIO(frame + frame)).read()) == 2000
assert lz4.frame.decompress(skippable + frame) == b""
assert len(lz4.frame.open(io.BytesIO(skippable + frame)).read()) == 1000
print("decompress: 1000 of 2000 bytes, and 0 of 1000; open: all")
PY
