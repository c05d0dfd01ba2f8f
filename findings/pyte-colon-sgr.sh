#!/bin/sh
# pyte 0.8.2 and two sequences of ECMA-48 and xterm that programs print today: CSI 4:3 m (curly underline,
# parameters parted by a colon) and CSI > 4 ; 1 m (xterm's modifyOtherKeys, which styles nothing).
# Seen: of the first pyte ends the sequence at the colon and shows "3m" as text; the second it takes for
# CSI 4 ; 1 m and makes everything from there on bold and underlined. xterm shows a plain "x" for it.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m pip install --quiet --root-user-action ignore --target py pyte==0.8.2
export PYTHONPATH="$dir/py" PYTHONDONTWRITEBYTECODE=1
python3 - <<'PY'
import pyte

def shown(text: bytes) -> pyte.Screen:
    screen = pyte.Screen(10, 1)
    pyte.ByteStream(screen).feed(text)
    return screen

assert shown(b"\x1b[4:3mx").display[0].rstrip() == "3mx"
keys = shown(b"\x1b[>4;1mx")
assert keys.display[0].rstrip() == "x"
assert keys.buffer[0][0].underscore and keys.buffer[0][0].bold
print("CSI 4:3 m x shows '3mx'; CSI > 4;1 m x is bold and underlined")
PY
