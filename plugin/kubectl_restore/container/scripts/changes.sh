# shellcheck shell=sh
# What is changed besides what tar writes.
# Remove these with $tool. We go into each directory first, and only where it still is the one that
# was named: no link leads elsewhere.
remove() {
    find_here || {
        for path; do (enter "${path%/*}" && $tool -- "./${path##*/}"); done
        return
    }
    last=''
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

# Go into directory $1, step by step: each has to be what stood there under its name.
enter() {
    IFS=/
    # shellcheck disable=SC2086 # split into its components; patterns are off (commands.sh)
    set -- $1
    unset IFS
    for component; do
        [ "$component" != . ] || continue
        [ ! -L "$component" ] || return
        number=$(number_of "$component") && [ "$number" ] && cd -P -- "./$component" &&
            [ "$(number_of .)" = "$number" ] || return
    done
}

# What tells a directory from others; a link is not followed.
number_of() {
    if has stat; then
        stat -c '%d:%i' "$1"
    else
        # shellcheck disable=SC2046 # split into fields
        set -- $(ls -ldi "$1") && echo "${1-}"
    fi
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

# Directories of ours that their own mode closes to us: a mode and a name each. They are opened, and
# closed again when we go (`finish`), whatever ends us: what was opened last first.
open_each() {
    count=$((count / 2))
    while [ "$#" -gt 1 ]; do
        chmod u+rwx "$2"
        shift 2
    done
}
close_each() {
    while [ "$#" -gt 1 ]; do
        chmod "0$1" "$2"
        shift 2
    done
}
opened=''
close_opened() {
    question='close_each'
    (eval "$opened") 3>/dev/null 2>&4 </dev/null
    opened=''
}

# Copies of files: under its own name each is whole. What one that was broken off has left is replaced.
copy_each() {
    count=$((count / 2))
    while [ "$#" -gt 1 ]; do
        new=${2%/*}/.kubectl-restore.0000000000000000
        rm -f "$new"
        # Where owners are refused some cp set neither mode nor time.
        { cp -pP "$1" "$new" || { cp -P "$1" "$new" && make_like "$1" "$new"; }; } &&
            mv -f "$new" "$2"
        shift 2
    done
}

# Give file $2 the mode and the time of $1, as far as that can be had.
make_like() {
    [ "$sees" != stat ] || chmod "0$(stat -c %a "$1")" "$2"
    touch -r "$1" "$2"
    true
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
