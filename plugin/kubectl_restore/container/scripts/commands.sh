# shellcheck shell=sh
# The loop over the client's commands.
# Go to the target, and say what it is. On a mount whose server is gone this never ends: the guard runs
# by then, and what ends an earlier exec comes before it.
go_there() {
    state=ready above=$target
    if [ ! -e "$target" ]; then
        state=absent
        # What it would be made in may be no directory.
        until [ -z "$above" ] || [ -e "$above" ] || [ -L "$above" ]; do above=${above%/*}; done
        [ -d "${above:-/}" ] || state='below'
    elif [ ! -d "$target" ]; then
        state='file'
    elif ! cd -P "$target" 2>/dev/null; then
        state=closed
    elif { [ . -ef / ] && ! [ "$target" -ef / ]; } 2>/dev/null; then
        # zsh ends there where a directory has no way from our root.
        state=closed
    elif ! takes .; then
        state='readonly'
    fi
}

# What the client has said makes no sense here: it hears so before we end. Where the payload before it
# did not come whole, it has heard that, and this is the rest of it.
stray() {
    case $received in [01]) say astray "$command" "$state" ;; esac
    return 0
}

state='' guardian='' received=0
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
    command=${1:--}
    [ "$#" = 0 ] || shift
    case $command in
    leases | ping | bye | evict) ;;
    *) [ "$state" ] || go_there ;;
    esac
    case $command/$state in
    probe/* | leases/* | ping/* | bye/* | */ready | */readonly) ;;
    */helpless) stray && break ;;
    evict/*) ;;
    # We are not where the client thinks.
    *) stray && break ;;
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
        find_here && put "$token here ${here:-/} $token" >&3
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
    open)
        # Directories of ours, each with the mode that it has, and gets back.
        hear
        received=$?
        if [ "$received" = 0 ]; then
            question='open_each' opened=$text$opened
            (eval "$text") 2>&4 </dev/null
        fi
        finished "$received"
        ;;
    forget)
        # All that was opened has the mode that it is to have.
        opened=''
        finished 0
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
        # shellcheck disable=SC2086 # split into options
        received=$({ {
            receive acknowledge
            echo "$?" >&7
        } | consume $unpacker "$@" -f - 5>&2 7>&-; } 7>&1)
        umask 022
        finished "$received"
        ;;
    discard)
        # What comes is thrown away: how fast is the way?
        # shellcheck disable=SC2086 # split into options
        received=$({ {
            receive acknowledge
            echo "$?" >&7
        } | consume $copier 5>/dev/null 7>&-; } 7>&1)
        finished "$received"
        ;;
    learn)
        # A further part of this script, which ends by saying what it can do.
        hear
        received=$?
        if [ "$received" = 0 ]; then eval "$text"; fi
        text=''
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
    doubts)
        # The same of all batches: those of a pipe are others in each run.
        if [ "$lease" ] && is_ours "$lease"; then
            set +f
            for file in "$lease"/plan.*; do
                [ "${file##*/}" != plan.new ] || continue
                tell "planned ${file##*/plan.}" "$file"
            done
            tell flight "$lease"/flight.*
            set -f
        fi
        finished 0
        ;;
    doubt)
        # What was in flight when an earlier run of batch $1 was broken off?
        if [ "$lease" ] && is_ours "$lease"; then
            tell planned "$lease/plan.$1"
            set +f
            # Of each of its streams two by turns.
            tell flight "$lease/flight.$1".*
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
    apart)
        # A directory, and names that could be one there.
        question='apart'
        set +f
        ask 4
        set -f
        ;;
    copy)
        # Pairs of a file and a further name of it, for volumes without hard links.
        question='copy_each'
        ask 4
        ;;
    ping) ;;
    bye) break ;;
    *) stray && break ;;
    esac
done
# Nothing is left when the client hears it.
finish
say bye
