# shellcheck shell=sh
# The agent: the pod's side of one exec. The client feeds it on stdin to a shell that was started
# with four arguments: MARK TARGET IDLE LEASE (container/agent.py). What it needs and what it can do
# without stands in probe.sh. These files make one script (container/agent.py, PARTS).
#
# stdin   a command a line. After most comes a payload: lines with a length, each followed by
#         exactly so many bytes (in an archive of their own where tar takes them), or `zeros` and a
#         length, or `packed`, a length and the one that its gzip member has unpacked; then a line
#         `end` or `abort`. Behind a length may stand what is in flight then.
#         The payload of a question is text for the shell: lines `q NUMBER 'NAME' 'NAME' ...`, the
#         names quoted, NUMBER that of the first (container/batches.py).
# stdout  records `TOKEN word ... TOKEN`, and behind the line of a record `data LENGTH` just so many
#         bytes of files. Names are answered by number, or in order: some tools do not print them
#         as they are. When a line of names is answered, `asked NUMBER COUNT`.
# stderr  what the tools say, raw; `TOKEN beat N TOKEN` while one works (N: does it? processes.sh),
#         `TOKEN done TOKEN` after it.
#
# The shell stays to the end and holds stdout and stderr open: containerd takes stdin away from a
# process that closes its stdout (docs/architecture.md, "What kubectl exec really does").
# It runs in every shell that Debian has (tests/unit/container/shells.py); patterns that hold a
# parenthesis are quoted for ksh93, `printf` and `kill` are programs for others.
mark=$1 target=$2 idle=$3 lease=$4
token=${mark##*.}
# Every child carries the mark, so that a later exec can find what this one left running.
KUBECTL_RESTORE=${mark#*=}
LC_ALL=C TZ=UTC0
export KUBECTL_RESTORE LC_ALL TZ
unset TAR_OPTIONS POSIXLY_CORRECT CDPATH
newline='
'
umask 022
exec 3>&1 1>&2 4>/dev/null

say() { echo "$token $* $token" >&3; }

has() { command -v "$1" >/dev/null 2>&1; }

# Print "$*" as it is. (A function whose name is printed is a shell's own `print`.)
if has printf; then
    put() { printf '%s' "$*"; }
else
    put() { print -rn -- "$*"; }
fi

# Is $1 a process that still runs (a zombie does not)?
alive() {
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    case $stat in *') Z '* | *') X '*) return 1 ;; esac
}

# When did process $1 start? With that its number cannot be another's.
began() {
    start=''
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    # shellcheck disable=SC2086 # split into fields: the 22nd is the 20th behind the name
    set -- ${stat##*') '}
    start=${20}
}

# Are these one directory?
same() {
    [ "$1" -ef "$2" ] 2>/dev/null && return
    one=$(stat -L -c '%d:%i' "$1" 2>/dev/null) && [ "$one" ] &&
        [ "$one" = "$(stat -L -c '%d:%i' "$2" 2>/dev/null)" ]
}

# The way from our root to where we are, in $here, without a slash behind it. It fails where there is
# none: what stands below /proc/N/root may be in no tree of ours, and pwd then tells one of another.
find_here() {
    here=$(pwd -P && echo .)
    here=${here%?.}
    case $here in /*) ;; *) return 1 ;; esac
    same "$here" . || return
    here=${here%/}
}

# Does directory $1 take something from us? A test that says no may lie (faccessat2 refused by a
# seccomp profile that does not know it): then it is tried.
takes() {
    [ -w "$1" ] && return
    has rmdir && mkdir -m 700 "$1/.kubectl-restore.${token%????????}" 2>/dev/null &&
        rmdir "$1/.kubectl-restore.${token%????????}"
}
