#!/bin/sh
# uutils coreutils 0.12.0 (crates.io), mkdir -m and stat -c %m.
# Seen: `mkdir -m 2751` makes 0751 and exits 0, without set-group-ID (GNU's: 2751); chmod and the sticky bit are right.
# `-m +t` leaves the umask out, too: 1777 (GNU's: 1755). stat's %m of a symbolic link that leads nowhere is empty.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --locked --debug --root "$dir" --target-dir "$dir/target" \
    --no-default-features --features 'chmod mkdir stat' coreutils@0.12.0 2>cargo.log || { cat cargo.log; exit 1; }
rust=$dir/bin/coreutils
umask 022
"$rust" mkdir -m 2751 rust && mkdir -m 2751 gnu
"$rust" mkdir -m 1777 sticky && "$rust" mkdir -m +t rust-t && mkdir -m +t gnu-t
"$rust" mkdir later && "$rust" chmod 2751 later
for name in rust gnu sticky later rust-t gnu-t; do echo "$name: $(stat -c %a "$name")"; done | tee modes
test "$(tr '\n' ' ' <modes)" = 'rust: 751 gnu: 2751 sticky: 1777 later: 2751 rust-t: 1777 gnu-t: 1755 '
ln -s nowhere link
test "$("$rust" stat -c %m .)" = "$(stat -c %m link)"
test -z "$("$rust" stat -c %m link)"
echo "%m of a link that leads nowhere: nothing"
