# shellcheck shell=sh
# The agent: the pod's side of one exec. The client feeds it on stdin to a shell that was started
# with four arguments: MARK TARGET IDLE LEASE (container/agent.py). What it needs and what it can do
# without stands in `probe`.
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
# stderr  what the tools say, raw; `TOKEN beat N TOKEN` while one works, `TOKEN done TOKEN` after it.
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

# Does directory $1 take something from us? A test that says no may lie (faccessat2 refused by a
# seccomp profile that does not know it): then it is tried.
takes() {
    [ -w "$1" ] && return
    mkdir -m 700 "$1/.kubectl-restore.${token%????????}" 2>/dev/null &&
        rmdir "$1/.kubectl-restore.${token%????????}"
}

# The record of who writes to which target, and of what is in flight: a directory in the pod's
# memory, which outlives the container. Others in the pod may have made one of this name: only what
# belongs to us, and nobody else may touch, is believed.
uid='' gid=''
while read -r key value _; do
    case $key in Uid:) uid=$value ;; Gid:) gid=$value ;; esac
done 2>/dev/null </proc/self/status
room=''
for place in /dev/shm /tmp; do
    if [ -d "$place" ] && takes "$place"; then
        room=$place
        break
    fi
done
# Without these one could be made and not taken away.
for tool in mkdir mv ln rm rmdir ls; do has "$tool" || room=''; done
if [ "$room" ] && [ "$lease" ]; then lease=$room/$lease; else lease=''; fi
held='' life=gone serial=0

is_ours() {
    [ ! -L "$1" ] || return
    # shellcheck disable=SC2046 # split into fields
    set -- $(ls -ldn "$1" 2>/dev/null)
    # A volume with a group of its own hands that down, with its bit; SELinux makes a dot.
    case ${1-}/${3-} in
    drwx------/"$uid" | drwx------./"$uid" | drwx--S---/"$uid" | drwx--S---./"$uid") ;;
    *) return 1 ;;
    esac
}

# Who is the owner of record $1? Sets its words: token, process, its start, restore, time.
owner_of() {
    owner=''
    [ -f "$1/owner" ] && [ ! -L "$1/owner" ] && { read -r owner <"$1/owner"; } 2>/dev/null
    # shellcheck disable=SC2086 # split into fields
    set -- $owner
    owner_token=${1:--} owner_process=$2 owner_start=$3 owner_restore=${4:--} owner_since=${5:--}
    life=gone
    [ "$owner_process" ] && alive "$owner_process" && began "$owner_process" &&
        [ "$start" = "$owner_start" ] && life=alive
}

# Who holds a lease in this container, and how long nothing has moved there?
leases() {
    if [ "$lease" ]; then
        set +f
        for record in "${lease%.*}".*; do
            is_ours "$record" || continue
            owner_of "$record"
            # Our own token would end the line.
            [ "$owner_token" != "$token" ] || continue
            still='' beats='' where=''
            # Of several execs of one run the one where something has moved last counts.
            for file in "$record/still.$owner_token" "$record"/lane.*; do
                case $file in
                */lane.*)
                    first=''
                    { read -r first <"$file"; } 2>/dev/null
                    [ "$first" = "$owner_token" ] || continue
                    file=$record/still.${file##*/lane.}
                    ;;
                esac
                { read -r quiet count process <"$file"; } 2>/dev/null || continue
                { [ "$process" ] && alive "$process"; } || continue
                beats=$((beats + count))
                if [ -z "$still" ] || [ "$quiet" -lt "$still" ]; then still=$quiet; fi
            done
            [ -f "$record/where" ] && { IFS= read -r where <"$record/where"; } 2>/dev/null
            put "$token lease ${record##*/} $life $owner_token $owner_restore $owner_since" \
                "${still:-0} ${beats:-0} $where $token" >&3
        done
        set -f
    fi
    put "$token here $(pwd -P) $token" >&3
}

