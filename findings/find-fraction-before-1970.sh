#!/bin/sh
# GNU find 4.9.0 (Debian 12's findutils 4.9.0-4) and Rust's find 0.11.0 (crates.io), -printf '%T@' of a file that
# was changed one and a half seconds before 1970.
# Seen: GNU's prints -2.5000000000, a second too early (whole seconds and fraction each right, put together wrong; stat:
# -1.500000000). Rust's complains on stderr and leaves the record without its end, so the next name stands in the same line.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq findutils=4.9.0-4 2>apt.log || { cat apt.log; exit 1; }
dpkg-deb -x findutils_*.deb deb
CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --locked --debug --root "$dir" --target-dir "$dir/target" \
    --bin find findutils@0.11.0 2>cargo.log || { cat cargo.log; exit 1; }
mkdir old
touch -d '1969-12-31T23:59:58.5Z' old/file
test "$(stat -c %.Y old/file)" = -1.500000000
gnu=$("$dir/deb/usr/bin/find" old/file -printf '%f %T@ end\n')
echo "GNU find: $gnu"
test "$gnu" = 'file -2.5000000000 end'
rust=$("$dir/bin/find" old/file -printf '%f %T@ end\n' 2>rust.log) || true
echo "Rust's find: $rust ($(cat rust.log))"
test "$rust" = 'file '
