# shellcheck shell=sh
# Members written by the shell's own means, where there is no tar: `unfold` takes the stream in its
# place. This part is sent only there (container/toolbox.py). The stream's words are those of
# archive/stream/shell_form.py; the text in it calls the functions below. Paths begin with `./`.
#
# What is written stands in a directory of ours beside its place until all of its batch has owner,
# mode and time; mv puts it there. Without mv it is written at its place.
unpacker='unfold'
scratch=.kubectl-restore.${KUBECTL_RESTORE%%.*}
s=''
if has mv && { has rmdir || has rm; }; then s=$scratch/; fi

# Which contents can come as text, what can touch do, can there be holes?
equip() {
    ways=''
    # Two bytes, one of which is no text, and what the shell says as something else.
    # shellcheck disable=SC1003
    [ "$(printf 'a\000b\047%%\\' 2>/dev/null | {
        take 2 >/dev/null
        read -r rest
        put "$rest"
    })" = "b'%\\" ] && [ "$(printf 'b' | tr '\142\000' '\000\142' | tr '\000' 'c')" = c ] &&
        ways=' text'
    # No such file is made: a dry run asks, too.
    touch -c -d @1.5 "./$scratch.$token" 2>/dev/null && ways="$ways fractions"
    { has truncate || [ "$framing" = dd ]; } && ways="$ways holes"
    [ "$s" ] && ways="$ways beside"
    say ways "$ways"
}