# Become the owner of the record, after the one whose token is $1 (`-` for none); $2 is the time.
# Of several that try, a link gets its name but once.
take_record() {
    began "$$" || return
    (umask 077 && mkdir "$lease") 2>/dev/null
    is_ours "$lease" || return
    {
        echo "$token $$ $start ${KUBECTL_RESTORE%.*} $2" >"$lease/owner.$token" &&
            pwd -P >"$lease/where" || return
        if [ "$1" != - ] && mv "$lease/owner" "$lease/was.$token"; then
            read -r was _ <"$lease/was.$token"
            # Somebody was faster: theirs it is.
            [ "$was" = "$1" ] || ln "$lease/was.$token" "$lease/owner"
            rm -f "$lease/was.$token"
        fi
        ln "$lease/owner.$token" "$lease/owner"
    } 2>/dev/null
}

# Take the lease; who cannot have it ends nobody, for somebody may just have taken it.
hold() {
    [ "$lease" ] || {
        say unplaced
        return
    }
    if take_record "$1" "$2"; then
        held=yes
        say held
        return
    fi
    rm -f "$lease/owner.$token" 2>/dev/null
    owner_of "$lease"
    if [ "$life" = alive ]; then
        say taken
    else
        # There is no room for it: what is begun does not stay.
        { [ -e "$lease/owner" ] || { rm -f "$lease/where" && rmdir "$lease"; }; } 2>/dev/null
        say unplaced
    fi
}

# Remove the record, unless somebody else lives in it.
release() {
    if [ "$lease" ] && is_ours "$lease"; then
        [ "$held" ] || owner_of "$lease"
        if [ "$held" ] || [ "$life" = gone ]; then rm -rf "$lease"; fi
    fi
    held=''
}

# Which of the files /proc/N/$2, $3 have text $1 in them? (There are no blanks in these paths.)
having() {
    wanted=$1
    shift
    for kind; do
        set -- "$@" /proc/[0-9]*/"$kind"
        shift
    done
    if has grep; then
        grep -ls -e "$wanted" "$@" 2>/dev/null
        return
    fi
    for file; do
        while IFS= read -r words || [ "$words" ]; do
            case $words in *"$wanted"*) echo "$file" && break ;; esac
        done <"$file"
    done 2>/dev/null
}

