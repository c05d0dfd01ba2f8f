#!/bin/sh
# The tarfile of backports.zstd 1.8.0 (that of Python 3.14) and an incremental dump of GNU tar
# 1.34 (--listed-incremental), whose headers keep atime and ctime where ustar has the prefix of a name.
# Seen: every name gets a directory in front that is a time in octal ("15302627310/data/a"), and
# extractall() takes the dump's directories for special files (Python 3.11.7 makes files of them). bsdtar
# 3.6.2 reads the names rightly.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m pip install --quiet --root-user-action ignore --no-deps --target py backports.zstd==1.8.0
export PYTHONPATH="$dir/py" PYTHONDONTWRITEBYTECODE=1
mkdir data
echo precious >data/a
tar --format=gnu --listed-incremental=state -cf dump.tar data
python3 - <<'PY'
import re
from backports.zstd import tarfile

with tarfile.open("dump.tar") as tar:
    names = tar.getnames()
    assert len(names) == 2 and all(re.match(r"[0-7]{11}/data/", name) for name in names), names
    try:
        tar.extractall("out")
    except tarfile.SpecialFileError as error:
        print(error)
    else:
        raise SystemExit("extractall succeeds now")
PY
