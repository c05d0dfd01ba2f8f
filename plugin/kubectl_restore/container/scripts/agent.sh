# shellcheck shell=sh
# The agent: the pod's side of one exec. The client feeds it on stdin to a shell that was started
# with four arguments: MARK TARGET IDLE LEASE (container/agent.py). It needs sh, tar, stat, xargs, sleep, and
# one of dd, an exact head, and toybox's tar to take a chunk and no byte more.
#
# stdin   a command a line. After most comes a payload: lines with a length, each followed by
#         exactly so many bytes (in an archive of their own where tar takes them), or `zeros` and a
#         length, or `packed`, a length and the one that its gzip member has unpacked; then a line `end` or `abort`. Behind a length may stand what is in flight then.
# stdout  records `TOKEN word ... TOKEN`, and nothing else but what `survey` asks of stat, and
#         behind the line of a record `data LENGTH` just so many bytes of files.
# stderr  what the tools say, raw; `TOKEN beat N TOKEN` while one works, `TOKEN done TOKEN` after it.
#
# The shell stays to the end and holds stdout and stderr open: containerd takes stdin away from a
# process that closes its stdout (docs/architecture.md, "What kubectl exec really does").
mark=$1 target=$2 idle=$3 lease=$4
token=${mark##*.}
# Every child carries the mark, so that a later exec can find what this one left running.
KUBECTL_RESTORE=${mark#*=}
LC_ALL=C
export KUBECTL_RESTORE LC_ALL
unset TAR_OPTIONS POSIXLY_CORRECT CDPATH
umask 022
exec 3>&1 1>&2 4>/dev/null

say() { echo "$token $* $token" >&3; }

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
    set -- ${stat##*) }
    start=${20}
}

# The record of who writes to which target, and of what is in flight: a directory in the pod's
# memory, which outlives the container. Others in the pod may have made one of this name: only what
# belongs to us, and nobody else may touch, is believed.
uid=''
while read -r key value _; do
    [ "$key" = Uid: ] && uid=$value
done 2>/dev/null </proc/self/status
room=''
for place in /dev/shm /tmp; do
    if [ -d "$place" ] && [ -w "$place" ]; then
        room=$place
        break
    fi
done
if [ "$room" ] && [ "$lease" ]; then lease=$room/$lease; else lease=''; fi
held='' life=gone serial=0

is_ours() {
    [ ! -L "$1" ] || return
    # A volume with a group of its own hands that down, with its bit.
    case $(stat -c '%u %a %F' "$1" 2>/dev/null) in
    "$uid 700 directory" | "$uid 2700 directory") ;;
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
            [ -f "$record/still.$owner_token" ] &&
                { read -r still beats <"$record/still.$owner_token"; } 2>/dev/null
            [ -f "$record/where" ] && { IFS= read -r where <"$record/where"; } 2>/dev/null
            printf '%s lease %s %s %s %s %s %s %s %s %s\n' "$token" "${record##*/}" "$life" \
                "$owner_token" "$owner_restore" "$owner_since" "${still:-0}" "${beats:-0}" \
                "$where" "$token" >&3
        done
        set -f
    fi
    printf '%s here %s %s\n' "$token" "$(pwd -P)" "$token" >&3
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
    if [ "$life" = alive ]; then say taken; else say unplaced; fi
}

# Remove the record, unless somebody else lives in it.
release() {
    if [ "$lease" ] && is_ours "$lease"; then
        [ "$held" ] || owner_of "$lease"
        if [ "$held" ] || [ "$life" = gone ]; then rm -rf "$lease"; fi
    fi
    held=''
}

# End what an earlier exec of restore $1 left running: it could still write (it did not see its
# client go). TERM first, so that its shell can reap what it started; then KILL.
end_earlier() {
    found=''
    set +f
    # shellcheck disable=SC2013 # paths below /proc: no blanks in them
    for file in $(grep -ls -e "KUBECTL_RESTORE=$1\\." /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null); do
        grep -qs -e "$token" "$file" && continue
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
    set -- ${stat##*) }
    [ "$3" = "$$" ] && leader=yes
fi

# End what this exec started, and reap it: a pod's first process often reaps nobody.
finish() {
    trap '' TERM
    if [ "$leader" = yes ]; then kill -s TERM 0; else kill -s TERM "$guardian"; fi 2>/dev/null
    wait "$guardian" 2>/dev/null
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
        set -- ${stat##*) }
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
            [ ! -e "$lease/owner" ] || echo "$still $beats" >"$lease/still.$token"
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
        # shellcheck disable=SC2013 # paths below /proc: no blanks in them
        for file in $(grep -ls -e "KUBECTL_RESTORE_FOR=$token" /proc/[0-9]*/environ 2>/dev/null); do
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
    KUBECTL_RESTORE_FOR=$token "$@" >&5 3>&- 5>&-
    say exit "$?"
    cat >/dev/null
}

# Run a tool on a payload of paths: ask STDOUT STDERR TOOL..., the first two descriptors.
ask() {
    out=$1 err=$2
    shift 2
    received=$({ {
        receive quietly
        echo "$?" >&7
    } | consume "$@" 5>&"$out" 2>&"$err" 7>&-; } 7>&1)
    finished "$received"
}

finished() {
    say "done" "$1"
    echo "$token done $token" >&2
}

probe() {
    missing=''
    for tool in stat xargs tar sleep; do
        command -v "$tool" >/dev/null 2>&1 || missing="$missing $tool"
    done
    [ "$framing" ] || missing="$missing dd"
    say missing "$missing"
    say framing "$framing"
    say user "$(id -u 2>/dev/null)"
    say group "$(id -g 2>/dev/null)"
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
            printf '%s mounted %s %s %s\n' "$token" "$root" "$where" "$token" >&3
            ;;
        esac
    done 2>/dev/null </proc/self/mountinfo
    command -v gzip >/dev/null 2>&1 && say unpacks gzip
    sums=''
    for tool in sha256sum sha1sum md5sum cksum; do
        command -v "$tool" >/dev/null 2>&1 && sums="$sums $tool"
    done
    say sums "$sums"
    say tar "$version"
    say target "$state"
    finished 0
}

# dd takes exactly what it is told to; GNU's head does too, others read ahead, which one line shows.
# toybox's tar reads block by block and stops at an archive's end mark.
version=$(tar --version 2>&1 </dev/null)
version=${version%%
*}
framing=''
if command -v dd >/dev/null 2>&1; then
    framing='dd'
elif [ "$(printf 'abcdef' | { head -c 3 >/dev/null && cat; } 2>/dev/null)" = def ]; then
    framing='head'
else
    case $version in toybox*) framing='tar' ;; esac
fi

state=ready
if [ ! -e "$target" ]; then
    state=absent
elif [ ! -d "$target" ]; then
    state='file'
elif ! cd -P "$target" 2>/dev/null; then
    state=closed
elif [ ! -w . ]; then
    state='readonly'
fi

guard </dev/null &
guardian=$!
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
        # Names cannot carry the token, so a name with newlines cannot look like a record.
        ask 3 4 xargs -0 stat -c "$token stat %f %s %Y %u %g %i %b %h %d %n $token"
        ;;
    closed)
        # Which of these directories take nothing from us? With the word -r: which files we may not read?
        # shellcheck disable=SC2016 # for the inner shell
        ask 3 4 xargs -0 sh -c 'test=$1; shift; for path; do
            [ "$test" "$path" ] || printf "%s closed %s %s\n" "$0" "$path" "$0"
            done' "$token" "${1:--w}"
        ;;
    resolve)
        # Where do these links to directories lead?
        # shellcheck disable=SC2016 # for the inner shell
        ask 3 4 xargs -0 sh -c 'here=$(pwd -P; echo .); for path; do
            there=$(cd -P -- "$path" && pwd -P; echo .)
            printf "%s leads %s %s %s%s%s %s\n" \
                "$0" "${#here}" "${#there}" "$here" "$there" "$path" "$0"; done' "$token"
        ;;
    list)
        # What stands in these directories?
        # shellcheck disable=SC2016 # for the inner shell
        ask 3 4 xargs -0 sh -c 'for directory; do
            # Not -x: busybox looks at the bits, whoever we are.
            [ -r "$directory" ] && [ -d "$directory/." ] ||
                printf "%s unlisted %s %s\n" "$0" "$directory" "$0"
            for path in "$directory"/* "$directory"/.*; do
                case $path in "$directory"/. | "$directory"/..) continue ;; esac
                if [ -L "$path" ]; then kind=l
                elif [ -d "$path" ]; then kind=d
                elif [ -e "$path" ]; then kind=o
                else continue; fi
                printf "%s child %s %s %s\n" "$0" "$kind" "$path" "$0"
            done; done' "$token"
        ;;
    mounts)
        # Written as they are: an echo would read the escapes.
        printf '%s here %s %s\n' "$token" "$(pwd -P)" "$token" >&3
        while IFS= read -r line; do
            printf '%s mount %s %s\n' "$token" "$line" "$token" >&3
        done 2>/dev/null </proc/self/mountinfo
        finished 0
        ;;
    sync)
        { sync -f . 2>/dev/null || sync; } && say synced
        finished 0
        ;;
    texts)
        # What do these links say?
        # shellcheck disable=SC2016 # for the inner shell
        ask 3 4 xargs -0 sh -c 'for path; do
            there=$(readlink "$path" && echo .)
            printf "%s text %s %s%s %s\n" "$0" "${#there}" "$there" "$path" "$0"; done' "$token"
        ;;
    hash)
        # The word is the tool. No name here has a newline or a backslash.
        # shellcheck disable=SC2016 # for the inner shell
        ask 3 4 sh -c 'xargs -0 "$1" | while IFS= read -r line; do
            printf "%s hash %s %s\n" "$0" "$line" "$0"; done' "$token" "$1"
        ;;
    hasheach)
        # As above, for names that the tool would not print as they are.
        # shellcheck disable=SC2016 # for the inner shell
        ask 3 4 xargs -0 sh -c 'tool=$1; shift; for path; do
            line=$("$tool" <"$path") && printf "%s hash %s %s %s\n" "$0" "${line%-}" "$path" "$0"
            done' "$token" "$1"
        ;;
    remove)
        # The words are a tool and its options: `rm -f`, `rmdir`. We go into each directory first,
        # and only where it still is the one that was named: no link leads elsewhere.
        # What the shell says (a directory is gone) must not begin with the token, as a record does.
        # shellcheck disable=SC2016 # for the inner shell
        ask 2 2 xargs -0 sh -c 'tool=$1 option=$2; shift 2
            here=$(pwd -P && echo .); here=${here%?.}; here=${here%/}; last=
            for path; do
                directory=${path%/*}
                if [ "$directory" != "$last" ]; then
                    last=
                    cd -P -- "$here/$directory" || continue
                    there=$here${directory#.}
                    [ "$PWD" = "${there:-/}" ] || continue
                    last=$directory
                fi
                $tool $option -- "./${path##*/}"
            done' remove "$1" "${2-}"
        ;;
    amend)
        # The words are a tool and its options: `chmod MODE`, `chown -h OWNER`, for these paths.
        ask 2 2 xargs -0 "$@"
        ;;
    space)
        say space "$(df -Pk . 2>/dev/null)"
        say inodes "$(df -Pi . 2>/dev/null)"
        finished 0
        ;;
    rooms)
        # How much room is there on the volumes of these directories?
        # shellcheck disable=SC2016 # for the inner shell
        ask 3 4 xargs -0 sh -c 'for path; do
            printf "%s space %s\n%s %s\n" "$0" "$path" "$(df -Pk "$path")" "$0"
            printf "%s inodes %s\n%s %s\n" "$0" "$path" "$(df -Pi "$path")" "$0"
            done' "$token"
        ;;
    fetch)
        # The words are how many bytes these files have. Just so many are sent: where a file has
        # shrunk, can be read no more or is gone, the rest is zeros, and the check sum finds it.
        lacking=''
        for tool in cat head; do
            command -v "$tool" >/dev/null 2>&1 || lacking="$lacking $tool"
        done
        if [ "$lacking" ]; then
            received=$({ {
                receive quietly
                echo "$?" >&7
            } | while IFS= read -r _; do :; done; } 7>&1)
            say lacking "$lacking"
        else
            say data "$1"
            received=$({ {
                receive quietly
                echo "$?" >&7
            } | {
                xargs -0 cat
                cat >/dev/null
                cat /dev/zero
            } 2>/dev/null 7>&- | head -c "$1" >&3 7>&-; } 7>&1) || break # else the client waits for the rest
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
        { [ -f "$path" ] && [ ! -L "$path" ] && [ -w "$path" ]; } || path=/dev/null
        {
            writer='cat'
            [ "$(stat -L -c '%i %h' /proc/self/fd/8 2>/dev/null)" = "$2 1" ] || writer='false'
            received=$({ {
                receive acknowledge
                echo "$?" >&7
            } | consume "$writer" 5>&8 8>&- 7>&-; } 7>&1)
        } 8>>"$path"
        # It could not be opened, and what comes now is its content.
        [ "$received" ] || break
        finished "$received"
        ;;
    prefixes)
        # Check sums of the first bytes of files: the words of the payload are lengths and names.
        # shellcheck disable=SC2016 # for the inner shell
        ask 3 4 xargs -0 -n 2 sh -c '[ -f "$3" ] && [ ! -L "$3" ] || exit 0
            line=$(head -c "$2" <"$3" | "$1") && [ "$(stat -c %h "$3")" = 1 ] &&
                printf "%s hash %s %s %s\n" "$0" "${line%-}" "$3" "$0"' "$token" "$1"
        ;;
    leases)
        leases
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
            cat >"$lease/plan.new" || rm -f "$lease/plan.new"
            cat >/dev/null
        } 2>/dev/null 7>&-; } 7>&1)
        set +f
        if [ "$received" = 0 ] && rm -f "$lease/flight.$1".* 2>/dev/null &&
            mv -f "$lease/plan.new" "$lease/plan.$1" 2>/dev/null; then
            : >"$lease/kept"
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
        # What do the volumes of these directories keep? Everything is tried once in a directory of
        # ours, which nothing else is in, and stat says what came of it. The word is an owner.
        # shellcheck disable=SC2016 # for the inner shell
        ask 3 4 xargs -0 sh -c 'token=$0 owner=$1; shift; for path; do
            before=$(stat -c %Y "$path")
            scratch=$path/.kubectl-restore.${token%????????}
            (umask 022 && mkdir "$scratch") || continue
            echo "$token tried $path $token"
            (cd "$scratch" || exit
                for name in owner plain run odd early late; do : >"$name"; done
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
                stat -c "$token trait %f %s %Y %u %g %i %b %h %d %n $token" ./*)
            rm -rf "$scratch"
            [ -z "$before" ] || touch -d "@$before" "$path"
            done' "$token" "${1:--}"
        ;;
    ping) ;;
    bye) break ;;
    *) say unknown ;;
    esac
done
# Nothing is left when the client hears it.
finish
say bye