# End what an earlier exec of restore $1 left running: it could still write (it did not see its
# client go). TERM first, so that its shell can reap what it started; then KILL.
end_earlier() {
    found=''
    set +f
    ours=" $(having "$token" environ cmdline) "
    for file in $(having "KUBECTL_RESTORE=$1." environ cmdline); do
        case $ours in *"${file%/*}/"*) continue ;; esac
        process=${file#/proc/}
        process=${process%%/*}
        case " $found " in *" $process "*) ;; *) found="$found $process" ;; esac
    done
    for signal in TERM KILL; do
        for process in $found; do kill -s "$signal" "$process" 2>/dev/null; done
        for _ in 1 2 3; do
            left=''
            for process in $found; do alive "$process" && left="$left $process"; done
            [ -n "$left" ] || break
            sleep 1
        done
        [ -n "$left" ] || break
    done
    set -f
}

# Everything this exec starts is in one process group, if the runtime made its shell the leader
# (runc and crun do). Only then may the group be signalled.
leader=no
if { read -r stat <"/proc/$$/stat"; } 2>/dev/null; then
    # shellcheck disable=SC2086 # split into fields: state, parent, group
    set -- ${stat##*') '}
    [ "$3" = "$$" ] && leader=yes
fi

# End what this exec started, and reap it: a pod's first process often reaps nobody.
finish() {
    trap '' TERM
    if [ "$guardian" ]; then
        if [ "$leader" = yes ]; then kill -s TERM 0; else kill -s TERM "$guardian"; fi 2>/dev/null
        wait "$guardian" 2>/dev/null
    fi
    # What was in flight is for the next run to know; else nothing of ours stays.
    [ "$held" ] && [ ! -e "$lease/kept" ] && release
}
trap 'finish; exit 143' TERM

# What the processes of this exec have done so far, as text that changes when one does something;
# empty where that cannot be told. One that waits for a disk (state D) counts as doing something.
activity() {
    seen='' busy=''
    for file in /proc/[0-9]*/stat; do
        { read -r stat <"$file"; } 2>/dev/null || continue
        process=${stat%% *}
        # shellcheck disable=SC2086 # split into fields, those behind the name
        set -- ${stat##*') '}
        # The guard and its sleep are no sign of life.
        [ "$3" = "$$" ] && [ "$process" != "$self" ] && [ "$2" != "$self" ] || continue
        [ "$1" = D ] && busy=yes
        seen="$seen $process ${12} ${13} ${14} ${15}"
        { while read -r key value; do
            case $key in rchar: | wchar:) seen="$seen $value" ;; esac
        done <"/proc/$process/io"; } 2>/dev/null
    done
}

# Runs beside everything: tells the client every two seconds whether anything moves here. When
# nothing has moved for $idle seconds, not even a line from the client was read: it is gone,
# although the stream was never closed, or what it waits for hangs. Then all is ended.
guard() {
    ended='' pause=''
    trap 'ended=yes; [ -z "$pause" ] || kill "$pause" 2>/dev/null' TERM
    { read -r self _ </proc/self/stat; } 2>/dev/null
    # Only now can a TERM from `finish` not be lost any more; the client says nothing before this.
    say hello 1
    before='' still=0 beats=0
    while [ -z "$ended" ] && alive "$$"; do
        sleep 2 <&- >/dev/null 2>&1 3>&- &
        pause=$!
        wait "$pause" 2>/dev/null
        # Its number may be another's from now on.
        pause=''
        activity
        if [ -n "$seen" ] && [ "$seen$busy" = "$before" ]; then
            still=$((still + 2))
            echo "$token beat 0 $token" >&2
            if [ "$still" -ge "$idle" ] && [ -z "$ended" ]; then
                if [ "$leader" = yes ]; then kill -s TERM 0; else kill -s TERM "$$"; fi
            fi
        else
            still=0
            [ -n "$seen" ] && echo "$token beat 1 $token" >&2
        fi
        before=$seen beats=$((beats + 1))
        [ "$lease" ] && {
            [ ! -e "$lease/owner" ] || echo "$still $beats $$" >"$lease/still.$token"
        } 2>/dev/null
    done
    wait
}

# Copy $1 bytes from stdin to stdout, and read none beyond. 64 KiB blocks: dd's buffer counts
# against the container's memory limit.
take() {
    case $framing in
    dd)
        if [ "$1" -ge 65536 ]; then
            dd bs=65536 count="$(($1 / 65536))" iflag=fullblock 2>/dev/null || return
        fi
        if [ "$(($1 % 65536))" -gt 0 ]; then
            dd bs="$(($1 % 65536))" count=1 iflag=fullblock 2>/dev/null
        fi
        ;;
    head) head -c "$1" ;;
    # The chunk comes as the only member of an archive, at whose end mark this tar stops.
    *) tar -x -O -f - ;;
    esac
}

# Of $1 bytes in $packed ones, a gzip member.
unpacked() { take "$packed" | gzip -dc; }

zeros() {
    case $framing in
    tar) head -c "$1" ;;
    *) take "$1" ;;
    esac </dev/zero
}

# A payload that stops short: its consumer must not take that for the end (bsdtar then fills the
# file under way with zeros to its full size and gives it its time).
end_consumer() {
    set +f
    for _ in 1 2; do
        found=''
        for file in $(having "KUBECTL_RESTORE_FOR=$token" environ); do
            process=${file#/proc/}
            kill -s KILL "${process%%/*}" 2>/dev/null && found=yes
        done
        [ -z "$found" ] || break
        # It may be about to start; or it has ended by itself.
        sleep 1
    done
}

# Copy a payload from stdin to stdout; $1 is `acknowledge` or `quietly`.
# 0: whole; 1: the client gave it up; 2: the stream ended; 3: not the protocol; 4: a copy failed.
receive() {
    pieces "$1"
    received=$?
    # The client gives up when the consumer has ended.
    case $received in 0 | 1) ;; *) end_consumer ;; esac
    return "$received"
}

pieces() {
    while read -r length flight; do
        copy=take
        case $length in
        end) return 0 ;;
        abort) return 1 ;;
        zeros) copy=zeros length=${flight%% *} flight=${flight#"${flight%% *}"} ;;
        packed)
            copy=unpacked packed=${flight%% *} flight=${flight#* }
            length=${flight%% *} flight=${flight#"${flight%% *}"}
            case $packed in '' | *[!0-9]*) return 3 ;; esac
            ;;
        esac
        case $length in '' | *[!0-9]*) return 3 ;; esac
        flight=${flight# }
        if [ "$flight" ]; then
            # Two files by turns: one is whole at any moment.
            serial=$((1 - serial))
            echo "$flight" >"$lease/flight.${flight%% *}.$serial"
        fi 2>/dev/null
        "$copy" "$length" || return 4
        [ "$1" = quietly ] || say ack "$length"
    done
    return 2
}

