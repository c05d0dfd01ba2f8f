#!/bin/sh
# toybox 0.8.9 (Debian 12's 0.8.9+dfsg-1), stat -c %Y of a file of 1960.
# Seen: 18446744073409551616, the number of seconds as 64 bits without a sign; its %y is right, and so are %Y of
# GNU's stat and busybox's.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export TZ=UTC
apt-get download -qq toybox=0.8.9+dfsg-1 2>apt.log || { cat apt.log; exit 1; }
dpkg-deb -x toybox_*.deb deb
toybox=$(find "$PWD/deb" -path '*bin/toybox' | head -n 1)
touch -d @-300000000 old
test "$(stat -c %Y old)" = -300000000
test "$("$toybox" stat -c %Y old)" = 18446744073409551616
"$toybox" stat -c %y old | grep '^1960-06-29 18:40:00'
echo "%Y has no sign"
