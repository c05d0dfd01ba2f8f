#!/bin/sh
# Python 3.11.7, module lzma, and an .xz of two streams with 4 zero bytes of stream padding between
# them, which the xz format allows and xz -t accepts.
# Seen: lzma.open() and lzma.decompress() give the first stream alone and no error; python-xz 0.7.0
# and xz give both. Without the padding lzma gives both as well.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m pip install --quiet --root-user-action ignore --no-deps --target py python-xz==0.7.0
export PYTHONPATH="$dir/py" PYTHONDONTWRITEBYTECODE=1
python3 - <<'PY'
import io
import lzma
import xz

first, second = lzma.compress(b"a" * 1000), lzma.compress(b"b" * 1000)
padded = first + bytes(4) + second
assert len(lzma.decompress(first + second)) == 2000
assert lzma.decompress(padded) == b"a" * 1000
assert lzma.open(io.BytesIO(padded)).read() == b"a" * 1000
assert xz.open(io.BytesIO(padded)).read() == b"a" * 1000 + b"b" * 1000
print("lzma: 1000 of 2000 bytes, no error; python-xz: 2000")
PY