# Run the consumer "$@" on the payload that comes on stdin, its own stdout on descriptor 5. When it
# ends, say so at once, then take what is still under way, so that the sender never breaks.
consume() {
    # In a shell of its own: zsh sends the signal that ended one part of a pipeline to the others.
    (
        KUBECTL_RESTORE_FOR=$token "$@" >&5 3>&- 5>&-
        ended=$?
        # ksh93 says 256 and the signal.
        [ "$ended" -lt 256 ] || ended=$((ended - 128))
        say exit "$ended"
    )
    $copier >/dev/null 2>&1
}

# Answer a question: its payload calls `q`, which calls $question; descriptor $1 is its stderr.
ask() {
    hear
    received=$?
    if [ "$received" = 0 ]; then (eval "$text") 2>&"$1" </dev/null; fi
    text=''
    finished "$received"
}

# shellcheck disable=SC2317,SC2329 # called by what the client sends
q() {
    first=$1
    shift
    count=$#
    "$question" "$@"
    say asked "$first" "$count"
}

# Take a question's payload, to the byte, into $text. Returns what `receive` does.
hear() {
    text=''
    while read -r length _; do
        case $length in
        end) return 0 ;;
        abort) return 1 ;;
        '' | *[!0-9]*) return 3 ;;
        esac
        piece=$(take "$length" && echo .)
        piece=${piece%.}
        [ "${#piece}" = "$length" ] || return 4
        text=$text$piece
    done
    return 2
}

finished() {
    say "done" "$1"
    echo "$token done $token" >&2
}

# What stands at these paths? `stat` for each that is there, in order; then `gone` and the numbers
# of those that are not, and `hidden` and those of which that cannot be told.
look() {
    gone='' number=$first
    for path; do
        [ -e "$path" ] || [ -L "$path" ] || gone="$gone $number"
        number=$((number + 1))
    done
    if [ "$gone" ]; then
        number=$first gone='' hidden='' above=''
        for path; do
            shift
            if [ -e "$path" ] || [ -L "$path" ]; then
                set -- "$@" "$path"
            elif is_in_reach "$path"; then
                gone="$gone $number"
            else
                hidden="$hidden $number"
            fi
            number=$((number + 1))
        done
        [ -z "$gone" ] || say gone "$gone"
        [ -z "$hidden" ] || say hidden "$hidden"
    fi
    [ "$#" = 0 ] || "see_$sees" "$@" || {
        # One of them may be gone by now: each by itself. Numbers are no more those of names.
        say again
        for path; do
            "see_$sees" "$path" && continue
            if [ -e "$path" ] || [ -L "$path" ]; then say unseen; else say vanished; fi
        done
    }
}

# May we look into the directories above $1, as far as they are there?
is_in_reach() {
    directory=${1%/*}
    [ "$directory" != "$above" ] || return "$within"
    above=$directory within=0
    until [ -d "$directory/." ]; do
        # It is there, and `.` in it cannot be reached.
        [ ! -d "$directory" ] || within=1
        case $directory in */*) directory=${directory%/*} ;; *) break ;; esac
    done
    return "$within"
}

see_stat() { stat -c "$token stat $fields $token" "$@" >&3; }
fields='%f %s %Y %u %g %i %b %h %d'

# `ls` with $listing, where there is no stat. Some sort, and names and links' texts may have lines.
see_ls() {
    wanted=$#
    case $listing/$wanted in -U* | */1) ;; *) return 1 ;; esac
    # shellcheck disable=SC2086 # split into options
    listed=$(ls -lnisd $listing "$@" && echo .) || return
    if [ "$wanted" = 1 ]; then
        put "$token listed ${listed%%
*} $token" >&3
        return
    fi
    put "${listed%.}" | {
        number=0
        while IFS= read -r line; do
            put "$token listed $line $token" >&3
            number=$((number + 1))
        done
        [ "$number" = "$wanted" ]
    }
}

