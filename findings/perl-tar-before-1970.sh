#!/bin/sh
# Perl's Archive::Tar 2.40 (perl 5.36.0 of Debian 12) and a file of 1960.
# Seen: the time becomes 177777777777, without an error: the year 2514, which GNU tar sets where the file
# system takes it. PEAR's Archive_Tar of Debian 12 writes the same.
# Versions: those checked below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export TZ=UTC LC_ALL=C
test "$(perl -MArchive::Tar -e 'print Archive::Tar->VERSION')" = 2.40
touch -d @-300000000 old
perl -MArchive::Tar -e 'Archive::Tar->create_archive("made.tar", 0, "old") or die'
test "$(dd if=made.tar bs=1 skip=136 count=12 2>dd.log)" = 177777777777
tar -tvf made.tar | tee listed
grep -q ' 2514-05-30 ' listed
echo "1960 became 2514"