# What could not be done to a member, as GNU tar says it, and why.
blame() {
    ended=2
    path=${1#./}
    # Not where it is written, but where it belongs.
    case $path in *"$scratch/"*) path=${path%%"$scratch/"*}${path##*"$scratch/"} ;; esac
    put "sh: $path: $2: $said$newline" >&2
}

# Do $1 to paths behind it, one by one; $wanted is what that is.
each() {
    doing=$1
    shift
    for one; do
        [ -e "$one" ] || [ -L "$one" ] || continue
        said=$($doing "$one" 2>&1) || blame "$one" "$wanted"
    done
}

# What there is no tool for is not complained of for each: the proof finds and counts it.
owner() {
    { [ "$owns" ] && has chown; } || return 0
    to=$1
    shift
    chown -h "$to" "$@" 2>/dev/null || {
        wanted="Cannot change ownership to $to"
        each "chown -h $to" "$@"
    }
}

mode() {
    has chmod || return 0
    to=$1
    shift
    chmod "$to" "$@" 2>/dev/null || {
        wanted="Cannot change mode to $to"
        each "chmod $to" "$@"
    }
}

stamp() {
    [ "$dates" ] || return
    to=$1
    shift
    touch -c -d "@$to" "$@" 2>/dev/null || {
        wanted='Cannot utime'
        each "touch -c -d @$to" "$@"
    }
}

stamp_links() {
    [ "$dates" ] || return
    to=$1
    shift
    touch -h -c -d "@$to" "$@" 2>/dev/null || {
        wanted='Cannot utime'
        each "touch -h -c -d @$to" "$@"
    }
}

# Pairs of a time and a path, in four parts side by side: each pair is a process.
stamps() {
    [ "$dates" ] || return
    each=$(($# / 8))
    each=$((each * 2)) others=''
    for part in 1 2 3; do
        (
            ended=0
            shift "$((each * part))"
            [ "$part" = 3 ] || some "$each" "$@"
            [ "$part" != 3 ] || some "$#" "$@"
            exit "$ended"
        ) &
        others="$others $!"
    done
    some "$each" "$@"
    for other in $others; do wait "$other" || ended=2; done
}

# The first $1 / 2 of these pairs.
some() {
    left=$1
    shift
    while [ "$left" -gt 1 ]; do
        stamp "$1" "$2"
        shift 2
        left=$((left - 2))
    done
}

# Make directories that are not there, and have those take something that are.
directories() {
    for path; do
        shift
        if [ -d "$path" ] && [ ! -L "$path" ]; then
            [ -w "$path" ] || chmod u+rwx "$path" 2>/dev/null
        else
            { [ ! -e "$path" ] && [ ! -L "$path" ]; } || rm -f "$path" 2>/dev/null
            set -- "$@" "$path"
        fi
    done
    [ "$#" = 0 ] || mkdir "$@" 2>/dev/null || for path; do
        [ -d "$path" ] || said=$(mkdir "$path" 2>&1) || blame "$path" 'Cannot mkdir'
    done
}

# The text says which directories the batch writes to: its `in_rooms` gives them to a function.
# shellcheck disable=SC2218,SC2329 # defined by the text
open_rooms() {
    opened=yes
    [ -z "$s" ] || in_rooms make_rooms
}
# shellcheck disable=SC2218,SC2329
close_rooms() {
    [ -z "$s" ] || [ -z "$opened" ] || in_rooms drop_rooms
    opened=''
}

make_rooms() {
    for path; do
        shift
        path=$path/$scratch
        { [ ! -e "$path" ] && [ ! -L "$path" ]; } || rm -rf "$path"
        set -- "$@" "$path"
    done
    # A set-group-id bit of the directory above is handed down, so no mode is given here.
    (umask 077 && mkdir "$@") 2>/dev/null || for path; do
        said=''
        is_ours "$path" || said=$(umask 077 && mkdir "$path" 2>&1) || {
            blame "$path/" 'Cannot open'
            # What stands there is somebody else's: nothing is written into it.
            [ ! -e "$path" ] || return 1
        }
    done
}

drop_rooms() {
    for path; do
        shift
        set -- "$@" "$path/$scratch"
    done
    rmdir "$@" 2>/dev/null || rm -rf "$@" 2>/dev/null
}

# Without a room beside it something may stand where it is written. What cannot be taken away is not
# written to: it may be a link that leads elsewhere.
clear() {
    [ -n "$s" ] || { [ ! -e "$1" ] && [ ! -L "$1" ]; } || said=$(rm -f "$1" 2>&1) || {
        blame "$1" 'Cannot open'
        return 1
    }
}

# A file with a short content: a format for printf, and perhaps what tr changes into what.
content() {
    clear "$1" || return
    # shellcheck disable=SC2059 # the format is the content
    if [ "$#" = 2 ]; then printf "$2" >"$1"; else printf "$2" | tr "$3" "$4" >"$1"; fi 2>/dev/null &&
        return
    # Not every shell says why.
    # shellcheck disable=SC2059
    said=$({ printf "$2" | $copier >"$1"; } 2>&1)
    rm -f "$1" 2>/dev/null
    blame "$1" 'Cannot write'
}

# What comes in pieces is for file $2 from now on; its beginning is of use, where $1 is k.
begin() {
    keeps=$1 file=$2 written=0
    if clear "$file"; then
        said=$( (: >"$file") 2>&1) && return
        blame "$file" 'Cannot open'
    fi
    file=''
}

give_up() {
    blame "$file" 'Cannot write'
    rm -f "$file" 2>/dev/null
    file=''
}

# Append the next $1 bytes of the stream. It fails where the stream ends, or its place is lost.
append() {
    left=$1
    while [ "$left" -gt 0 ]; do
        if [ -z "$file" ]; then
            take "$left" >&4
            return
        fi
        if [ "$framing" = head ]; then
            said=$(head -c "$left" 2>&1 >>"$file") && break
            give_up
            return 1
        fi
        size=65536
        [ "$left" -ge "$size" ] || size=$left
        said=$(dd bs="$size" count="$((left / size))" iflag=fullblock 2>&1 >>"$file")
        poured=$?
        # It says how many blocks it has read, a block that it could not write among them.
        blocks=${said%%+*}
        blocks=${blocks##*"$newline"}
        case $blocks in '' | *[!0-9]*) return 1 ;; esac
        wanted_blocks=$((left / size))
        left=$((left - size * blocks))
        if [ "$poured" != 0 ]; then
            said=${said%%"$newline"[0-9]*}
            give_up
        elif [ "$blocks" != "$wanted_blocks" ]; then
            return 1
        fi
    done
    written=$((written + $1))
}

# The file has a hole, up to length $1.
hole() {
    [ "$file" ] || return 0
    if has truncate; then
        said=$(truncate -s "$1" "$file" 2>&1)
    elif [ "$framing" = dd ]; then
        said=$(dd if=/dev/null of="$file" bs=1 seek="$1" count=0 2>&1)
    else
        said=$(head -c "$(($1 - written))" </dev/zero 2>&1 >>"$file")
    fi || {
        said=${said%%"$newline"[0-9]*}
        give_up
    }
    written=$1
}

symlink() {
    clear "$2" || return
    said=$(ln -s -- "$1" "$2" 2>&1) || blame "$2" 'Cannot create symlink'
}

link() {
    # Of two names of one file mv moves none: where it stands already, it is not made again.
    there=${2%%"$scratch/"*}${2##*"$scratch/"}
    case $2 in *"$scratch/"*) ;; *) there=$2 ;; esac
    [ -e "$there" ] && [ ! -L "$there" ] && same "$1" "$there" && return
    clear "$2" || return
    said=$(ln -- "$1" "$2" 2>&1) || blame "$2" "Cannot hard link to $1"
}

fifo() {
    clear "$1" || return
    said=$(mkfifo "$1" 2>&1) || said=$(mknod "$1" p 2>&1) || blame "$1" 'Cannot mkfifo'
}

node() {
    clear "$1" || return
    said=$(mknod "$1" "$2" "$3" "$4" 2>&1) || blame "$1" 'Cannot mknod'
}

# Put what was written for directory $1 at its place.
arrive() {
    [ "$s" ] || return 0
    to=$1
    shift
    for path; do
        shift
        { [ -e "$to/$s$path" ] || [ -L "$to/$s$path" ]; } || continue
        [ ! -d "$to/$path" ] || [ -L "$to/$path" ] || rmdir "$to/$path" 2>/dev/null
        set -- "$@" "$to/$s$path"
    done
    [ "$#" = 0 ] || mv -f "$@" "$to/" 2>/dev/null || for one; do
        { [ -e "$one" ] || [ -L "$one" ]; } || continue
        said=$(mv -f "$one" "$to/" 2>&1) && continue
        # The further name of a symlink, which stands there already.
        { [ "$(number_of "$one")" = "$(number_of "$to/${one##*/}")" ]; } 2>&4 ||
            blame "$one" 'Cannot open'
    done
}

# In one block, and so by one process.
take_text() {
    case $framing in
    dd) dd bs="$1" count=1 iflag=fullblock 2>/dev/null ;;
    *) take "$1" ;;
    esac
}

# Take a stream from stdin. Of tar's options -o and -m mean something here.
unfold() {
    owns=yes dates=yes ended=0 whole='' file='' keeps='' opened=''
    for word; do
        case $word in -o) owns='' ;; -m) dates='' ;; esac
    done
    has touch || dates=''
    trap 'close_rooms; exit 143' TERM
    while read -r kind length; do
        case $kind in
        t)
            text=$(take_text "$length" && echo .)
            text=${text%.}
            [ "${#text}" = "$length" ] || break
            eval "$text" || :
            ;;
        n | k)
            { IFS= read -r above && IFS= read -r name; } || break
            begin "$kind" "$above$s$name"
            ;;
        r) append "$length" || break ;;
        z) hole "$length" ;;
        e)
            whole=yes
            break
            ;;
        *) break ;;
        esac
    done
    if [ -z "$whole" ]; then
        [ "$ended" != 0 ] || ended=1
        # The next run goes on inside it: what was in flight is noted.
        if [ "$keeps" = k ] && [ "$s" ] && [ -f "$file" ]; then
            mv -f "$file" "${file%"$s"*}${file##*"$s"}"
        fi
        close_rooms
    fi
    return "$ended"
}