# Checksums of files, with $tool. Where a line is missing or too much: each by itself.
sum() {
    "$tool" "$@" </dev/null | {
        number=$first
        while IFS= read -r line; do
            echo "$token sum $number ${line%% *} $token"
            number=$((number + 1))
        done
        [ "$((number - first))" = "$count" ]
    } >&3 || {
        say again
        sum_each "$@"
    }
}

sum_each() {
    number=$first
    for path; do
        if [ -f "$path" ] && line=$("$tool" <"$path"); then say sum "$number" "${line%% *}"; fi
        number=$((number + 1))
    done
}

# Checksums of the first bytes of files that have one name: lengths and names.
prefix() {
    count=$((count / 2)) number=$first
    while [ "$#" -gt 1 ]; do
        if [ -f "$2" ] && [ ! -L "$2" ] && line=$(take_of "$1" <"$2" | "$tool") &&
            [ "$(links_of "$2")" = 1 ]; then
            say sum "$number" "${line%% *}"
        fi
        number=$((number + 1))
        shift 2
    done
}

take_of() { if has head; then head -c "$1"; else take "$1"; fi; }

links_of() {
    # shellcheck disable=SC2046 # split into fields
    set -- $(ls -lnd "$1")
    echo "${2-}"
}

# Which of these may not be written to, or ($test is -r) read?
test_each() {
    number=$first found=''
    for path; do
        # A no is tried: the test may lie.
        case $test in
        -r) [ -r "$path" ] || { [ -f "$path" ] && (: <"$path"); } ;;
        *) takes "$path" ;;
        esac || found="$found $number"
        number=$((number + 1))
    done
    [ -z "$found" ] || say closed "$found"
}

# Where do these links to directories lead?
lead() {
    number=$first
    here=$(pwd -P && echo .)
    for path; do
        there=$(cd -P -- "$path" && pwd -P && echo .)
        put "$token leads $number ${#here} ${#there} $here$there $token" >&3
        number=$((number + 1))
    done
}

# What do these links say?
text_of() {
    number=$first
    for path; do
        if there=$(read_link "$path" && echo .); then
            put "$token text $number $there $token" >&3
        fi
        number=$((number + 1))
    done
}

# Rust's readlink (0.0.17) fails for a name that is not UTF-8; GNU's find, which is there besides, not.
read_link() {
    if has readlink; then
        readlink "$1" || find "$1" -prune -printf '%l\n'
    else
        line=$(ls -ld "$1" && echo .) && [ -L "$1" ] || return
        line=${line%.}
        put "${line#*"$1 -> "}"
    fi
}

# What stands in these directories?
list() {
    set +f
    number=$first
    for directory; do
        # Not -x: busybox looks at the bits, whoever we are.
        { [ -r "$directory" ] || ls "$directory" >/dev/null; } && [ -d "$directory/." ] ||
            say unlisted "$number"
        for path in "$directory"/* "$directory"/.*; do
            case $path in "$directory"/. | "$directory"/..) continue ;; esac
            if [ -L "$path" ]; then
                kind=l
            elif [ -d "$path" ]; then
                kind=d
            elif [ -e "$path" ]; then
                kind=o
            else
                continue
            fi
            put "$token child $number $kind ${path##*/} $token" >&3
        done
        number=$((number + 1))
    done
}

# How much room is there on the volumes of these directories?
rooms() {
    number=$first
    for path; do
        put "$token space $number $(df -Pk "$path") $token" >&3
        put "$token inodes $number $(df -Pi "$path") $token" >&3
        number=$((number + 1))
    done
}

# Remove these with $tool. We go into each directory first, and only where it still is the one that
# was named: no link leads elsewhere.
remove() {
    here=$(pwd -P && echo .) last=''
    here=${here%?.}
    here=${here%/}
    for path; do
        directory=${path%/*}
        if [ "$directory" != "$last" ]; then
            last=''
            cd -P -- "$here/$directory" || continue
            there=$here${directory#.}
            [ "$PWD" = "${there:-/}" ] || continue
            last=$directory
        fi
        $tool -- "./${path##*/}"
    done
    cd -P -- "$here/" || return
}

# Run $tool on these; or, with a word before each, once for each.
amend() { $tool "$@"; }
amend_each() {
    count=$((count / 2))
    while [ "$#" -gt 1 ]; do
        $tool "$1" "$2"
        shift 2
    done
}

# Copies of files: under its own name each is whole. What one that was broken off has left is replaced.
copy_each() {
    count=$((count / 2))
    while [ "$#" -gt 1 ]; do
        new=${2%/*}/.kubectl-restore.0000000000000000
        rm -f "$new"
        { cp -pP "$1" "$new" || cp -P "$1" "$new"; } && mv -f "$new" "$2"
        shift 2
    done
}

# Rust's cat takes no name that is not UTF-8: odd ones are opened here.
contents() {
    case $* in
    *[!\ -~]*)
        for path; do [ ! -f "$path" ] || cat <"$path"; done
        ;;
    *) cat "$@" ;;
    esac
}

# Everything is tried once in a directory of ours, which nothing else is in; $sees says what came of
# it.
try_out() {
    number=$first
    for path; do
        before=$(stat -c %Y "$path")
        scratch=$path/.kubectl-restore.${token%????????}
        if (umask 022 && mkdir "$scratch"); then
            say tried "$number"
            (cd "$scratch" && try_here)
            rm -rf "$scratch"
            [ -z "$before" ] || touch -d "@$before" "$path"
        fi
        number=$((number + 1))
    done
}

try_here() {
    for name in owner plain run odd early late; do echo >"$name"; done
    mkdir group
    [ "$owner" = - ] || chown "$owner" owner
    chmod 0640 plain
    chmod 4751 run
    chmod 2750 group
    touch -d @1000000001 odd
    touch -d @-5000000000 early
    touch -d @20000000000 late
    ln -s to link
    ln odd hard
    # Not all that touch sets stays when tar has set it (FUSE: the file is closed later).
    echo >tarred
    touch -d @1000000001 tarred
    tar -cf tar tarred && rm tarred && tar -xf tar
    for name in owner plain run odd early late group link hard tarred; do
        if [ "$sees" = stat ]; then
            said=$(stat -c "$fields" "$name")
        else
            # shellcheck disable=SC2086 # split into options
            said=$(ls -lnisd $listing "$name")
        fi && say trait "$name $said"
    done
}

# What there is for the work, and what is done without:
#   always       sh with kill (its own, or a program) and printf (or print), sleep; one of dd, an
#                exact head and toybox's tar
#   kill, sleep  without them nothing that is left behind could be ended: nothing is begun
#   stat         else ls, if it can be made to tell seconds
#   cat          else dd
#   grep         else the shell reads /proc
#   mkdir mv ln rm rmdir ls
#                else there is no record of what is in flight
#   gzip         else nothing comes packed
#   readlink     else ls
#   id, df, sync else that is not known, or cannot be done
#   chmod chown touch
#                else what tar did not set is said
probe() {
    missing=''
    for tool in kill sleep tar; do has "$tool" || missing="$missing $tool"; done
    has printf || has print || missing="$missing printf"
    [ "$sees" ] || missing="$missing stat"
    [ "$framing" ] || missing="$missing dd"
    say missing "$missing"
    without=''
    for tool in cat chmod chown cksum df grep gzip head id ln ls mkdir mv readlink rm rmdir \
        sha256sum stat sync touch; do
        has "$tool" || without="$without $tool"
    done
    say without "$without"
    # A shell that takes bytes for characters loses some.
    # shellcheck disable=SC2154 # container/agent.py puts it before this script
    [ "${#sample}" = 254 ] && [ "$(put "$sample"; echo .)" = "$sample." ] && say bytes exact
    say framing "$framing"
    say user "$(id -u 2>/dev/null || echo "$uid")"
    say group "$(id -g 2>/dev/null || echo "$gid")"
    while read -r key value; do
        [ "$key" = CapEff: ] && say capabilities "$value"
    done 2>/dev/null </proc/self/status
    for which in uid gid; do
        ranges=''
        while read -r inside _ count; do
            ranges="$ranges $inside:$count"
        done 2>/dev/null </proc/self/${which}_map
        say "${which}s" "$ranges"
    done
    # Which pod is this? The kubelet's mounts tell, where they can be seen.
    while read -r _ _ _ root where _; do
        case $root in
        */pods/*/etc-hosts | */pods/*/containers/*)
            put "$token mounted $root $where $token" >&3
            ;;
        esac
    done 2>/dev/null </proc/self/mountinfo
    has gzip && say unpacks gzip
    sums=''
    for tool in sha256sum sha1sum md5sum cksum; do
        has "$tool" && sums="$sums $tool"
    done
    say sums "$sums"
    put "$token tar $version $token" >&3
    say target "$state"
    finished 0
}

# Does a tool take three bytes of a stream, and not one more?
takes_exactly() {
    [ "$(echo abcdef | {
        "$@" 2>/dev/null
        echo /
        read -r rest && echo "$rest"
    })" = "abc/
def" ]
}

# toybox's tar reads block by block and stops at an archive's end mark.
# What the loader says of a library that it cannot find comes first.
version=$(tar --version 2>/dev/null </dev/null)
[ "$version" ] || version=$(tar --version 2>&1 </dev/null)
version=${version%%
*}
framing=''
if takes_exactly dd bs=3 count=1 iflag=fullblock; then
    framing='dd'
elif takes_exactly head -c 3; then
    framing='head'
else
    case $version in toybox*) framing='tar' ;; esac
fi
if has cat; then
    copier='cat'
elif has dd; then
    copier='dd bs=65536'
else
    copier='head -c 9223372036854775807'
fi

sees='' listing=''
# shellcheck disable=SC2046 # split into fields
set -- $(stat -c "$fields" / 2>/dev/null)
if [ "$#" = 9 ]; then
    sees='stat'
else
    for listing in '-U --time-style=+%s' '-U --full-time' '--full-time'; do
        # shellcheck disable=SC2046,SC2086 # split into options and fields
        set -- $(ls -lnisd $listing / 2>/dev/null)
        case $# in 9 | 11) sees='ls' && break ;; esac
    done
fi

state=ready
if [ ! -e "$target" ]; then
    state=absent
elif [ ! -d "$target" ]; then
    state='file'
elif ! cd -P "$target" 2>/dev/null; then
    state=closed
elif ! takes .; then
    state='readonly'
fi

guardian=''
if has kill && has sleep; then
    guard </dev/null &
    guardian=$!
else
    # Nothing that is left behind could be ended: only questions are answered.
    state=helpless
    say hello 1
fi
set -f
while IFS= read -r line; do
    # shellcheck disable=SC2086 # the client's own words: no name is ever among them
    set -- $line
    # Where there is none we have lost our place.
    command=${1-}
    [ "$command" ] || break
    shift
    case $command/$state in
    probe/* | leases/* | ping/* | bye/* | */ready | */readonly) ;;
    # We are not where the client thinks.
    *) break ;;
    esac
    case $command in
    probe) probe ;;
    survey)
        question='look'
        ask 4
        ;;
    closed)
        # Which of these directories take nothing from us? With the word -r: which files we may not read?
        question='test_each' test=${1:--w}
        ask 4
        ;;
    resolve)
        question='lead'
        ask 4
        ;;
    list)
        question='list'
        ask 4
        ;;
    mounts)
        # Written as they are: an echo would read the escapes.
        put "$token here $(pwd -P) $token" >&3
        while IFS= read -r line; do
            put "$token mount $line $token" >&3
        done 2>/dev/null </proc/self/mountinfo
        finished 0
        ;;
    sync)
        { sync -f . 2>/dev/null || sync; } && say synced
        finished 0
        ;;
    texts)
        question='text_of'
        ask 4
        ;;
    hash | hasheach)
        # The word is the tool. To `hasheach` belong names that it would not print on a line.
        question='sum' tool=$1
        [ "$command" = hash ] || question='sum_each'
        ask 4
        ;;
    remove)
        # The words are a tool and its options: `rm -f`, `rmdir`.
        question='remove' tool=$*
        ask 2
        ;;
    amend | amendeach)
        # The words are a tool and its options: `chmod MODE`, `chown -h OWNER`; `touch -h -d`, for
        # pairs of a time and a name.
        question='amend' tool=$*
        [ "$command" = amend ] || question='amend_each'
        ask 2
        ;;
    space)
        say space "$(df -Pk . 2>/dev/null)"
        say inodes "$(df -Pi . 2>/dev/null)"
        finished 0
        ;;
    rooms)
        question='rooms'
        ask 4
        ;;
    fetch)
        # The words are how many bytes these files have. Just so many are sent: where a file has
        # shrunk, can be read no more or is gone, the rest is zeros, and the checksum finds it.
        hear
        received=$?
        lacking=''
        for tool in cat head; do has "$tool" || lacking="$lacking $tool"; done
        question='contents'
        if [ "$lacking" ]; then
            say lacking "$lacking"
        elif [ "$received" = 0 ]; then
            say data "$1"
            {
                # shellcheck disable=SC2317,SC2329 # called by the payload
                q() { shift && "$question" "$@"; }
                eval "$text"
                cat /dev/zero
            } 2>&4 </dev/null | head -c "$1" >&3 || break # else the client waits for the rest
        fi
        finished "$received"
        ;;
    extract)
        # The archive's modes are the modes: parents that are not in it were put into the stream.
        umask 0
        received=$({ {
            receive acknowledge
            echo "$?" >&7
        } | consume tar -x "$@" -f - 5>&2 7>&-; } 7>&1)
        umask 022
        finished "$received"
        ;;
    append)
        # The words: the length of the name that comes first, and the file's inode. The name could
        # have become another's meanwhile: what was opened counts.
        path=./$(take "$1" && echo .)
        path=${path%.}
        IFS= read -r _
        received=''
        { [ -f "$path" ] && [ ! -L "$path" ] && { [ -w "$path" ] || (: >>"$path"); }; } ||
            path=/dev/null
        {
            inode=$2 writer=$copier
            # shellcheck disable=SC2046 # split into fields: inode, mode, how many names
            set -- $(ls -lniLd /proc/self/fd/0 <&8 2>/dev/null)
            [ "${1-} ${3-}" = "$inode 1" ] || writer='false'
            # shellcheck disable=SC2086 # split into options
            received=$({ {
                receive acknowledge
                echo "$?" >&7
            } | consume $writer 5>&8 8>&- 7>&-; } 7>&1)
        } 8>>"$path"
        # It could not be opened, and what comes now is its content.
        [ "$received" ] || break
        finished "$received"
        ;;
    prefixes)
        question='prefix' tool=$1
        ask 4
        ;;
    leases)
        leases
        finished 0
        ;;
    beside)
        # This is a further exec of the run whose first one has token $1.
        [ -z "$lease" ] || { echo "$1" >"$lease/lane.$token"; } 2>/dev/null
        finished 0
        ;;
    evict)
        end_earlier "$1"
        finished 0
        ;;
    hold)
        # The words: an owner that is gone, the time, and the restore whose earlier execs are ended.
        hold "$1" "$2"
        [ "$life" = alive ] && [ -z "$held" ] || end_earlier "$3"
        leases
        finished 0
        ;;
    doubt)
        # What was in flight when an earlier run of batch $1 was broken off?
        if [ "$lease" ] && is_ours "$lease"; then
            while read -r line; do say planned "$line"; done 2>/dev/null <"$lease/plan.$1"
            set +f
            # Of each of its streams two by turns.
            for file in "$lease/flight.$1".*; do
                while read -r line; do say flight "$line"; done 2>/dev/null <"$file"
            done
            set -f
        fi
        finished 0
        ;;
    intend)
        # What may be in flight from now on, of batch $1; `hold` comes before.
        received=$({ {
            receive quietly
            echo "$?" >&7
        } | {
            $copier >"$lease/plan.new" || rm -f "$lease/plan.new"
            $copier >/dev/null
        } 2>/dev/null 7>&-; } 7>&1)
        set +f
        if [ "$received" = 0 ] && rm -f "$lease/flight.$1".* 2>/dev/null &&
            mv -f "$lease/plan.new" "$lease/plan.$1" 2>/dev/null; then
            echo >"$lease/kept"
            say intended
        fi
        set -f
        finished "$received"
        ;;
    release)
        release
        finished 0
        ;;
    traits)
        # What do the volumes of these directories keep? The word is an owner to try, or `-`.
        question='try_out' owner=${1:--}
        ask 4
        ;;
    copy)
        # Pairs of a file and a further name of it, for volumes without hard links.
        question='copy_each'
        ask 4
        ;;
    ping) ;;
    bye) break ;;
    *) say unknown ;;
    esac
done
# Nothing is left when the client hears it.
finish
say bye
